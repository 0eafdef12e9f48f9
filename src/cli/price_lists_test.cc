#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "cli/test_environment.h"
#include "wire/content_coding.h"

namespace tokometer::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

// The clock of the tests says 2026-01-02.
class PriceLists : public testing::Test {
 protected:
  std::string list(const std::string& models) {
    return test_.write("list.json", "{\"groq\": {\"models\": {" + models + "}}}").string();
  }
  std::filesystem::path imported() const { return test_.home() / ".config/tokometer/prices/imported/groq.json"; }
  static std::string text_of(const std::filesystem::path& path) {
    std::ifstream stream(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
  }
  // What a million tokens of input cost at `time`.
  std::string price_at(const std::string& model, const std::string& time) {
    test_.run({"prices", "show", model, "--provider", "groq", "--at", time, "--json"});
    const auto from = test_.out().find("\"input\":");
    return from == std::string::npos ? "unknown" : test_.out().substr(from + 8, test_.out().find(',', from) - from - 8);
  }

  TestEnvironment test_;
};

constexpr const char* kNew = R"("brand-new": {"cost": {"input": 1.5, "output": 2}})";

TEST_F(PriceLists, UpdateTakesNewPricesOver) {
  EXPECT_EQ(test_.run({"prices", "update", "--from", list(kNew)}), ExitCode::kOk) << test_.err();
  EXPECT_THAT(test_.out(), HasSubstr("new     groq      brand-new  input 1.5, output 2"));
  EXPECT_THAT(test_.out(), HasSubstr("1 new, 0 changed, 0 gone"));
  EXPECT_THAT(test_.out(), HasSubstr("tokometer reload"));
  EXPECT_EQ(price_at("brand-new", "2020-01-01"), "1.5");
  struct stat status{};
  ASSERT_EQ(::stat(imported().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0133U, 0U);
  const std::string before = text_of(imported());
  EXPECT_EQ(test_.run({"prices", "update", "--from", list(kNew)}), ExitCode::kOk);
  EXPECT_THAT(test_.out(), HasSubstr("0 new, 0 changed, 0 gone"));
  EXPECT_EQ(text_of(imported()), before);
}

TEST_F(PriceLists, AChangeHoldsFromNowOnOrFromTheDateGiven) {
  ASSERT_EQ(test_.run({"prices", "update", "--from", list(kNew)}), ExitCode::kOk);
  const std::string changed = R"("brand-new": {"cost": {"input": 3, "output": 2}})";
  EXPECT_EQ(test_.run({"prices", "update", "--from", list(changed)}), ExitCode::kOk);
  EXPECT_THAT(test_.out(), HasSubstr("input 1.5 → 3"));
  EXPECT_EQ(price_at("brand-new", "2026-01-01"), "1.5");
  EXPECT_EQ(price_at("brand-new", "2026-01-03"), "3");
  const std::string again = R"("brand-new": {"cost": {"input": 4, "output": 2}})";
  EXPECT_EQ(test_.run({"prices", "update", "--from", list(again), "--valid-from", "2025-06-01"}), ExitCode::kOk);
  EXPECT_EQ(price_at("brand-new", "2025-07-01"), "4");
  EXPECT_EQ(price_at("brand-new", "2025-05-01"), "1.5");
  EXPECT_EQ(test_.run({"prices", "update", "--from", list(again), "--valid-from", "soon"}), ExitCode::kWrongUse);
}

TEST_F(PriceLists, UsersOwnPricesStayInForce) {
  const auto mine = test_.write(".config/tokometer/prices/mine.json",
                                R"({"provider": "groq", "models": [{"id": "brand-new", "prices": [{"input": 9}]}]})");
  const std::string before = text_of(mine);
  EXPECT_EQ(test_.run({"prices", "update", "--from", list(kNew)}), ExitCode::kOk);
  EXPECT_EQ(text_of(mine), before);
  EXPECT_EQ(price_at("brand-new", "2026-02-01"), "9");
}

TEST_F(PriceLists, WritesNothingInADryRunOrFromAWrongList) {
  EXPECT_EQ(test_.run({"prices", "update", "--dry-run", "--from", list(kNew)}), ExitCode::kOk);
  EXPECT_THAT(test_.out(), HasSubstr("nothing was written"));
  EXPECT_FALSE(std::filesystem::exists(imported()));
  const std::string good = list(kNew);
  const std::string bad = test_.write("bad.json", "{\"groq\": {\"models\": {").string();
  EXPECT_EQ(test_.run({"prices", "update", "--from", good, "--from", bad}), ExitCode::kFailed);
  EXPECT_THAT(test_.err(), HasSubstr("bad.json:1: no JSON"));
  EXPECT_EQ(test_.run({"prices", "update", "--from", "none.json"}), ExitCode::kFailed);
  EXPECT_EQ(test_.run({"prices", "update", "--from", "http://lists.example/x.json"}), ExitCode::kFailed);
  EXPECT_THAT(test_.err(), HasSubstr("only https:// URLs and files are read"));
  EXPECT_EQ(test_.run({"prices", "update", "--from", "https://127.0.0.1:1/x.json"}), ExitCode::kFailed);
  EXPECT_FALSE(std::filesystem::exists(imported()));
}

TEST_F(PriceLists, ShowsNothingThatATerminalObeys) {
  const std::string evil = R"("ev\u001b[2Jil": {"cost": {"input": 1}}, "b\u001b[2J": {"cost": {"input": 900000}})";
  EXPECT_EQ(test_.run({"prices", "update", "--dry-run", "--from", list(evil)}), ExitCode::kOk) << test_.err();
  EXPECT_THAT(test_.out(), HasSubstr("ev?[2jil"));
  EXPECT_THAT(test_.out(), Not(HasSubstr("\x1b")));
  EXPECT_THAT(test_.err(), HasSubstr("b?[2J"));
  EXPECT_THAT(test_.err(), Not(HasSubstr("\x1b")));
}

TEST_F(PriceLists, SaysItAsJson) {
  EXPECT_EQ(test_.run({"prices", "diff", list(kNew), "--json"}), ExitCode::kOk);
  EXPECT_THAT(test_.out(), HasSubstr(R"({"change":"new","provider":"groq","model":"brand-new",)"
                                     R"("figures":{"input":{"after":1.5},"output":{"after":2}}})"));
  EXPECT_FALSE(std::filesystem::exists(imported()));
  EXPECT_EQ(test_.run({"prices", "diff", list(kNew), "--provider", "openai"}), ExitCode::kOk);
  EXPECT_THAT(test_.out(), HasSubstr("0 new, 0 changed, 0 gone"));
}

TEST_F(PriceLists, ReadsPackedFilesAndDates) {
  const std::string packed = wire::content_coding::encode(wire::content_coding::Coding::kGzip,
                                                          "{\"groq\": {\"models\": {" + std::string(kNew) + "}}}");
  const std::string file = test_.write("list.json.gz", packed).string();
  EXPECT_EQ(test_.run({"prices", "convert", "2025-12-24=" + file}), ExitCode::kOk) << test_.err();
  EXPECT_THAT(test_.out(), HasSubstr("anomalyco/models.dev, 2025-12-24"));
  EXPECT_THAT(test_.out(),
              HasSubstr(R"({"id":"brand-new","prices":[{"sources":["models.dev"],"input":1.5,"output":2}]})"));
  std::ofstream(test_.home() / "cut.gz", std::ios::binary) << packed.substr(0, packed.size() / 2);
  EXPECT_EQ(test_.run({"prices", "convert", (test_.home() / "cut.gz").string()}), ExitCode::kFailed);
}

TEST_F(PriceLists, ConvertLeavesOutWhatAFolderHas) {
  test_.write("ours/groq.json", R"({"provider": "groq", "models": [{"id": "brand-new", "prices": [{"input": 1}]}]})");
  EXPECT_EQ(test_.run({"prices", "convert", list(std::string(kNew) + R"(, "other": {"cost": {"input": 1}})"),
                       "--without", (test_.home() / "ours").string()}),
            ExitCode::kOk);
  EXPECT_THAT(test_.out(), HasSubstr("\"other\""));
  EXPECT_THAT(test_.out(), Not(HasSubstr("brand-new")));
}

TEST_F(PriceLists, ConvertKeepsNamesThatAFolderDoesNotHave) {
  test_.write("ours/groq.json",
              R"({"provider": "groq", "sources": {"page": "groq.com, 2026-01-01"},
                  "models": [{"id": "big", "prices": [{"sources": ["page"], "input": 7}]}]})");
  const std::string file = test_
                               .write("list.json", R"([{"id": "groq", "models": [{"id": "big",
      "match": {"or": [{"equals": "big"}, {"equals": "huge"}, {"equals": "great"}]},
      "prices": {"input_mtok": 1}}]}])")
                               .string();
  EXPECT_EQ(test_.run({"prices", "convert", "2026-01-01=" + file, "--without", (test_.home() / "ours").string()}),
            ExitCode::kOk)
      << test_.err();
  EXPECT_THAT(test_.out(), HasSubstr(R"("known":"groq.com, 2026-01-01")"));
  EXPECT_THAT(test_.out(),
              HasSubstr(R"({"id":"great","aliases":["huge"],"prices":[{"sources":["known"],"input":7}]})"));
  EXPECT_THAT(test_.out(), Not(HasSubstr("\"big\"")));
}

TEST_F(PriceLists, SaysThatAListHasNoDate) {
  const std::string file = list(kNew);
  std::filesystem::last_write_time(file, std::chrono::file_clock::from_sys(*parse_rfc3339("2025-11-05T06:07:08Z")));
  EXPECT_EQ(test_.run({"prices", "convert", file}), ExitCode::kOk);
  EXPECT_THAT(test_.err(),
              HasSubstr("list.json: nothing says of which day its figures are; taken to be of 2025-11-05"));
  EXPECT_THAT(test_.out(), HasSubstr("anomalyco/models.dev, 2025-11-05"));
  EXPECT_EQ(test_.run({"prices", "convert", "2025-10-01=" + file}), ExitCode::kOk);
  EXPECT_EQ(test_.err(), "");
  EXPECT_THAT(test_.out(), HasSubstr("anomalyco/models.dev, 2025-10-01"));
}

TEST_F(PriceLists, RepriceComputesRecordedCallsAgain) {
  EXPECT_EQ(test_.run({"reprice"}), ExitCode::kWrongUse);
  EXPECT_EQ(test_.run({"reprice", "--since", "7d"}), ExitCode::kFailed);  // nothing recorded
}

}  // namespace
}  // namespace tokometer::cli
