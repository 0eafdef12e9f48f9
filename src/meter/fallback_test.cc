// What happens where a spec's own reading is poor, or there is no spec: the
// order of the steps, and what is never estimated.

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "embedded/embedded.h"
#include "meter/estimate.h"
#include "meter/exchange_meter.h"
#include "provider/registry.h"
#include "wire/content_coding.h"

namespace tokometer::meter {
namespace {

constexpr std::string_view kEvents = "text/event-stream";

struct Exchange {
  std::string_view provider = "openai";
  std::string_view target = "/v1/chat/completions";
  std::string request = R"({"model":"gpt-4o","stream":true,"messages":[{"role":"user","content":"abcdefgh"}]})";
  std::string_view type = kEvents;
  std::string response;
  int status = 200;
  bool complete = true;
  std::string_view method = "POST";
};

class Fallback : public testing::Test {
 protected:
  Reading read(const Exchange& exchange, std::size_t sample_bytes = Limits().sample_bytes) const {
    const provider::Spec* spec = registry_->by_name(exchange.provider);
    const provider::Endpoint* endpoint =
        spec == nullptr ? nullptr : registry_->endpoint(*spec, exchange.method, exchange.target);
    ExchangeMeter meter(spec, endpoint, exchange.target, {.sample_bytes = sample_bytes},
                        {.generic = registry_->generic(), .counter = &counter_});
    meter.request_head(std::vector<wire::Field>{{"content-type", "application/json"}});
    meter.request_content(exchange.request);
    meter.request_end();
    meter.response_head(exchange.status, std::vector<wire::Field>{{"content-type", exchange.type}});
    meter.response_content(exchange.response);
    meter.response_end(exchange.complete);
    return meter.finish();
  }

  static const std::shared_ptr<const provider::Registry> registry_;
  LengthCounter counter_;
};

const std::shared_ptr<const provider::Registry> Fallback::registry_ =
    *provider::Registry::load(embedded::providers(), "");

std::string delta(std::string_view text) {
  return R"(data: {"id":"c1","model":"gpt-4o-2024-08-06","choices":[{"index":0,"delta":{"content":")" +
         std::string(text) + "\"}}]}\n\n";
}

TEST_F(Fallback, FindsUsageWhereTheSpecDoesNotLook) {
  const Reading reading =
      read({.type = "application/json",
            .response = R"({"id":"c1","choices":[],"x_meta":{"usage":{"prompt_tokens":3,"completion_tokens":4}}})"});
  EXPECT_EQ(reading.usage.step, UsageStep::kGeneric);
  EXPECT_EQ(reading.usage.source, UsageSource::kReported);
  EXPECT_EQ(reading.usage.input_tokens, 3);
  EXPECT_EQ(reading.usage.output_tokens, 4);
  EXPECT_EQ(reading.usage.details, R"({"prompt_tokens":3,"completion_tokens":4})");
  EXPECT_EQ(reading.faults_of(Fault::kMissingUsage), 1U) << "the spec has a gap";
}

TEST_F(Fallback, FindsUsageInAnEventWhereTheSpecDoesNotLook) {
  const Reading reading =
      read({.response = delta("Hi") + "data: {\"late\":{\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":4}}}\n\n"
                                      "data: [DONE]\n\n"});
  EXPECT_EQ(reading.usage.step, UsageStep::kGeneric);
  EXPECT_EQ(reading.usage.output_tokens, 4);
}

TEST_F(Fallback, ReadsUnknownProvidersByTheirShape) {
  for (const auto& [type, response] : std::vector<std::pair<std::string_view, std::string>>{
           {"application/json", R"({"model":"m","usage":{"prompt_tokens":3,"completion_tokens":4}})"},
           {kEvents,
            "event: message_start\ndata: {\"message\":{\"model\":\"m\",\"usage\":{\"input_tokens\":3}}}\n\n"
            "event: message_delta\ndata: {\"usage\":{\"output_tokens\":4}}\n\n"},
           {"application/x-ndjson", "{\"model\":\"m\",\"done\":false}\n{\"prompt_eval_count\":3,\"eval_count\":4}\n"},
           {"application/json",
            R"([{"modelVersion":"m"},{"usageMetadata":{"promptTokenCount":3,"candidatesTokenCount":4}}])"},
           {"text/plain", R"({"model":"m","output":{"usage":{"inputTokens":3,"outputTokens":4}}})"}}) {
    const Reading reading = read({.provider = "nobody", .type = type, .response = response});
    EXPECT_EQ(reading.usage.step, UsageStep::kGeneric) << response;
    EXPECT_EQ(reading.usage.input_tokens, 3) << response;
    EXPECT_EQ(reading.usage.output_tokens, 4) << response;
    EXPECT_EQ(reading.response_model, "m") << response;
    EXPECT_EQ(reading.request_model, "gpt-4o");
    EXPECT_EQ(reading.faults_of(Fault::kMissingUsage), 0U);
  }
}

