#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "cli/test_environment.h"
#include "json/document.h"
#include "store/sqlite/sqlite_store.h"

namespace tokometer::cli {
namespace {

using testing::AllOf;
using testing::AnyOf;
using testing::HasSubstr;
using testing::Not;

class LimitsCommand : public testing::Test {
 protected:
  LimitsCommand() { std::filesystem::create_directories(data_); }

  ExitCode limits(std::vector<std::string> options = {}) {
    std::vector<std::string> words = {"limits", "--data-dir", data_.string()};
    words.insert(words.end(), options.begin(), options.end());
    return test_.run(words);
  }

  void put(const std::vector<quota::Snapshot>& snapshots) {
    const auto store = store::sqlite::open({.file = data_ / "tokometer.db"});
    ASSERT_TRUE(store) << store.error().message;
    ASSERT_TRUE((*store)->put_quotas(snapshots));
  }

  UtcTime now() const { return test_.clock.now(); }

  quota::Snapshot tokens() const {
    quota::Snapshot snapshot;
    snapshot.provider = "openai";
    snapshot.account = "0123456789ab";
    snapshot.label = "acme";
    snapshot.name = "tokens";
    snapshot.model = "gpt-5";
    snapshot.limit = 200'000;
    snapshot.remaining = 50'000;
    snapshot.used_fraction = 0.75;
    snapshot.resets_at = now() + std::chrono::seconds(45);
    snapshot.seen_at = now() - std::chrono::seconds(15);
    return snapshot;
  }

  // A subscription's window.
  quota::Snapshot window(std::string name, double used, std::chrono::minutes ends_in) const {
    quota::Snapshot snapshot;
    snapshot.provider = "anthropic";
    snapshot.account = "ba9876543210";
    snapshot.name = std::move(name);
    snapshot.status = "allowed";
    snapshot.used_fraction = used;
    snapshot.resets_at = now() + ends_in;
    snapshot.seen_at = now() - std::chrono::minutes(2);
    return snapshot;
  }

