#include "cli/run_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "json/document.h"

namespace tokometer::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class RunReportTest : public ::testing::Test {
 protected:
  static event::Event call(std::string model, std::int64_t picodollars, std::int64_t input, std::int64_t output) {
    event::Event event;
    event.status_code = 200;
    event.response_model = std::move(model);
    event.cost_picodollars = picodollars;
    event.usage.source = meter::UsageSource::kReported;
    event.usage.input_tokens = input;
    event.usage.output_tokens = output;
    return event;
  }

  ProgramRun run{.context = {.project = "shop", .program = "agent", .run = "r1", .tags = {"t"}},
                 .command = {"agent.py", "-v"},
                 .started_at = *parse_rfc3339("2026-01-01T12:00:00Z"),
                 .note = "it may be shy",
                 .kept = {}};
  SteadyTime start{};
  SteadyTime end = start + std::chrono::milliseconds(1500);
  Output::Form plain;
};

TEST_F(RunReportTest, ShowsSumsAndWhereTheCallsAre) {
  RunReport report(run, start);
  report.add(call("gpt-5", 250'000'000'000, 100, 20));
  const std::string text = report.render(plain, end);
  EXPECT_THAT(text, HasSubstr("Calls: 1"));
  EXPECT_THAT(text, HasSubstr("$0.25"));
  EXPECT_THAT(text, HasSubstr("tokometer events --run r1\n"));
  EXPECT_THAT(text, Not(HasSubstr("budget")));
}

TEST_F(RunReportTest, SaysHowMuchOfTheBudgetIsUsed) {
  run.context.budget = client::parse_budget("1usd 1ktok").value();
  RunReport report(run, start);
  report.add(call("gpt-5", 250'000'000'000, 100, 20));
  EXPECT_FALSE(report.is_over_budget());
  EXPECT_THAT(report.render(plain, end), HasSubstr("budget: $0.25 of $1, 120 of 1,000 tokens\n"));
  report.add(call("gpt-5", 0, 880, 0));
  EXPECT_TRUE(report.is_over_budget());
  EXPECT_THAT(report.render(plain, end), HasSubstr("1,000 of 1,000 tokens, used up\n"));
}

TEST_F(RunReportTest, SaysWhyNothingWasCaptured) {
  run.kept = {"OPENAI_BASE_URL"};
  const std::string text = RunReport(run, start).render(plain, end);
  EXPECT_THAT(text, HasSubstr("nothing captured: no call of agent.py"));
  EXPECT_THAT(text, HasSubstr("why: it may be shy"));
  EXPECT_THAT(text, HasSubstr("why: OPENAI_BASE_URL leads to a host"));
  EXPECT_THAT(text, HasSubstr("try: --base-url-mode"));
  run.base_url_mode = true;
  EXPECT_THAT(RunReport(run, start).render(plain, end), HasSubstr("try: without --base-url-mode"));
}

TEST_F(RunReportTest, GuessesNothingWhereTheReasonIsKnown) {
  run.distrust = {"curl/8.1 for api.openai.com"};
  EXPECT_EQ(RunReport(run, start).render(plain, end),
            "tokometer: nothing captured: no call of agent.py came through the proxy\n"
            "  why: a client does not take our certificate, and passes unread since: curl/8.1 for api.openai.com\n"
            "  try: --base-url-mode, or have it trust the file that its SSL_CERT_FILE names\n");
  run.context.budget = client::parse_budget("1usd hard").value();
  const std::string held = RunReport(run, start).render(plain, end);
  EXPECT_THAT(held, HasSubstr("why: a client does not take our certificate, and its calls fail, as --hard"));
  EXPECT_THAT(held, testing::EndsWith("\nbudget: $0.00 of $1\n"));
}

TEST_F(RunReportTest, NamesWhatItsAuthorityWasNotMadeFor) {
  run.uncovered = {"llm.example"};
  run.rotate = "tokometer ca rotate --intercept llm.example";
  const std::string text = RunReport(run, start).render(plain, end);
  EXPECT_THAT(text, HasSubstr("made before llm.example was to be intercepted: calls there pass unread"));
  EXPECT_THAT(text, testing::EndsWith("  try: `tokometer ca rotate --intercept llm.example`\n"));
  run.context.budget = client::parse_budget("1usd hard").value();
  run.distrust = {"curl/8.1 for llm.example"};
  const std::string held = RunReport(run, start).render(plain, end);
  EXPECT_THAT(held, HasSubstr("calls there fail, as --hard lets none pass unread"));
  EXPECT_THAT(held, Not(HasSubstr("SSL_CERT_FILE"))) << "it would not take that certificate either";
}

TEST_F(RunReportTest, NamesWhatNoProxyLeadsPastTheProxy) {
  run.past = {"api.openai.com", "openrouter.ai"};
  RunReport report(run, start);
  EXPECT_EQ(report.render(plain, end),
            "tokometer: nothing captured: no call of agent.py came through the proxy\n"
            "  why: NO_PROXY leads calls past the proxy: api.openai.com, openrouter.ai\n"
            "  try: take that out of NO_PROXY and no_proxy\n");
  report.add(call("claude-opus-4-8", 1, 1, 1));
  EXPECT_THAT(report.render(plain, end), HasSubstr("not counted: NO_PROXY leads calls past the proxy: api.openai.com"));
}

TEST_F(RunReportTest, SaysThatItsProxyEnded) {
  EXPECT_THAT(RunReport(run, start).json({}, end), HasSubstr(R"("proxy_ended":false)"));
  run.proxy = ProxyFate::kEnded;
  RunReport report(run, start);
  const std::string said = "the proxy ended during the run: what came after was not counted\n";
  EXPECT_THAT(report.render(plain, end), HasSubstr("why: " + said));
  EXPECT_THAT(report.json({}, end), HasSubstr(R"("proxy_ended":true)"));
  report.add(call("gpt-5", 1, 1, 1));
  EXPECT_THAT(report.render(plain, end), HasSubstr("\n" + said));
  run.proxy = ProxyFate::kReplaced;
  EXPECT_THAT(report.render(plain, end), HasSubstr("another took its place: what came in between was not counted\n"));
}

TEST_F(RunReportTest, NamesANodeThatHeedsNoProxies) {
  run.node = "v20.20.2";
  const std::string text = RunReport(run, start).render(plain, end);
  EXPECT_THAT(text, HasSubstr("why: Node v20.20.2 heeds no proxy variables by itself"));
  EXPECT_THAT(text, HasSubstr("try: --base-url-mode, or Node 24\n"));
  EXPECT_THAT(text, Not(HasSubstr("shy"))) << "the likely reason alone";
}

TEST_F(RunReportTest, NamesWhoseCallsAreMissingFromTheSums) {
  run.distrust = {"curl/8.1 for api.openai.com"};
  RunReport report(run, start);
  report.add(call("gpt-5", 250'000'000'000, 100, 20));
  EXPECT_THAT(report.render(plain, end), HasSubstr("not counted: a client does not take our certificate, and passes "
                                                   "unread since: curl/8.1 for api.openai.com\n"));
  EXPECT_THAT(report.json({}, end), HasSubstr(R"("distrustful":["curl/8.1 for api.openai.com"])"));
}

TEST_F(RunReportTest, NamesWhoSpeaksNoTlsThatCanBeRead) {
  run.unreadable = {"odd/1 for api.openai.com"};
  EXPECT_EQ(RunReport(run, start).render(plain, end),
            "tokometer: nothing captured: no call of agent.py came through the proxy\n"
            "  why: a client speaks no TLS that can be read, and passes unread since: odd/1 for api.openai.com\n"
            "  try: --base-url-mode, or TLS 1.2 or 1.3 on that port\n");
  EXPECT_THAT(RunReport(run, start).json({}, end), HasSubstr(R"("unreadable":["odd/1 for api.openai.com"])"));
}

TEST_F(RunReportTest, NamesTheHostsThatPassedUnread) {
  run.tunnelled = {"a.example", "b.example"};
  const std::string text = RunReport(run, start).render(plain, end);
  EXPECT_THAT(text, HasSubstr("why: what it asked for passed unread, as no provider is known for it: a.example, "
                              "b.example\n"));
  EXPECT_THAT(text, HasSubstr("try: `--intercept HOST` with the one that its calls go to, as --intercept a.example\n"));
  EXPECT_THAT(text, testing::Not(HasSubstr("--base-url-mode")));
}

TEST_F(RunReportTest, ItsJsonHasEverySum) {
  run.context.budget = client::parse_budget("1usd hard").value();
  RunReport report(run, start);
  report.add(call("cheap", 1'000'000, 1, 2));
  report.add(call("dear", 2'000'000'000'000, 100, 20));
  const std::string text = report.json({.signal = 15}, end);
  EXPECT_TRUE(text.ends_with("}\n"));
  const auto document = json::Document::parse(text);
  ASSERT_TRUE(document.has_value()) << document.error().message;
  const json::Node root = document->root();
  EXPECT_EQ(root["run"].string(), "r1");
  EXPECT_EQ(root["command"].string(), "agent.py");
  EXPECT_THAT(text, Not(HasSubstr("-v"))) << "arguments may hold keys";
  EXPECT_EQ(root["exit_code"].int64(), 143);
  EXPECT_EQ(root["signal"].int64(), 15);
  EXPECT_EQ(root["duration_ms"].int64(), 1500);
  EXPECT_EQ(root["calls"].int64(), 2);
  EXPECT_EQ(root["total_tokens"].int64(), 123);
  EXPECT_EQ(root["cost_usd"].string(), "2.000001");
  EXPECT_EQ(root["models"][0]["model"].string(), "dear");
  EXPECT_EQ(root["models"][1]["input_tokens"].int64(), 1);
  EXPECT_EQ(root["budget"].string(), "1usd hard");
  EXPECT_EQ(root["budget_used_up"].boolean(), true);
}

}  // namespace
}  // namespace tokometer::cli