TEST_F(Fallback, SaysNothingOfAnUnknownProviderThatSaysNothing) {
  const Reading reading = read({.provider = "nobody", .type = "application/json", .response = R"({"text":"hello"})"});
  EXPECT_EQ(reading.usage.source, UsageSource::kNone);
  EXPECT_EQ(reading.usage.step, UsageStep::kNone);
}

TEST_F(Fallback, EstimatesAStreamThatNeverSaysItsUsage) {
  const Reading reading = read({.response = delta("Hello, ") + delta("world!!!!") + "data: [DONE]\n\n"});
  EXPECT_EQ(reading.usage.source, UsageSource::kEstimated);
  EXPECT_EQ(reading.usage.step, UsageStep::kEstimate);
  EXPECT_EQ(reading.usage.estimated, EstimatedCounts::kBoth);
  EXPECT_EQ(reading.usage.input_tokens, 2 + kTokensPerTurn);
  EXPECT_EQ(reading.usage.output_tokens, 4);
  EXPECT_EQ(reading.usage.total_tokens, std::nullopt);
  EXPECT_TRUE(reading.complete);
}

TEST_F(Fallback, EstimatesBothSidesOfAStreamThatWasCancelled) {
  const Reading reading =
      read({.response = delta("Hello, world!!!!") + "data: {\"id\":\"c1\",\"cho", .complete = false});
  EXPECT_EQ(reading.usage.source, UsageSource::kEstimated);
  EXPECT_EQ(reading.usage.input_tokens, 2 + kTokensPerTurn);
  EXPECT_EQ(reading.usage.output_tokens, 4);
  EXPECT_FALSE(reading.complete);
}

TEST_F(Fallback, CountsToolCallsRefusalsAndReasoningAsOutput) {
  for (const std::string_view member :
       {R"("refusal":"abcdefgh")", R"("reasoning_content":"abcdefgh")", R"("reasoning":"abcdefgh")",
        R"("tool_calls":[{"index":0,"function":{"arguments":"abcdefgh"}}])",
        R"("tool_calls":[{"index":0,"function":{"name":"abcd","arguments":"efgh"}}])"}) {
    const Reading reading =
        read({.response = "data: {\"choices\":[{\"delta\":{" + std::string(member) + "}}]}\n\n", .complete = false});
    EXPECT_EQ(reading.usage.output_tokens, 2) << member;
  }
}

constexpr std::string_view kMessageStart =
    "event: message_start\ndata: "
    "{\"type\":\"message_start\",\"message\":{\"id\":\"m1\",\"model\":\"claude\",\"usage\":{"
    "\"input_tokens\":100,\"cache_read_input_tokens\":900,\"output_tokens\":1}}}\n\n";
constexpr std::string_view kTextDelta =
    "event: content_block_delta\ndata: "
    "{\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\","
    "\"text\":\"Hello, world!!!!\"}}\n\n";

TEST_F(Fallback, KeepsTheInputThatABrokenStreamHadReported) {
  const Reading reading = read({.provider = "anthropic",
                                .target = "/v1/messages",
                                .response = std::string(kMessageStart) + std::string(kTextDelta),
                                .complete = false});
  EXPECT_EQ(reading.usage.source, UsageSource::kEstimated);
  EXPECT_EQ(reading.usage.step, UsageStep::kEstimate);
  EXPECT_EQ(reading.usage.estimated, EstimatedCounts::kOutput);
  EXPECT_EQ(reading.usage.input_tokens, 1000);
  EXPECT_EQ(reading.usage.cache_read_input_tokens, 900);
  EXPECT_EQ(reading.usage.output_tokens, 4);
}

constexpr std::string_view kError =
    "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\"}}\n\n";