  TestEnvironment test_;
  const std::filesystem::path data_ = test_.home() / "data";
};

TEST_F(LimitsCommand, ShowsEachAccountsQuotas) {
  put({tokens(), window("5h", 0.42, std::chrono::minutes(90)), window("7d", 0.931, std::chrono::hours(30))});
  EXPECT_EQ(limits(), ExitCode::kOk);
  EXPECT_EQ(test_.out(),
            "provider   account              model  quota    used              left    resets       seen  status\n"
            "anthropic  ba9876543210                7d      93.1%                 -  in 1d06h  2m00s ago  allowed\n"
            "anthropic  ba9876543210                5h      42.0%                 -  in 1h30m  2m00s ago  allowed\n"
            "openai     0123456789ab (acme)  gpt-5  tokens  75.0%  50,000 / 200,000  in 45.0s  15.0s ago\n");
}

TEST_F(LimitsCommand, DrawsBarsOnATerminal) {
  put({tokens(), window("5h", 0.001, std::chrono::minutes(90)), window("7d", 2, std::chrono::hours(30))});
  test_.form = {.is_terminal = true, .columns = 200, .color = false};
  EXPECT_EQ(limits({"--color", "never"}), ExitCode::kOk);
  EXPECT_THAT(test_.out(), HasSubstr(" 75.0%  ████████░░  50,000"));
  EXPECT_THAT(test_.out(), HasSubstr("  0.1%  █░░░░░░░░░ "));
  EXPECT_THAT(test_.out(), HasSubstr("200.0%  ██████████ "));
  test_.form.columns = 60;
  EXPECT_EQ(limits({"--color", "never"}), ExitCode::kOk);
  EXPECT_THAT(test_.out(), Not(HasSubstr("█"))) << "what is left out first";
  EXPECT_THAT(test_.out(), HasSubstr("200.0%"));
}

TEST_F(LimitsCommand, ShowsAWindowThatIsOverAsReset) {
  quota::Snapshot minute = tokens();
  minute.resets_at.reset();
  minute.window = std::chrono::minutes(1);
  quota::Snapshot over = minute;
  over.model = "gpt-4";
  over.seen_at = now() - std::chrono::minutes(3);
  put({window("5h", 1, -std::chrono::minutes(5)), minute, over});
  EXPECT_EQ(limits(), ExitCode::kOk);
  EXPECT_THAT(test_.out(), HasSubstr("5h           reset                 -     5m00s ago"));
  EXPECT_THAT(test_.out(), HasSubstr("gpt-5  tokens (1m)  75.0%  50,000 / 200,000  within 45.0s"));
  EXPECT_THAT(test_.out(), HasSubstr("gpt-4  tokens (1m)  reset  50,000 / 200,000     2m00s ago"));
}

TEST_F(LimitsCommand, HidesWhatIsLongOver) {
  quota::Snapshot old = window("5h", 1, -std::chrono::hours(26));
  old.seen_at = now() - std::chrono::hours(27);
  quota::Snapshot windowless = window("overage", 0, std::chrono::minutes(0));
  windowless.resets_at.reset();
  windowless.seen_at = now() - std::chrono::hours(24 * 6);
  quota::Snapshot of_an_old_token = window("month", 0.5, std::chrono::hours(24 * 10));
  of_an_old_token.account = "0123456789ab";
  of_an_old_token.seen_at = now() - std::chrono::hours(24 * 8);
  put({old, windowless, of_an_old_token});
  EXPECT_EQ(limits(), ExitCode::kOk);
  EXPECT_THAT(test_.out(), HasSubstr("overage"));
  EXPECT_THAT(test_.out(), Not(AnyOf(HasSubstr("5h"), HasSubstr("month"))));
  EXPECT_THAT(test_.out(),
              HasSubstr("not shown: 2 quotas over for more than a day, or not seen for a week (--all shows them)"));
  EXPECT_EQ(limits({"--all"}), ExitCode::kOk);
  EXPECT_THAT(test_.out(), AllOf(HasSubstr("5h"), HasSubstr("month")));
  EXPECT_THAT(test_.out(), Not(HasSubstr("not shown")));
}

TEST_F(LimitsCommand, Filters) {
  put({tokens(), window("5h", 0.42, std::chrono::minutes(90))});
  EXPECT_EQ(limits({"--provider", "anthropic"}), ExitCode::kOk);
  EXPECT_THAT(test_.out(), Not(HasSubstr("openai")));
  EXPECT_EQ(limits({"--account", "0123"}), ExitCode::kOk);
  EXPECT_THAT(test_.out(), Not(HasSubstr("anthropic")));
  EXPECT_EQ(limits({"--account", "acme"}), ExitCode::kOk);
  EXPECT_THAT(test_.out(), HasSubstr("tokens"));
  EXPECT_EQ(limits({"--account", "nobody"}), ExitCode::kOk);
  EXPECT_THAT(test_.out(), HasSubstr("no quotas of this provider or account"));
}

TEST_F(LimitsCommand, PrintsJson) {
  put({tokens(), window("5h", 0.42, -std::chrono::minutes(5))});
  EXPECT_EQ(limits({"--json"}), ExitCode::kOk);
  EXPECT_EQ(test_.out(),
            R"({"provider":"anthropic","account":"ba9876543210","label":"","model":"","quota":"5h",)"
            R"("used_fraction":0.42,"limit":null,"remaining":null,"window_seconds":null,)"
            R"("resets_at":"2026-01-02T02:59:05.000000Z","is_reset":true,"status":"allowed",)"
            R"("seen_at":"2026-01-02T03:02:05.000000Z"})"
            "\n"
            R"({"provider":"openai","account":"0123456789ab","label":"acme","model":"gpt-5","quota":"tokens",)"
            R"("used_fraction":0.75,"limit":200000,"remaining":50000,"window_seconds":null,)"
            R"("resets_at":"2026-01-02T03:04:50.000000Z","is_reset":false,"status":"",)"
            R"("seen_at":"2026-01-02T03:03:50.000000Z"})"
            "\n");
}

TEST_F(LimitsCommand, SaysWhyThereIsNothing) {
  EXPECT_EQ(limits(), ExitCode::kFailed);
  EXPECT_THAT(test_.err(), HasSubstr("start `tokometer proxy`"));
  put({});
  EXPECT_EQ(limits(), ExitCode::kOk);
  EXPECT_THAT(test_.out(), HasSubstr("no quotas were seen yet"));
  EXPECT_EQ(limits({"--json"}), ExitCode::kOk);
  EXPECT_EQ(test_.out(), "");
  const auto config = test_.write("off.yaml", "store:\n  enabled: false\n");
  EXPECT_EQ(limits({"--config", config.string()}), ExitCode::kOk);
  EXPECT_THAT(test_.out(), HasSubstr("store.enabled is off"));
  EXPECT_EQ(limits({"--nonsense"}), ExitCode::kWrongUse);
}

}  // namespace
}  // namespace tokometer::cli
