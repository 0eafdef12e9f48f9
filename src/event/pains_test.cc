// What users of other tools complain of, each as the exchange that it came from
// and the counts and costs that are right. The names of the tests begin with
// the complaint's section: wrong cost for cached tokens, missing or zero usage.

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "event/assemble.h"
#include "meter/estimate.h"
#include "meter/exchange_meter.h"
#include "pricing/builtin_prices.h"

namespace tokometer::event {
namespace {

constexpr std::string_view kJson = "application/json";
constexpr std::string_view kEvents = "text/event-stream";
constexpr std::int64_t kMicro = 1'000'000;  // picodollars a microdollar: a price of 3 is 3 of these a token

struct Call {
  std::string_view provider = "anthropic";
  std::string_view target = "/v1/messages";
  std::string request = R"({"model":"claude-sonnet-4-5"})";
  std::string_view type = kJson;
  std::string response;
  bool complete = true;
};

class PainsTest : public testing::Test {
 protected:
  Event event_of(const Call& call) {
    const provider::Spec* spec = registry_->by_name(call.provider);
    const provider::Endpoint* endpoint = spec == nullptr ? nullptr : registry_->endpoint(*spec, "POST", call.target);
    meter::ExchangeMeter meter(spec, endpoint, call.target, {},
                               {.generic = registry_->generic(), .counter = &counter_});
    const std::array<wire::Field, 1> asked{{{"content-type", kJson}}};
    const std::array<wire::Field, 1> answered{{{"content-type", call.type}}};
    meter.request_head(asked);
    meter.request_content(call.request);
    meter.request_end();
    meter.response_head(200, answered);
    meter.response_content(call.response);
    meter.response_end(call.complete);
    Event event;
    event.started_at = *parse_rfc3339("2026-01-01T12:00:00Z");
    event.status_code = 200;
    describe_request(event, {.spec = spec, .endpoint = endpoint, .method = "POST", .target = call.target}, *detector_);
    apply_reading(event, meter.finish(), repeats_, *catalog_);
    return event;
  }