// What message_start says of output is a placeholder.
TEST_F(Fallback, TakesAnErrorInTheMidstOfAStreamForItsBreakingOff) {
  for (const bool complete : {true, false}) {
    const Reading reading =
        read({.provider = "anthropic",
              .target = "/v1/messages",
              .response = std::string(kMessageStart) + std::string(kTextDelta) + std::string(kError),
              .complete = complete});
    EXPECT_EQ(reading.usage.source, UsageSource::kEstimated);
    EXPECT_EQ(reading.usage.input_tokens, 1000);
    EXPECT_EQ(reading.usage.output_tokens, 4);
    EXPECT_EQ(reading.error_type, "overloaded_error");
    EXPECT_FALSE(reading.complete);
  }
  const Reading silent = read({.provider = "anthropic",
                               .target = "/v1/messages",
                               .response = std::string(kMessageStart) + std::string(kError)});
  EXPECT_EQ(silent.usage.source, UsageSource::kReported) << "no text, no estimate";
  EXPECT_EQ(silent.usage.output_tokens, 1);
  EXPECT_FALSE(silent.complete) << "so its cost is a lower bound";
  const Reading openai = read({.response = delta("Hello, world!!!!") + "data: {\"error\":{\"code\":\"e\"}}\n\n"});
  EXPECT_EQ(openai.usage.source, UsageSource::kEstimated);
  EXPECT_EQ(openai.usage.output_tokens, 4);
  EXPECT_FALSE(openai.complete);
  const Reading ended = read({.provider = "anthropic",
                              .target = "/v1/messages",
                              .response = std::string(kMessageStart) + std::string(kTextDelta) +
                                          "event: message_delta\ndata: {\"delta\":{\"stop_reason\":\"end_turn\"},"
                                          "\"usage\":{\"output_tokens\":7}}\n\n" +
                                          std::string(kError)});
  EXPECT_EQ(ended.usage.source, UsageSource::kReported) << "it had said all before";
  EXPECT_TRUE(ended.complete);
}

// OpenRouter, OpenAI's Responses and Cohere say a finish reason with the error.
TEST_F(Fallback, TakesAnErrorWithAFinishReasonForABreakingOff) {
  const std::string error =
      "data: {\"id\":\"c1\",\"error\":{\"code\":502},\"choices\":[{\"delta\":{\"content\":\"\"},"
      "\"finish_reason\":\"error\"";
  const std::string done = "data: [DONE]\n\n";
  for (const std::string& last : {error + "}]}\n\n", error + "}]}\n\n" + done}) {
    const Reading reading = read(
        {.provider = "openrouter", .target = "/api/v1/chat/completions", .response = delta("Hello, world!!!!") + last});
    EXPECT_EQ(reading.usage.source, UsageSource::kEstimated);
    EXPECT_EQ(reading.usage.output_tokens, 4);
    EXPECT_EQ(reading.finish_reason, "error");
    EXPECT_FALSE(reading.complete);
    const Reading refused = read({.provider = "openrouter", .target = "/api/v1/chat/completions", .response = last});
    EXPECT_EQ(refused.usage.source, UsageSource::kNone) << "it had said nothing yet";
    EXPECT_TRUE(refused.complete);
  }
  const Reading stated = read({.provider = "openrouter",
                               .target = "/api/v1/chat/completions",
                               .response = delta("Hello, world!!!!") + error +
                                           "}],\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":2}}\n\n" + done});
  EXPECT_EQ(stated.usage.source, UsageSource::kReported) << "its last word";
  EXPECT_EQ(stated.usage.output_tokens, 2);
  EXPECT_TRUE(stated.complete);
  const Reading failed =
      read({.target = "/v1/responses",
            .response = "event: response.output_text.delta\ndata: "
                        "{\"type\":\"response.output_text.delta\",\"delta\":\"abcdefgh\"}\n\n"
                        "event: response.failed\ndata: {\"type\":\"response.failed\",\"response\":{"
                        "\"status\":\"failed\",\"error\":{\"code\":\"server_error\"},\"usage\":null}}\n\n"});
  EXPECT_EQ(failed.usage.output_tokens, 2);
  EXPECT_EQ(failed.finish_reason, "failed");
  EXPECT_FALSE(failed.complete);
}

