#include "cli/printer.h"

#include <gtest/gtest.h>

#include "cli/session_summary.h"
#include "cli/table.h"
#include "cli/test_environment.h"
#include "json/document.h"
#include "json/writer.h"

namespace tokometer::cli {
namespace {

using namespace std::chrono_literals;

constexpr Output::Form kPipe{};
constexpr Output::Form kNarrow{.is_terminal = true, .columns = 80, .color = false};
constexpr Output::Form kWide{.is_terminal = true, .columns = 120, .color = false};

std::string noon(UtcTime) { return "12:00:00"; }

event::Event chat() {
  event::Event event;
  event.provider = "anthropic";
  event.operation = "chat";
  event.response_model = "claude-sonnet-4-5-20250929";
  event.status_code = 200;
  event.client = "claude-code";
  event.duration_us = 8'200'000;
  event.time_to_first_byte_us = 420'000;
  event.usage.source = meter::UsageSource::kReported;
  event.usage.input_tokens = 12'345;
  event.usage.cache_read_input_tokens = 11'800;
  event.usage.output_tokens = 845;
  event.cost_picodollars = 16'321'000'000;
  return event;
}

event::Event refused() {
  event::Event event;
  event.provider = "openai";
  event.request_model = "gpt-5";
  event.status_code = 429;
  event.error_type = "rate_limit_exceeded";
  event.client = "codex";
  event.duration_us = 212'000;
  event.time_to_first_byte_us = 211'000;
  return event;
}

event::Event unpriced() {
  event::Event event = chat();
  event.provider = "openai_compatible";
  event.response_model = "my-own-model";
  event.client.clear();
  event.cost_picodollars.reset();
  event.usage.cache_read_input_tokens.reset();
  return event;
}

event::Event cut() {
  event::Event event = chat();
  event.complete = false;
  event.error_type = "client_closed";
  return event;
}

std::string lines(const Output::Form& form) {
  const CallLine line(form, noon);
  return "\n" + line.header() + line.line(chat()) + line.line(refused()) + line.line(unpriced()) + line.line(cut());
}

TEST(CallLine, FitsAWideTerminal) {
  EXPECT_EQ(lines(kWide), R"(
time      client                model                                  in    out  cache  first   took  tok/s        cost
12:00:00  claude-code           claude-sonnet-4-5-20250929          12.3k    845  11.8k  420ms   8.2s    103   $0.016321
12:00:00  codex                 gpt-5                               429 rate_limit_exc…  211ms  212ms      -           -
12:00:00  -                     my-own-model                        12.3k    845      -  420ms   8.2s    103           ?
12:00:00  claude-code           claude-sonnet-4-5-2… client_closed  12.3k    845  11.8k  420ms   8.2s    103   $0.0163+?
)");
}

TEST(CallLine, LeavesTheClientOutOfANarrowOne) {
  EXPECT_EQ(lines(kNarrow), R"(
time     model                       in   out cache first  took tok/s       cost
12:00:00 claude-sonnet-4-5-20250… 12.3k   845 11.8k 420ms  8.2s   103  $0.016321
12:00:00 gpt-5                    429 rate_limit_e… 211ms 212ms     -          -
12:00:00 my-own-model             12.3k   845     - 420ms  8.2s   103          ?
12:00:00 claude-so… client_closed 12.3k   845 11.8k 420ms  8.2s   103  $0.0163+?
)");
}

TEST(CallLine, ShortensNothingInAPipe) {
  EXPECT_EQ(lines(kPipe), R"(
time      client                model                                in    out  cache  first   took  tok/s        cost
12:00:00  claude-code           claude-sonnet-4-5-20250929        12.3k    845  11.8k  420ms   8.2s    103   $0.016321
12:00:00  codex                 gpt-5                             429 rate_limit_exceeded  211ms  212ms      -           -
12:00:00  -                     my-own-model                      12.3k    845      -  420ms   8.2s    103           ?
12:00:00  claude-code           claude-sonnet-4-5-20250929 client_closed  12.3k    845  11.8k  420ms   8.2s    103   $0.0163+?
)");
}

TEST(CallLine, MarksAnEstimate) {
  event::Event event = chat();
  event.usage.source = meter::UsageSource::kEstimated;
  EXPECT_NE(CallLine(kWide, noon).line(event).find("~845"), std::string::npos);
  EXPECT_NE(CallLine(kWide, noon).line(event).find("~12.3k"), std::string::npos);
}

TEST(CallLine, MarksOnlyWhatIsEstimated) {
  event::Event event = chat();
  event.usage.source = meter::UsageSource::kEstimated;
  event.usage.estimated = meter::EstimatedCounts::kOutput;
  const std::string line = CallLine(kWide, noon).line(event);
  EXPECT_NE(line.find(" 12.3k"), std::string::npos) << line;
  EXPECT_NE(line.find(" ~845"), std::string::npos) << line;
  EXPECT_NE(line.find(" 11.8k"), std::string::npos) << "what the cache gave is never estimated: " << line;
  const std::string panel = call_panel(event, kPipe);
  EXPECT_NE(panel.find("Input: 12,345\n"), std::string::npos) << panel;
  EXPECT_NE(panel.find("Output: ~845\n"), std::string::npos) << panel;
  event.usage.estimated = meter::EstimatedCounts::kInput;
  EXPECT_NE(CallLine(kWide, noon).line(event).find(" ~12.3k    845"), std::string::npos);
}

TEST(CallLine, ColoursWithoutMovingColumns) {
  Output::Form form = kWide;
  form.color = true;
  const std::string line = CallLine(form, noon).line(chat());
  EXPECT_NE(line.find("\x1b[34m12.3k\x1b[0m"), std::string::npos) << line;
  EXPECT_NE(line.find("\x1b[32m  845\x1b[0m"), std::string::npos) << line;
  EXPECT_NE(line.find("\x1b[33m $0.016321\x1b[0m"), std::string::npos) << line;
  EXPECT_NE(CallLine(form, noon).line(refused()).find("\x1b[31m429 rate_limit_"), std::string::npos);
}

TEST(CallLine, ObeysNothingThatCameOverTheNetwork) {
  event::Event event = chat();
  event.response_model = "\x1b]0;owned\x07";
  EXPECT_EQ(CallLine(kWide, noon).line(event).find('\x1b'), std::string::npos);
}

TEST(CallLine, NeverWraps) {
  const CallLine line({.is_terminal = true, .columns = 40, .color = false}, noon);
  EXPECT_LE(display_width(line.header()), 41U) << line.header();
  EXPECT_LE(display_width(line.line(chat())), 41U) << line.line(chat());
}

TEST(CostText, IsNeverZeroForWhatIsNotKnown) {
  EXPECT_EQ(cost_text(chat()), "$0.016321");
  EXPECT_EQ(cost_text(unpriced()), "?");
  EXPECT_EQ(cost_text(refused()), "-");
  event::Event free = unpriced();
  free.billable = false;
  EXPECT_EQ(cost_text(free), "-");
  EXPECT_EQ(cost_text(cut()), "$0.0163+?") << "at least that";
  event::Event ended = cut();
  ended.finish_reason = "end_turn";
  EXPECT_EQ(cost_text(ended), "$0.016321");
  event::Event silent = chat();
  silent.usage = {};
  silent.cost_picodollars.reset();
  EXPECT_EQ(cost_text(silent), "?");
}

// `events` once showed "-" for what `report` counted as unknown.
TEST(CostText, IsUnknownWhereReportsCountItAsUnknown) {
  event::Event cancelled = cut();
  cancelled.usage = {};
  cancelled.cost_picodollars.reset();
  for (const event::Event& event : {cancelled, chat(), refused(), unpriced()}) {
    EXPECT_EQ(cost_text(event).find('?') != std::string::npos, event::is_cost_missing(event)) << event.error_type;
  }
  EXPECT_EQ(cost_text(cancelled), "?");
}

TEST(Failure, SaysWhatWentWrong) {
  EXPECT_EQ(failure(refused()), "429 rate_limit_exceeded");
  EXPECT_EQ(failure(cut()), "client_closed");
  event::Event event;
  EXPECT_EQ(failure(event), "no answer");
  event.complete = false;
  event.status_code = 200;
  EXPECT_EQ(failure(event), "cut off");
  EXPECT_FALSE(has_failed(chat()));
}

TEST(CallPanel, IsFramedOnATerminal) {
  EXPECT_EQ("\n" + call_panel(chat(), kNarrow), R"(
╭─ Token usage ────────────────────────────╮
│ Provider      ANTHROPIC                  │
│ Model         claude-sonnet-4-5-20250929 │
│ Client        claude-code                │
├──────────────────────────────────────────┤
│ Input         12,345                     │
│   from cache  11,800                     │
│ Output        845                        │
│ Total         13,190                     │
├──────────────────────────────────────────┤
│ First byte    420ms                      │
│ Duration      8.2s                       │
│ Speed         103 tok/s                  │
│ Est. cost     $0.016321                  │
╰──────────────────────────────────────────╯
)");
}

TEST(CallPanel, IsPlainElsewhere) {
  EXPECT_EQ("\n" + call_panel(chat(), kPipe), R"(
Token usage
  Provider: ANTHROPIC
  Model: claude-sonnet-4-5-20250929
  Client: claude-code
  Input: 12,345
    from cache: 11,800
  Output: 845
  Total: 13,190
  First byte: 420ms
  Duration: 8.2s
  Speed: 103 tok/s
  Est. cost: $0.016321
)");
}

TEST(CallPanel, HasTheColoursOfItsFigures) {
  const std::string panel = call_panel(chat(), {.is_terminal = true, .columns = 80, .color = true});
  EXPECT_NE(panel.find("\x1b[34m12,345\x1b[0m"), std::string::npos) << panel;
  EXPECT_NE(panel.find("\x1b[32m845\x1b[0m"), std::string::npos) << panel;
  EXPECT_NE(panel.find("\x1b[33m13,190\x1b[0m"), std::string::npos) << panel;
}

TEST(CallPanel, SaysThatItIsEstimatedOrFailed) {
  event::Event event = chat();
  event.usage.source = meter::UsageSource::kEstimated;
  EXPECT_TRUE(call_panel(event, kPipe).starts_with("Token usage (estimated)\n"));
  EXPECT_NE(call_panel(refused(), kPipe).find("Failed: 429 rate_limit_exceeded\n"), std::string::npos);
}

SessionSummary summary_of(const std::vector<event::Event>& events, SessionSummary::Limits limits = {}) {
  SessionSummary summary(SteadyTime(), limits);
  for (const event::Event& event : events) summary.add(event);
  return summary;
}

TEST(SessionSummary, SumsAndMarksWhatIsNotKnown) {
  EXPECT_EQ("\n" + summary_of({chat(), chat(), refused(), unpriced()}).render(kNarrow, SteadyTime() + 125300ms), R"(
╭─ Session ─────────────────────╮
│ Calls          4              │
│ Failed         1 (429)        │
│ Input tokens   37,035         │
│   from cache   23,600 (63.7%) │
│ Output tokens  2,535          │
│ Total tokens   39,570         │
├───────────────────────────────┤
│ Cost           $0.032642 + ?  │
│   unknown for  1 call         │
│ Duration       2m05s          │
╰───────────────────────────────╯

model                       calls  failed   input  cached  output       cost
claude-sonnet-4-5-20250929      2       0  24,690   95.6%   1,690  $0.032642
gpt-5                           1       1       -       -       -  $0.000000
my-own-model                    1       0  12,345       -     845          ?
)");
}

TEST(SessionSummary, IsShortForOneModelAndWithoutCalls) {
  EXPECT_EQ("\n" + summary_of({}).render(kPipe, SteadyTime() + 5s), R"(
Session
  Calls: 0
  Input tokens: -
  Output tokens: -
  Total tokens: -
  Cost: $0.000000
  Duration: 5.0s
)");
}

TEST(SessionSummary, MarksWhatWasEstimated) {
  event::Event estimated = chat();
  estimated.usage.source = meter::UsageSource::kEstimated;
  estimated.usage.estimated = meter::EstimatedCounts::kOutput;
  const SessionSummary summary = summary_of({chat(), estimated, unpriced()});
  EXPECT_EQ("\n" + summary.render(kPipe, SteadyTime() + 5s), R"(
Session
  Calls: 3
  Input tokens: 37,035
    from cache: 23,600 (63.7%)
  Output tokens: ~2,535
  Total tokens: ~39,570
  Cost: ~$0.032642 + ?
    unknown for: 1 call
  Estimated: 1 call
  Duration: 5.0s

model                       calls  failed   input  cached  output        cost
claude-sonnet-4-5-20250929      2       0  24,690   95.6%  ~1,690  ~$0.032642
my-own-model                    1       0  12,345       -     845           ?
)");
  std::string text;
  json::Writer writer(text);
  writer.begin_object();
  summary.write_json(writer);
  writer.end_object();
  const auto document = json::Document::parse(text);
  ASSERT_TRUE(document.has_value()) << text;
  EXPECT_EQ(document->root()["estimated_calls"].int64(), 1);
  EXPECT_EQ(document->root()["models"][0]["estimated_calls"].int64(), 1);
  EXPECT_EQ(document->root()["models"][1]["estimated_calls"].int64(), 0);
}

TEST(SessionSummary, NamesTheCodesOfWhatFailed) {
  event::Event denied = refused();
  denied.status_code = 401;
  std::vector<event::Event> events{refused(), denied, refused(), cut()};
  EXPECT_NE(summary_of(events).render(kPipe, SteadyTime()).find("Failed: 4 (401, 429)\n"), std::string::npos);
  EXPECT_NE(summary_of({cut()}).render(kPipe, SteadyTime()).find("Failed: 1\n"), std::string::npos);
  for (const int code : {500, 501, 502, 503, 504}) {
    denied.status_code = code;
    events.push_back(denied);
  }
  EXPECT_NE(summary_of(events).render(kPipe, SteadyTime()).find("Failed: 9 (401, 429, 500, 501, 502, …)\n"),
            std::string::npos);
}

TEST(SessionSummary, CountsNothingThatIsNotBilled) {
  event::Event repeat = chat();
  repeat.billable = false;
  const std::string text = summary_of({chat(), repeat}).render(kPipe, SteadyTime());
  EXPECT_NE(text.find("Calls: 2\n    not billed: 1\n"), std::string::npos) << text;
  EXPECT_NE(text.find("Input tokens: 12,345\n"), std::string::npos) << text;
}

TEST(SessionSummary, HasNoRowForWhatWasRefusedBeforeItHadAModel) {
  event::Event refused_at_once = refused();
  refused_at_once.request_model.clear();
  const std::string text = summary_of({chat(), refused_at_once}).render(kPipe, SteadyTime());
  EXPECT_NE(text.find("Failed: 1 (429)\n"), std::string::npos) << text;
  EXPECT_EQ(text.find("no model"), std::string::npos) << text;
  refused_at_once.cost_picodollars = 1;
  EXPECT_NE(summary_of({chat(), refused_at_once}).render(kPipe, SteadyTime()).find("(no model)"), std::string::npos)
      << "what costs is shown";
}

TEST(SessionSummary, TellsOfOneModelWithoutATable) {
  event::Event list_of_models;
  list_of_models.status_code = 200;
  list_of_models.billable = false;
  event::Event written = chat();
  written.usage.cache_creation_input_tokens = 500;
  EXPECT_EQ("\n" + summary_of({list_of_models, written}).render(kPipe, SteadyTime() + 5s), R"(
Session
  Model: claude-sonnet-4-5-20250929
  Calls: 2
    not billed: 1
  Input tokens: 12,345
    from cache: 11,800 (95.6%)
    to cache: 500
  Output tokens: 845
  Total tokens: 13,190
  Cost: $0.016321
  Duration: 5.0s
)");
}

TEST(SessionSummary, AnAbsurdCountMakesNoSumNegative) {
  event::Event absurd = chat();
  absurd.response_model = "m";
  absurd.usage.input_tokens = absurd.usage.output_tokens = 9223372036854775800;
  absurd.usage.cache_read_input_tokens = 9223372036854775800;
  const std::string text = summary_of({absurd, absurd}).render(kPipe, SteadyTime());
  EXPECT_EQ(text.find("-"), std::string::npos) << text;
}

TEST(SessionSummary, HoldsItsLimitOfModels) {
  event::Event other = chat();
  other.response_model = "other";
  const std::string text = summary_of({chat(), other, unpriced()}, {.models = 1}).render(kPipe, SteadyTime());
  EXPECT_NE(text.find("(other models)"), std::string::npos) << text;
  EXPECT_EQ(text.find("my-own-model"), std::string::npos) << text;
}

std::string printed(app::Print how) {
  StringOutput out;
  FixedClock clock;
  const auto printer = make_printer(how, out, clock, noon);
  printer->print(chat());
  printer->finish();
  return out.text();
}

TEST(Printer, PrintsTheWayItWasAskedTo) {
  EXPECT_TRUE(printed(app::Print::kLine).starts_with("time")) << printed(app::Print::kLine);
  EXPECT_NE(printed(app::Print::kLine).find("Session\n"), std::string::npos);
  EXPECT_TRUE(printed(app::Print::kPanel).starts_with("Token usage\n"));
  EXPECT_TRUE(printed(app::Print::kJson).starts_with("{\""));
  EXPECT_TRUE(printed(app::Print::kJson).ends_with("}\n"));
  EXPECT_EQ(printed(app::Print::kJson).find('\n'), printed(app::Print::kJson).size() - 1);
  EXPECT_EQ(printed(app::Print::kQuiet), "");
}

}  // namespace
}  // namespace tokometer::cli
