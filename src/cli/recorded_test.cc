// The commands that read recorded calls: events, event, report, store.
#include "cli/recorded.h"

#include <gtest/gtest.h>

#include <csignal>

#include "app/proxy_service.h"
#include "cli/test_environment.h"
#include "event/event_json.h"
#include "event/event_samples.h"
#include "event/journal.h"
#include "json/document.h"
#include "store/sqlite/sqlite_store.h"

namespace tokometer::cli {
namespace {

using event::sample_event;

class RecordedTest : public testing::Test {
 protected:
  RecordedTest() {
    test_.variables["TZ"] = "UTC";
    test_.variables["TOKOMETER_DATA_DIR"] = data_.string();
    test_.clock.advance(std::chrono::hours(1));
  }

  void append(std::uint64_t from, std::uint64_t to) {
    for (std::uint64_t i = from; i < to; ++i) append(sample_event(i));
  }
  void append(const event::Event& event) {
    Log log(LogLevel::kOff);
    std::filesystem::create_directories(data_);
    auto journal = event::Journal::open({.folder = app::journal_folder(data_)}, system_clock(), log);
    ASSERT_TRUE(journal);
    ASSERT_TRUE((*journal)->append(event));
  }

  std::size_t lines() const { return static_cast<std::size_t>(std::ranges::count(test_.out(), '\n')); }

  TestEnvironment test_;
  const std::filesystem::path data_ = test_.home() / "data";
};

TEST_F(RecordedTest, SaysWhenNothingIsRecorded) {
  for (const std::vector<std::string>& words : std::vector<std::vector<std::string>>{
           {"events"}, {"event", "latest"}, {"report"}, {"store", "check"}, {"store", "purge", "--before", "7d"}}) {
    EXPECT_EQ(test_.run(words), ExitCode::kFailed);
    EXPECT_NE(test_.err().find("no calls are recorded in"), std::string::npos) << test_.err();
  }
  EXPECT_FALSE(std::filesystem::exists(app::store_file(data_))) << "looking makes nothing";
}

TEST_F(RecordedTest, EventsShowsTheNewestLast) {
  append(0, 5);
  EXPECT_EQ(test_.run({"events", "--limit", "3"}), ExitCode::kOk) << test_.err();
  EXPECT_EQ(lines(), 4U) << test_.out();
  EXPECT_EQ(test_.out().find(sample_event(1).id.text()), std::string::npos);
  EXPECT_LT(test_.out().find(sample_event(3).id.text()), test_.out().find(sample_event(4).id.text()));
  EXPECT_NE(test_.out().find("2026-03-01 00:00:04"), std::string::npos);
  EXPECT_EQ(test_.run({"events", "--limit", "1", "--tz", "+02:00"}), ExitCode::kOk);
  EXPECT_NE(test_.out().find("2026-03-01 02:00:04"), std::string::npos);
}

TEST_F(RecordedTest, EventsAsJsonAreTheWholeEvents) {
  append(0, 3);
  EXPECT_EQ(test_.run({"events", "--json"}), ExitCode::kOk);
  EXPECT_EQ(test_.out(), event::to_json(sample_event(0)) + '\n' + event::to_json(sample_event(1)) + '\n' +
                             event::to_json(sample_event(2)) + '\n');
}

TEST_F(RecordedTest, EventsTakesFilters) {
  append(0, 40);
  EXPECT_EQ(test_.run({"events", "--json", "--session", "session-1", "--client", "curl"}), ExitCode::kOk);
  std::size_t wanted = 0;
  for (std::uint64_t i = 20; i < 40; ++i) wanted += sample_event(i).client == "curl" ? 1 : 0;
  EXPECT_EQ(lines(), wanted);
  EXPECT_EQ(test_.run({"events", "--json", "--since", "2026-03-01T00:00:30", "--until", "2026-03-01T00:00:35"}),
            ExitCode::kOk);
  EXPECT_EQ(lines(), 5U);
  EXPECT_EQ(test_.run({"events", "--since", "soon"}), ExitCode::kWrongUse);
  EXPECT_EQ(test_.run({"events", "--since", "2026-03-02", "--until", "2026-03-01"}), ExitCode::kWrongUse);
  EXPECT_EQ(test_.run({"events", "--tz", "Mars/Olympus"}), ExitCode::kWrongUse);
  EXPECT_EQ(test_.run({"events", "--limit", "0"}), ExitCode::kWrongUse);
  EXPECT_EQ(test_.run({"events", "--model", "nosuch"}), ExitCode::kOk);
  EXPECT_EQ(test_.out(), "no recorded call matches\n");
}

// Breaks after so many line ends, as a pipe does whose reader has gone.
class ShortOutput final : public Output {
 public:
  ShortOutput(std::size_t lines, std::function<void(std::size_t)> at_line)
      : lines_(lines), at_line_(std::move(at_line)) {}
  void write(std::string_view text) override {
    text_ += text;
    if (text.ends_with('\n')) at_line_(static_cast<std::size_t>(std::ranges::count(text_, '\n')));
  }
  bool flush() override { return ok(); }
  bool ok() const override { return static_cast<std::size_t>(std::ranges::count(text_, '\n')) < lines_; }
  const std::string& text() const { return text_; }