// A gateway whose time is over ends the response as HTTP asks, but not the answer within it.
TEST_F(Fallback, TakesAStreamWithoutItsLastWordsForOneThatBrokeOff) {
  const Reading claude = read({.provider = "anthropic",
                               .target = "/v1/messages",
                               .response = std::string(kMessageStart) + std::string(kTextDelta)});
  EXPECT_FALSE(claude.complete);
  EXPECT_EQ(claude.usage.estimated, EstimatedCounts::kOutput) << "message_start holds a placeholder";
  EXPECT_EQ(claude.usage.output_tokens, 4);
  const Reading openai = read({.response = delta("Hello, world!!!!")});
  EXPECT_FALSE(openai.complete);
  EXPECT_EQ(openai.usage.output_tokens, 4);
  const Reading responses =
      read({.target = "/v1/responses",
            .response = "event: response.created\ndata: {\"type\":\"response.created\",\"response\":{\"id\":\"r1\","
                        "\"status\":\"in_progress\"}}\n\nevent: response.output_text.delta\ndata: "
                        "{\"type\":\"response.output_text.delta\",\"delta\":\"abcd\"}\n\n"});
  EXPECT_FALSE(responses.complete);
  const Reading ollama = read({.provider = "ollama",
                               .target = "/api/chat",
                               .type = "application/x-ndjson",
                               .response = "{\"message\":{\"content\":\"abcd\"},\"done\":false}\n"});
  EXPECT_FALSE(ollama.complete);
  EXPECT_EQ(ollama.usage.output_tokens, 1);
  EXPECT_EQ(ollama.faults_of(Fault::kMissingUsage), 0U) << "nobody was silent where he should have spoken";
}

TEST_F(Fallback, KnowsTheEndOfAStreamByAnyOfItsLastWords) {
  for (const std::string_view last :
       {"data: [DONE]\n\n", "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n",
        "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}"}) {
    EXPECT_TRUE(read({.response = delta("Hello") + std::string(last)}).complete) << last;
  }
  EXPECT_TRUE(read({.provider = "nobody", .response = delta("Hello")}).complete) << "who knows how it ends";
}

TEST_F(Fallback, ASilentStreamIsNoneThatCameToItsEnd) {
  for (const std::string_view nothing : {"", ": keep alive\n\n"}) {
    const Reading cut = read({.response = std::string(nothing)});
    EXPECT_FALSE(cut.complete) << nothing;
    EXPECT_EQ(cut.usage.source, UsageSource::kNone) << "who knows whether a model was asked";
    EXPECT_EQ(cut.faults_of(Fault::kMissingUsage), 0U);
    EXPECT_EQ(read({.response = std::string(nothing), .complete = false}).usage.estimated, EstimatedCounts::kInput);
  }
}

// What message_start says is said before there is anything to count.
TEST_F(Fallback, CountsWhatOnlyTheBeginningOfAMessageStated) {
  const std::string zero =
      "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"m1\",\"usage\":{"
      "\"input_tokens\":0,\"output_tokens\":0}}}\n\n";
  const auto claude = [&](const std::string& response, bool complete = true) {
    return read({.provider = "anthropic", .target = "/v1/messages", .response = response, .complete = complete});
  };
  for (const bool complete : {true, false}) {
    const Reading cut = claude(zero + std::string(kTextDelta), complete);
    EXPECT_EQ(cut.usage.estimated, EstimatedCounts::kBoth);
    EXPECT_EQ(cut.usage.input_tokens, 2 + kTokensPerTurn);
    EXPECT_EQ(cut.usage.output_tokens, 4);
  }
  EXPECT_EQ(claude(zero, false).usage.source, UsageSource::kReported) << "no text, no estimate";
  const std::string stop =
      "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"}";
  for (const std::string_view usage : {"}\n\n", ",\"usage\":{}}\n\n"}) {
    const Reading ended = claude(std::string(kMessageStart) + std::string(kTextDelta) + stop + std::string(usage));
    EXPECT_EQ(ended.usage.estimated, EstimatedCounts::kOutput);
    EXPECT_EQ(ended.usage.input_tokens, 1000);
    EXPECT_EQ(ended.usage.output_tokens, 4);
    EXPECT_TRUE(ended.complete);
  }
  const Reading said = claude(zero + std::string(kTextDelta) + stop + ",\"usage\":{\"output_tokens\":2}}\n\n");
  EXPECT_EQ(said.usage.source, UsageSource::kReported);
  EXPECT_EQ(said.usage.input_tokens, 0) << "it came to its end";
}