  std::shared_ptr<const provider::Registry> registry_ = *provider::Registry::load(embedded::providers(), {});
  std::shared_ptr<const pricing::Catalog> catalog_ = *pricing::Catalog::load(pricing::BuiltinPrices(), {});
  std::shared_ptr<const client::Detector> detector_ = *client::Detector::load(embedded::clients(), {});
  meter::LengthCounter counter_;
  meter::RepeatFilter repeats_;
};

std::string message(std::string_view usage) {
  return R"({"id":"m1","model":"claude-sonnet-4-5","stop_reason":"end_turn","usage":)" + std::string(usage) + "}";
}
std::string start(std::string_view usage, std::string_view id = "m1") {
  return "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"" + std::string(id) +
         "\",\"model\":\"claude-sonnet-4-5\",\"usage\":" + std::string(usage) + "}}\n\n";
}
std::string text(std::string_view delta) {
  return "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"delta\":{\"type\":\"text_delta\","
         "\"text\":\"" +
         std::string(delta) + "\"}}\n\n";
}
std::string stop(std::string_view usage) {
  return "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"},\"usage\":" +
         std::string(usage) + "}\n\n";
}
std::string chat(std::string_view usage) {
  return R"({"id":"c1","model":"gpt-4o-2024-08-06","choices":[{"finish_reason":"stop"}],"usage":)" +
         std::string(usage) + "}";
}
Call openai(std::string response, std::string_view type = kJson, bool complete = true) {
  return {.provider = "openai",
          .target = "/v1/chat/completions",
          .request = R"({"model":"gpt-4o","stream":true,"messages":[{"role":"user","content":"How many people?"}]})",
          .type = type,
          .response = std::move(response),
          .complete = complete};
}

// 1. Wrong cost for cached tokens.

// BerriAI/litellm#9812, #5443, #6575, #11364: 0.0913 dollars where 0.0544 are right.
TEST_F(PainsTest, CachedACacheWriteIsChargedOnce) {
  const Event event =
      event_of({.response = message(R"({"input_tokens":3,"cache_creation_input_tokens":12304,"output_tokens":550})")});
  EXPECT_EQ(event.usage.input_tokens, 12307);
  EXPECT_EQ(event.cost_picodollars, 3 * 3 * kMicro + 12304 * 375 * kMicro / 100 + 550 * 15 * kMicro);
  EXPECT_EQ(event.cost_picodollars, 54'399'000'000);
}

// BerriAI/litellm#26919: what was written into the cache is in the input, not beside it.
TEST_F(PainsTest, CachedPartsAddUpToTheInput) {
  const Event event = event_of({.response = message(R"({"input_tokens":10,"cache_creation_input_tokens":20,)"
                                                    R"("cache_read_input_tokens":30,"output_tokens":1})")});
  EXPECT_EQ(event.usage.input_tokens, 60);
  EXPECT_EQ(event.usage.cache_creation_input_tokens, 20);
  EXPECT_EQ(event.usage.cache_read_input_tokens, 30);
}

// langfuse/langfuse#10592, #5568, #9305: 35,720 where 17,903 are right; #12306, #12635, #14725: 260,421 for 130,213.
TEST_F(PainsTest, CachedTokensThatTheInputHoldsAreNotAddedAgain) {
  EXPECT_EQ(event_of(openai(chat(R"({"prompt_tokens":17903,"completion_tokens":1,"prompt_tokens_details":)"
                                 R"({"cached_tokens":17817}})")))
                .usage.input_tokens,
            17903);
  Call responses =
      openai(R"({"id":"r1","model":"gpt-4o-2024-08-06","status":"completed","usage":{"input_tokens":130213,)"
             R"("input_tokens_details":{"cached_tokens":130208},"output_tokens":7,"total_tokens":130220}})");
  responses.target = "/v1/responses";
  const Event event = event_of(responses);
  EXPECT_EQ(event.usage.input_tokens, 130213);
  EXPECT_EQ(event.usage.cache_read_input_tokens, 130208);
  EXPECT_EQ(event.usage.total_tokens, 130220);
}

// maximhq/bifrost#904 (1.68 dollars for 0.34), BerriAI/litellm#31282, #40006, #40016 (1.9 times too much).
TEST_F(PainsTest, CachedTokensCostWhatCachedTokensCost) {
  const Event event = event_of(
      openai(chat(R"({"prompt_tokens":1000,"completion_tokens":100,"prompt_tokens_details":{"cached_tokens":900}})")));
  // gpt-4o: 2.5, cached 1.25, output 10 dollars a million.
  EXPECT_EQ(event.cost_picodollars, 100 * 25 * kMicro / 10 + 900 * 125 * kMicro / 100 + 100 * 10 * kMicro);
}

// maximhq/bifrost#3451 (1.86 dollars for 1.06), #5354: a stream says its cache counts twice, or only at its end.
TEST_F(PainsTest, CachedTokensOfAStreamCountOnce) {
  const std::string usage = R"({"input_tokens":10,"cache_read_input_tokens":500,"output_tokens":)";
  const Event twice = event_of({.type = kEvents, .response = start(usage + "1}") + text("Hi") + stop(usage + "40}")});
  EXPECT_EQ(twice.usage.input_tokens, 510);
  EXPECT_EQ(twice.usage.output_tokens, 40);
  const Event late =
      event_of({.type = kEvents, .response = start(R"({"input_tokens":10,"output_tokens":1})") + stop(usage + "40}")});
  EXPECT_EQ(late.usage.input_tokens, 510);
  EXPECT_EQ(late.cost_picodollars, twice.cost_picodollars);
}

// maximhq/bifrost#4746: Bedrock's cache counts. (Its streams: tests/golden/aws.bedrock, also for #5629.)
TEST_F(PainsTest, CachedTokensOfBedrockAreRead) {
  const Event event =
      event_of({.provider = "aws.bedrock",
                .target = "/model/anthropic.claude-sonnet-4-5/converse",
                .request = "{}",
                .response = R"({"stopReason":"end_turn","usage":{"inputTokens":10,"outputTokens":5,)"
                            R"("cacheReadInputTokens":200,"cacheWriteInputTokens":30,"totalTokens":245}})"});
  EXPECT_EQ(event.usage.input_tokens, 240);
  EXPECT_EQ(event.usage.cache_read_input_tokens, 200);
  EXPECT_EQ(event.usage.cache_creation_input_tokens, 30);
}

// QuantumNous/new-api#6144 (xAI: 1,792 cached in the stream, 0 in the ledger), #6883 (Responses).
TEST_F(PainsTest, CachedTokensOfStreamsReachTheEvent) {
  Call x_ai = openai(
      "data: {\"id\":\"g1\",\"model\":\"grok-4\",\"choices\":[],\"usage\":{\"prompt_tokens\":2000,"
      "\"completion_tokens\":10,\"total_tokens\":2010,\"prompt_tokens_details\":{\"cached_tokens\":1792}}}\n\n"
      "data: [DONE]\n\n",
      kEvents);
  x_ai.provider = "x_ai";
  EXPECT_EQ(event_of(x_ai).usage.cache_read_input_tokens, 1792);
  Call responses = openai(
      "event: response.completed\ndata: "
      "{\"type\":\"response.completed\",\"response\":{\"id\":\"r1\",\"model\":\"gpt-4o\","
      "\"usage\":{\"input_tokens\":2000,\"input_tokens_details\":{\"cached_tokens\":1792},\"output_tokens\":3}}}\n\n",
      kEvents);
  responses.target = "/v1/responses";
  EXPECT_EQ(event_of(responses).usage.cache_read_input_tokens, 1792);
}

// Owloops/claude-powerline#104, blpsoares/agentistics#565: writes for an hour are dearer than those for 5 minutes.
TEST_F(PainsTest, CachedForAnHourCostsMore) {
  const Event event = event_of(
      {.response = message(R"({"input_tokens":0,"cache_creation_input_tokens":1000,"cache_creation":)"
                           R"({"ephemeral_5m_input_tokens":400,"ephemeral_1h_input_tokens":600},"output_tokens":0})")});
  EXPECT_EQ(event.usage.cache_creation_1h_input_tokens, 600);
  EXPECT_EQ(event.cost_picodollars, 400 * 375 * kMicro / 100 + 600 * 6 * kMicro);
}

// 3. Missing or zero usage.

// claude-code-hub#1166, praxis-proxy/ai#1231, api7/aisix#594: a stream that was not asked for its usage is not 0.
TEST_F(PainsTest, MissingAStreamThatSaysNothingIsEstimated) {
  const Event event = event_of(openai(
      "data: {\"id\":\"c1\",\"model\":\"gpt-4o-2024-08-06\",\"choices\":[{\"delta\":{\"content\":\"Twelve people.\"},"
      "\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n",
      kEvents));
  EXPECT_EQ(event.usage.source, meter::UsageSource::kEstimated);
  EXPECT_GT(event.usage.input_tokens.value_or(0), 0);
  EXPECT_GT(event.usage.output_tokens.value_or(0), 0);
  EXPECT_GT(event.cost_picodollars.value_or(0), 0);
}

// BerriAI/litellm#33736, #30630, #37558, one-switch#3, CLIProxyAPI#5819: the client left when it had its tool call.
TEST_F(PainsTest, MissingACallThatTheClientBrokeOffIsEstimated) {
  const Event event = event_of(openai(
      "data: {\"id\":\"c1\",\"model\":\"gpt-4o-2024-08-06\",\"choices\":[{\"delta\":{\"tool_calls\":[{\"function\":"
      "{\"name\":\"weather\",\"arguments\":\"{\\\"city\\\":\\\"Paris\\\"}\"}}]}}]}\n\n",
      kEvents, false));
  EXPECT_EQ(event.usage.source, meter::UsageSource::kEstimated);
  EXPECT_GT(event.usage.output_tokens.value_or(0), 0);
  EXPECT_FALSE(event.complete);
  EXPECT_FALSE(is_partial(event)) << "the estimate stands for the whole";
  const Event anthropic = event_of({.type = kEvents,
                                    .response = start(R"({"input_tokens":700,"output_tokens":1})") +
                                                text("A sentence of some length that was on its way."),
                                    .complete = false});
  EXPECT_EQ(anthropic.usage.input_tokens, 700) << "what was said is kept";
  EXPECT_GT(anthropic.usage.output_tokens.value_or(0), 8);
  EXPECT_EQ(anthropic.usage.source, meter::UsageSource::kEstimated);
}

// BerriAI/litellm#37992.
TEST_F(PainsTest, MissingIsNotTheSameAsAnExplicitZero) {
  const Event event = event_of(openai(R"({"id":"c1","model":"gpt-4o","choices":[{"message":{"content":"Hello, you"}}],)"
                                      R"("usage":{"prompt_tokens":0,"completion_tokens":0,"total_tokens":0}})"));
  EXPECT_EQ(event.usage.source, meter::UsageSource::kReported);
  EXPECT_EQ(event.usage.input_tokens, 0);
  EXPECT_EQ(event.usage.output_tokens, 0);
}

// BerriAI/litellm#10238, #36523, #36646, #31023, #33351, #42200: routes that no rule knows.
TEST_F(PainsTest, MissingRulesForARouteDoNotHideItsUsage) {
  const Event event =
      event_of({.provider = "openai",
                .target = "/v1/brand/new",
                .request = R"({"model":"gpt-4o"})",
                .response = R"({"model":"gpt-4o-2024-08-06","usage":{"prompt_tokens":7,"completion_tokens":8}})"});
  EXPECT_EQ(event.request_model, "gpt-4o");
  EXPECT_EQ(event.response_model, "gpt-4o-2024-08-06");
  EXPECT_EQ(event.usage.step, meter::UsageStep::kGeneric);
  EXPECT_EQ(event.usage.output_tokens, 8);
  EXPECT_GT(event.cost_picodollars.value_or(0), 0);
}

// BerriAI/litellm#37105: a cost that the provider states itself.
TEST_F(PainsTest, MissingPricesGiveWayToTheProvidersOwnCost) {
  const Event event = event_of({.provider = "openrouter",
                                .target = "/api/v1/chat/completions",
                                .request = R"({"model":"some/model"})",
                                .response = R"({"id":"g1","model":"some/model","choices":[{"finish_reason":"stop"}],)"
                                            R"("usage":{"prompt_tokens":7,"completion_tokens":8,"cost":0.00041}})"});
  EXPECT_EQ(event.cost_picodollars, 410'000'000);
}

// vercel/ai#17326: a gateway zeroes message_start, and the truth comes with the last delta.
TEST_F(PainsTest, MissingCountsOfTheStartComeWithTheEnd) {
  const Event event = event_of({.type = kEvents,
                                .response = start(R"({"input_tokens":0,"output_tokens":0})") + text("Hi") +
                                            stop(R"({"input_tokens":321,"output_tokens":12})")});
  EXPECT_EQ(event.usage.input_tokens, 321);
  EXPECT_EQ(event.usage.output_tokens, 12);
}

// ccusage#866, #901, #938, anthropics/claude-code#22686, dms-claudecode#52: placeholders, first write wins, every line
// counted.
TEST_F(PainsTest, MissingNoMoreThanTheLastWordOfAStream) {
  const std::string begun = start(R"({"input_tokens":5,"cache_read_input_tokens":9000,"output_tokens":1})");
  const Event event = event_of({.type = kEvents,
                                .response = begun + begun + text("a") + text("b") + stop(R"({"output_tokens":100})") +
                                            stop(R"({"output_tokens":170})")});
  EXPECT_EQ(event.usage.input_tokens, 9005);
  EXPECT_EQ(event.usage.output_tokens, 170);
}

}  // namespace
}  // namespace tokometer::event