 private:
  std::size_t lines_;
  std::function<void(std::size_t)> at_line_;
  std::string text_;
};

TEST_F(RecordedTest, FollowShowsCallsAsTheyCome) {
  append(0, 2);
  // Each line seen makes the next call happen; the second of them is not asked for.
  ShortOutput out(4, [&](std::size_t line) {
    if (line == 2) append(2, 3);
    if (line == 3) append(3, 4);
  });
  StringOutput err;
  Environment base = test_.make();
  Environment environment{
      .out = out, .err = err, .clock = base.clock, .log = base.log, .variable = base.variable, .program = base.program};
  const std::vector<std::string> words = {"events", "--follow", "--json"};
  EXPECT_EQ(cli::run(words, environment), ExitCode::kFailed) << "its output is gone";
  std::string wanted;
  for (std::uint64_t i = 0; i < 4; ++i) wanted += event::to_json(sample_event(i)) + '\n';
  EXPECT_EQ(out.text(), wanted);
}

TEST_F(RecordedTest, EventShowsEveryField) {
  append(event::full_event());
  append(sample_event(1));
  EXPECT_EQ(test_.run({"event", event::full_event().id.text(), "--json"}), ExitCode::kOk) << test_.err();
  EXPECT_EQ(test_.out(), event::to_json(event::full_event()) + '\n');
  EXPECT_EQ(test_.run({"event", "latest"}), ExitCode::kOk);
  EXPECT_NE(test_.out().find("cost_usd                        0.00025125\n"), std::string::npos) << test_.out();
  EXPECT_EQ(test_.run({"event", sample_event(9).id.text()}), ExitCode::kFailed);
  EXPECT_EQ(test_.run({"event", "nonsense"}), ExitCode::kWrongUse);
}

TEST_F(RecordedTest, EventIsFoundByTheFirstPartOfItsId) {
  append(sample_event(1));
  append(sample_event(2));
  const std::string id = sample_event(1).id.text();
  for (const std::string& part : {id.substr(0, 13), id.substr(0, 20), id.substr(0, 13) + "…"}) {
    EXPECT_EQ(test_.run({"event", part, "--json"}), ExitCode::kOk) << part << test_.err();
    EXPECT_EQ(test_.out(), event::to_json(sample_event(1)) + '\n');
  }
  EXPECT_EQ(test_.run({"event", id.substr(0, 12)}), ExitCode::kWrongUse) << "too short";
  EXPECT_EQ(test_.run({"event", id.substr(0, 13) + "-7fff"}), ExitCode::kFailed) << "not there";
  event::Event twin = sample_event(1);
  twin.id.bytes[15] ^= 1U;
  append(twin);
  EXPECT_EQ(test_.run({"event", id.substr(0, 13)}), ExitCode::kWrongUse) << "two of them";
}

event::Event call(std::string_view time, std::int64_t input, std::optional<std::int64_t> cost) {
  event::Event event;
  event.started_at = *parse_rfc3339(time);
  event.id = event::imported_id(event.started_at, time);
  event.operation = "chat";
  event.status_code = 200;
  event.response_model = cost ? "gpt-5" : "mystery";
  event.usage.source = meter::UsageSource::kReported;
  event.usage.input_tokens = input;
  event.usage.cache_read_input_tokens = input / 4;
  event.usage.output_tokens = 10;
  event.cost_picodollars = cost;
  return event;
}

TEST_F(RecordedTest, ReportAddsUpDays) {
  append(call("2026-01-01T22:59:59Z", 100, 1'000'000'000'000));
  append(call("2026-01-01T23:00:00Z", 200, 500'000'000'000));
  append(call("2026-01-02T12:00:00Z", 1'000, std::nullopt));
  EXPECT_EQ(test_.run({"report", "daily", "--tz", "+01:00"}), ExitCode::kOk) << test_.err();
  EXPECT_EQ(test_.out(),
            "day         calls  errors  input  cache read   hits  output  reasoning  total       cost\n"
            "2026-01-01      1       -    100          25  25.0%      10          -    110      $1.00\n"
            "2026-01-02      2       -  1,200         300  25.0%      20          -  1,220  $0.5000+?\n"
            "──────────  ─────  ──────  ─────  ──────────  ─────  ──────  ─────────  ─────  ─────────\n"
            "total           3       -  1,300         325  25.0%      30          -  1,330    $1.50+?\n"
            "?: the cost of 1 call is unknown and not in the sum\n");
}

TEST_F(RecordedTest, ReportOfUnknownCostOnlyNeverSaysZero) {
  append(call("2026-01-02T12:00:00Z", 1'000, std::nullopt));
  EXPECT_EQ(test_.run({"report", "model", "--json"}), ExitCode::kOk);
  EXPECT_EQ(test_.out(), R"({"report":"model","time_zone":"UTC","rows":[{"model":"mystery","calls":1,"errors":0,)"
                         R"("input_tokens":1000,"cache_read_input_tokens":250,"cache_creation_input_tokens":null,)"
                         R"("output_tokens":10,"reasoning_output_tokens":null,"total_tokens":1010,"estimated_calls":0,)"
                         R"("cost_usd":null,"calls_of_unknown_cost":1}],"totals":{"calls":1,"errors":0,)"
                         R"("input_tokens":1000,"cache_read_input_tokens":250,"cache_creation_input_tokens":null,)"
                         R"("output_tokens":10,"reasoning_output_tokens":null,"total_tokens":1010,"estimated_calls":0,)"
                         R"("cost_usd":null,"calls_of_unknown_cost":1}})"
                         "\n");
  EXPECT_EQ(test_.run({"report", "model"}), ExitCode::kOk);
  EXPECT_EQ(test_.out().find('$'), std::string::npos) << test_.out();
}

TEST_F(RecordedTest, ReportAsCsv) {
  auto formula = call("2026-01-02T12:00:00Z", 1'000, 3'000'000);
  formula.client = "=1+1,\"x\"";
  append(formula);
  EXPECT_EQ(test_.run({"report", "client", "--csv"}), ExitCode::kOk);
  EXPECT_EQ(test_.out(),
            "client,calls,errors,input_tokens,cache_read_input_tokens,cache_creation_input_tokens,output_tokens,"
            "reasoning_output_tokens,total_tokens,estimated_calls,cost_usd,calls_of_unknown_cost\r\n"
            "\"'=1+1,\"\"x\"\"\",1,0,1000,250,,10,,1010,0,0.000003,0\r\n");
  EXPECT_EQ(test_.run({"report", "--csv", "--json"}), ExitCode::kWrongUse);
}

TEST_F(RecordedTest, EveryReportHasTheSameTotals) {
  append(0, 60);
  store::Totals wanted;
  for (std::uint64_t i = 0; i < 60; ++i) wanted.add(sample_event(i));
  for (const char* kind :
       {"hourly", "daily", "weekly", "monthly", "model", "provider", "client", "project", "session"}) {
    EXPECT_EQ(test_.run({"report", kind, "--json"}), ExitCode::kOk) << test_.err();
    const auto document = json::Document::parse(test_.out());
    ASSERT_TRUE(document);
    const auto totals = document->root()["totals"];
    EXPECT_EQ(totals["calls"].int64(), wanted.calls) << kind;
    EXPECT_EQ(totals["total_tokens"].int64(), wanted.total_tokens) << kind;
    EXPECT_GT(document->root()["rows"].size(), 0U);
  }
  EXPECT_EQ(test_.run({"report", "--since", "2027-01-01"}), ExitCode::kOk);
  EXPECT_EQ(test_.out(), "no calls in this range\n");
  EXPECT_EQ(test_.run({"report", "yearly"}), ExitCode::kWrongUse);
}

TEST_F(RecordedTest, ReportsWorkBesideARunningProxy) {
  Log log(LogLevel::kOff);
  std::filesystem::create_directories(data_);
  auto journal = event::Journal::open({.folder = app::journal_folder(data_)}, system_clock(), log);
  ASSERT_TRUE(journal);
  for (std::uint64_t i = 0; i < 10; ++i) ASSERT_TRUE((*journal)->append(sample_event(i)));
  EXPECT_EQ(test_.run({"events", "--json"}), ExitCode::kOk) << test_.err();
  EXPECT_EQ(lines(), 10U) << "in the journal, but nobody has stored them yet";
}

TEST_F(RecordedTest, StoreIsCheckedPurgedAndCompacted) {
  append(0, 100);
  EXPECT_EQ(test_.run({"store", "check"}), ExitCode::kOk) << test_.err();
  EXPECT_NE(test_.out().find("calls 100,"), std::string::npos) << test_.out();
  EXPECT_EQ(test_.run({"store", "purge"}), ExitCode::kWrongUse);
  EXPECT_EQ(test_.run({"store", "purge", "--before", "2026-03-01T00:00:50"}), ExitCode::kOk) << test_.err();
  EXPECT_TRUE(test_.out().starts_with("calls before 2026-03-01 00:00:50: 50 deleted")) << test_.out();
  EXPECT_EQ(test_.run({"store", "compact"}), ExitCode::kOk) << test_.err();
  EXPECT_EQ(test_.run({"store", "check", "--quick"}), ExitCode::kOk);
  EXPECT_NE(test_.out().find("calls 50,"), std::string::npos) << test_.out();
}

}  // namespace
}  // namespace tokometer::cli