TEST_F(Fallback, EstimatesWithinAStatedTotal) {
  const auto chat = [&](std::string_view usage) {
    return read({.type = "application/json",
                 .response =
                     R"({"choices":[{"message":{"content":"Hello, world!!!!"},"finish_reason":"stop"}],"usage":)" +
                     std::string(usage) + "}"})
        .usage;
  };
  const Usage hidden = chat(R"({"total_tokens":1000})");
  EXPECT_EQ(hidden.source, UsageSource::kEstimated);
  EXPECT_EQ(hidden.input_tokens, 2 + kTokensPerTurn);
  EXPECT_EQ(hidden.output_tokens, 1000 - 2 - kTokensPerTurn);
  EXPECT_EQ(hidden.total_tokens, 1000);
  const Usage less = chat(R"({"total_tokens":9})");
  EXPECT_EQ(less.input_tokens, 5);
  EXPECT_EQ(less.output_tokens, 4);
  const Usage nonsense = chat(R"({"total_tokens":3})");
  EXPECT_EQ(nonsense.input_tokens, 2 + kTokensPerTurn);
  EXPECT_EQ(nonsense.output_tokens, 4);
  EXPECT_EQ(nonsense.total_tokens, std::nullopt);
}

TEST_F(Fallback, TheSideThatIsNotStatedIsTheRestOfTheTotal) {
  for (const std::string_view usage :
       {R"({"prompt_tokens":990,"total_tokens":1000})", R"({"completion_tokens":10,"total_tokens":1000})"}) {
    const Usage rest = read({.type = "application/json", .response = R"({"usage":)" + std::string(usage) + "}"}).usage;
    EXPECT_EQ(rest.source, UsageSource::kReported);
    EXPECT_EQ(rest.step, UsageStep::kAlternative);
    EXPECT_EQ(rest.input_tokens, 990);
    EXPECT_EQ(rest.output_tokens, 10);
  }
  const Exchange embeds{.target = "/v1/embeddings",
                        .type = "application/json",
                        .response = R"({"usage":{"prompt_tokens":8,"total_tokens":9}})"};
  EXPECT_EQ(read(embeds).usage.output_tokens, std::nullopt) << "an endpoint without output";
  const Exchange equal{.type = "application/json", .response = R"({"usage":{"prompt_tokens":8,"total_tokens":8}})"};
  EXPECT_EQ(read(equal).usage.output_tokens, std::nullopt) << "not stated, and nothing is left for it";
}

// A gateway may say the input in parts at first, and at the end as a whole.
TEST_F(Fallback, TakesTheLastStatementWhereBothTogetherContradict) {
  const std::string stream =
      "event: message_start\ndata: "
      "{\"type\":\"message_start\",\"message\":{\"id\":\"m1\",\"usage\":{\"input_tokens\":10,"
      "\"cache_creation_input_tokens\":5000,\"cache_read_input_tokens\":2000,\"cache_creation\":{"
      "\"ephemeral_1h_input_tokens\":4000},\"output_tokens\":1}}}\n\n" +
      std::string(kTextDelta) +
      "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"},\"usage\":{"
      "\"input_tokens\":7010,\"cache_creation_input_tokens\":0,\"cache_read_input_tokens\":0,\"output_tokens\":50}}"
      "\n\n";
  for (const std::string_view provider : {"anthropic", "nobody"}) {
    const Reading reading = read({.provider = provider, .target = "/v1/messages", .response = stream});
    EXPECT_EQ(reading.usage.input_tokens, 7010) << provider;
    EXPECT_EQ(reading.usage.cache_read_input_tokens, 0) << provider;
    EXPECT_EQ(reading.usage.cache_creation_1h_input_tokens, std::nullopt) << provider;
    EXPECT_EQ(reading.usage.output_tokens, 50) << provider;
    EXPECT_EQ(reading.usage.step, provider == "nobody" ? UsageStep::kGeneric : UsageStep::kSpec);
  }
}

TEST_F(Fallback, EstimatesWhereOnlyToolsArgumentsLookLikeUsage) {
  const Reading reading =
      read({.provider = "anthropic",
            .target = "/v1/messages",
            .type = "application/json",
            .response = R"({"id":"m","content":[{"type":"tool_use","name":"log","input":{"usage":)"
                        R"({"input_tokens":123456,"output_tokens":7890}}}],"stop_reason":"tool_use"})"});
  EXPECT_EQ(reading.usage.source, UsageSource::kEstimated);
  EXPECT_EQ(reading.usage.input_tokens, 2 + kTokensPerTurn);
}

TEST_F(Fallback, SaysThatContentBrokeOffWithinItsCoding) {
  using wire::content_coding::Coding;
  const std::string whole = wire::content_coding::encode(Coding::kGzip, delta("Hello") + "data: [DONE]\n\n");
  for (const std::size_t cut : {std::size_t{0}, std::size_t{9}}) {
    const provider::Spec* spec = registry_->by_name("openai");
    ExchangeMeter meter(spec, registry_->endpoint(*spec, "POST", "/v1/chat/completions"), "/v1/chat/completions", {},
                        {.generic = registry_->generic(), .counter = &counter_});
    meter.response_head(200, std::vector<wire::Field>{{"content-type", kEvents}, {"content-encoding", "gzip"}});
    meter.response_content(std::string_view(whole).substr(0, whole.size() - cut));
    meter.response_end(true);
    EXPECT_EQ(meter.finish().complete, cut == 0) << cut;
  }
  EXPECT_FALSE(read({.type = "application/json", .response = R"({"id":"c1","choices":[{"mess)"}).complete);
}

TEST_F(Fallback, EstimatesNoLessThanWasReported) {
  const Reading reading = read({.provider = "gcp.gemini",
                                .target = "/v1beta/models/gemini-2.5-pro:streamGenerateContent",
                                .response = "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"Hi\"}]}}],"
                                            "\"usageMetadata\":{\"promptTokenCount\":8,\"candidatesTokenCount\":2,"
                                            "\"thoughtsTokenCount\":300,\"totalTokenCount\":310}}\r\n\r\n",
                                .complete = false});
  EXPECT_EQ(reading.usage.input_tokens, 8);
  EXPECT_EQ(reading.usage.output_tokens, 302);
  EXPECT_EQ(reading.usage.reasoning_output_tokens, 300);
}

TEST_F(Fallback, LeavesAStreamAloneThatHadSaidAllBeforeItBrokeOff) {
  const std::string all = std::string(kMessageStart) + std::string(kTextDelta) +
                          "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":"
                          "\"end_turn\"},\"usage\":{\"output_tokens\":7}}\n\n";
  const Reading reading = read({.provider = "anthropic", .target = "/v1/messages", .response = all, .complete = false});
  EXPECT_EQ(reading.usage.source, UsageSource::kReported);
  EXPECT_EQ(reading.usage.output_tokens, 7);
}

TEST_F(Fallback, NeverReplacesWhatTheProviderStated) {
  const Reading zero = read({.response = delta("Hello") + "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":0,"
                                                          "\"completion_tokens\":0}}\n\ndata: [DONE]\n\n"});
  EXPECT_EQ(zero.usage.source, UsageSource::kReported);
  EXPECT_EQ(zero.usage.input_tokens, 0);
  EXPECT_EQ(zero.usage.output_tokens, 0);
  const Reading nonsense =
      read({.type = "application/json",
            .response =
                R"({"choices":[{"message":{"content":"hello"}}],"usage":{"prompt_tokens":5,"completion_tokens":-9}})"});
  EXPECT_EQ(nonsense.usage.source, UsageSource::kReported);
  EXPECT_EQ(nonsense.usage.output_tokens, std::nullopt);
}

TEST_F(Fallback, NeverEstimatesWhatBillsNothingOrFailed) {
  const Exchange counting{
      .target = "/v1/responses/input_tokens", .type = "application/json", .response = R"({"input_tokens":9})"};
  EXPECT_EQ(read(counting).usage.source, UsageSource::kNone);
  const Exchange counting_usage{.provider = "anthropic",
                                .target = "/v1/messages/count_tokens",
                                .type = "application/json",
                                .response = R"({"usage":{"input_tokens":9}})"};
  EXPECT_EQ(read(counting_usage).usage.source, UsageSource::kNone) << "nor looks for usage there";
  const Exchange failed{
      .type = "application/json", .response = R"({"error":{"type":"rate_limit_error"}})", .status = 429};
  EXPECT_EQ(read(failed).usage.source, UsageSource::kNone);
  for (const bool complete : {true, false}) {
    const Reading refused =
        read({.response = "data: {\"error\":{\"type\":\"server_error\"}}\n\n", .complete = complete});
    EXPECT_EQ(refused.usage.source, UsageSource::kNone);
    EXPECT_EQ(refused.complete, complete);
  }
  const Exchange no_model{.type = "text/html", .response = "<html>Log in to the network</html>"};
  EXPECT_EQ(read(no_model).usage.source, UsageSource::kNone);
  const Exchange polled{.target = "/v1/chat/completions/c1",
                        .request = "",
                        .type = "application/json",
                        .response = R"({"choices":[{"message":{"content":"hello"}}]})",
                        .method = "GET"};
  EXPECT_EQ(read(polled).usage.source, UsageSource::kNone);
}

TEST_F(Fallback, EstimatesInputAloneWhereThatIsAllThereIs) {
  const Reading reading = read({.target = "/v1/embeddings",
                                .request = R"({"model":"e","input":["abcdefgh","abcdefgh"]})",
                                .type = "application/json",
                                .response = R"({"data":[{"embedding":[0.1]}]})"});
  EXPECT_EQ(reading.usage.input_tokens, 4);
  EXPECT_EQ(reading.usage.output_tokens, std::nullopt);
  EXPECT_EQ(reading.usage.estimated, EstimatedCounts::kInput);
}

TEST_F(Fallback, TakesTheDroppedMiddleOfALongStreamIntoAccount) {
  std::string response;
  for (int i = 0; i < 4000; ++i) response += delta("four");
  const Reading reading = read({.response = response, .complete = false}, std::size_t{32} << 10U);
  EXPECT_NEAR(static_cast<double>(reading.usage.output_tokens.value()), 4000, 40);
}

TEST_F(Fallback, KeepsNothingIfToldSo) {
  const Reading reading = read({.response = delta("Hello"), .complete = false}, 0);
  EXPECT_EQ(reading.usage.source, UsageSource::kNone);
}

TEST_F(Fallback, CountsTwoMessagesReadAsOne) {
  const auto message = [](std::string_view id, int tokens) {
    return "data: {\"id\":\"" + std::string(id) +
           "\",\"choices\":[],\"usage\":{\"prompt_tokens\":5,\"completion_tokens\":" + std::to_string(tokens) +
           "}}\n\n";
  };
  const Reading spliced = read({.response = message("c1", 9) + message("c2", 8)});
  EXPECT_EQ(spliced.faults_of(Fault::kSeveralMessages), 1U);
  EXPECT_EQ(spliced.usage.output_tokens, 8) << "the last message's, not what a search finds";
  EXPECT_EQ(spliced.usage.step, UsageStep::kSpec);
  EXPECT_EQ(read({.response = message("c1", 7) + message("c1", 8)}).faults_of(Fault::kSeveralMessages), 0U);
}

// Codex compresses what it sends; the bytes pass as they are, and a copy is read.
TEST_F(Fallback, EstimatesFromRequestsInZstdAndGzip) {
  using wire::content_coding::Coding;
  for (const Coding coding : {Coding::kZstd, Coding::kGzip}) {
    const provider::Spec* spec = registry_->by_name("openai");
    ExchangeMeter meter(spec, registry_->endpoint(*spec, "POST", "/v1/responses"), "/v1/responses", {},
                        {.generic = registry_->generic(), .counter = &counter_});
    meter.request_head(std::vector<wire::Field>{{"content-encoding", wire::content_coding::to_string(coding)}});
    meter.request_content(wire::content_coding::encode(
        coding, R"({"model":"gpt-5-codex","stream":true,"instructions":"abcdefgh","input":[{"content":"abcd"}]})"));
    meter.request_end();
    meter.response_head(200, std::vector<wire::Field>{{"content-type", kEvents}});
    meter.response_content(
        "event: response.output_text.delta\ndata: {\"type\":\"response.output_text.delta\",\"delta\":\"abcd\"}\n\n");
    meter.response_end(false);
    const Reading reading = meter.finish();
    EXPECT_EQ(reading.request_model, "gpt-5-codex");
    EXPECT_EQ(reading.usage.input_tokens, 3 + kTokensPerTurn);
    EXPECT_EQ(reading.usage.output_tokens, 1);
  }
}

}  // namespace
}  // namespace tokometer::meter
