// Every dimension that a price has, priced by the catalog that ships: each row
// fails without the one that it is named for.
#include <gtest/gtest.h>

#include <string>

#include "embedded/embedded.h"
#include "pricing/builtin_prices.h"
#include "pricing/catalog.h"

// g++ 12 warns of designated initializers that leave members at their defaults.
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

namespace tokometer::pricing {
namespace {

constexpr std::int64_t kMillion = 1'000'000;
constexpr std::string_view kBedrock = "bedrock-runtime.us-east-1.amazonaws.com";

struct Row {
  const char* dimension;
  std::string_view provider;
  std::string_view model;
  std::string_view host;
  const char* time;
  meter::Usage usage;
  const char* usd;
};

meter::Usage input(std::int64_t tokens) { return {.input_tokens = tokens, .output_tokens = 0}; }
meter::Usage input_with(std::string details) {
  return {.input_tokens = kMillion, .output_tokens = kMillion, .details = std::move(details)};
}
meter::Usage in_tier(std::string tier) {
  return {.input_tokens = kMillion, .output_tokens = kMillion, .service_tier = std::move(tier)};
}

const Row kRows[] = {
    {"five minute cache writes",
     "anthropic",
     "claude-opus-4-8",
     "",
     "2026-11-01",
     {.input_tokens = kMillion, .cache_creation_input_tokens = kMillion, .output_tokens = 0},
     "6.25"},
    {"one hour cache writes",
     "anthropic",
     "claude-opus-4-8",
     "",
     "2026-11-01",
     {.input_tokens = kMillion,
      .cache_creation_input_tokens = kMillion,
      .cache_creation_1h_input_tokens = kMillion,
      .output_tokens = 0},
     "10"},
    {"long context of one request", "anthropic", "claude-sonnet-4-5", "", "2026-01-01", input(200'001), "1.200006"},
    {"one hour cache writes in long context",
     "anthropic",
     "claude-sonnet-4-5",
     "",
     "2026-01-01",
     {.input_tokens = kMillion,
      .cache_creation_input_tokens = kMillion,
      .cache_creation_1h_input_tokens = kMillion,
      .output_tokens = 0},
     "12"},
    {"batches", "anthropic", "claude-opus-4-8", "", "2026-11-01", in_tier("batch"), "15"},
    {"flex", "openai", "gpt-5", "", "2026-11-01", in_tier("flex"), "5.625"},
    {"priority", "openai", "gpt-5", "", "2026-11-01", in_tier("priority"), "22.5"},
    {"fast answers", "anthropic", "claude-opus-4-8", "", "2026-11-01", input_with(R"({"speed":"fast"})"), "60"},
    {"answers of standard speed", "anthropic", "claude-opus-4-8", "", "2026-11-01",
     input_with(R"({"speed":"standard","inference_geo":"global"})"), "30"},
    {"processing in the US", "anthropic", "claude-opus-4-8", "", "2026-11-01", input_with(R"({"inference_geo":"us"})"),
     "33"},
    {"fast answers in the US", "anthropic", "claude-opus-4-8", "", "2026-11-01",
     input_with(R"({"inference_geo":"us","speed":"fast"})"), "66"},
    {"processing in the EU, by host",
     "openai",
     "gpt-5.4",
     "eu.api.openai.com",
     "2026-11-01",
     {.input_tokens = 1'000, .output_tokens = 1'000},
     "0.01925"},
    {"no region",
     "openai",
     "gpt-5.4",
     "api.openai.com:443",
     "2026-11-01",
     {.input_tokens = 1'000, .output_tokens = 1'000},
     "0.0175"},
    {"Bedrock's own names", "aws.bedrock", "anthropic.claude-sonnet-4-5-20250929-v1:0", kBedrock, "2026-11-01",
     input(1'000), "0.003"},
    {"a profile of one geography", "aws.bedrock", "us.anthropic.claude-sonnet-4-5-20250929-v1:0", kBedrock,
     "2026-11-01", input(1'000), "0.0033"},
    {"a global profile", "aws.bedrock", "global.anthropic.claude-sonnet-4-5-20250929-v1:0", kBedrock, "2026-11-01",
     input(1'000), "0.003"},
    {"a profile's ARN", "aws.bedrock",
     "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.anthropic.claude-sonnet-4-5-20250929-v1:0", kBedrock,
     "2026-11-01", input(1'000), "0.0033"},
    {"a model's ARN", "aws.bedrock",
     "arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-sonnet-4-5-20250929-v1:0", kBedrock, "2026-11-01",
     input(1'000), "0.003"},
    {"an opaque ARN has no price", "aws.bedrock",
     "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc123", kBedrock, "2026-11-01",
     input(1'000), "unknown"},
    {"a geography without a price of its own", "aws.bedrock", "ca.amazon.nova-lite-v1:0", kBedrock, "2026-11-01",
     input(kMillion), "0.06"},
    {"a region with a price of its own", "aws.bedrock", "meta.llama3-8b-instruct-v1:0",
     "bedrock-runtime.ap-south-1.amazonaws.com", "2026-11-01", input(kMillion), "0.36"},
    {"another region of that model", "aws.bedrock", "meta.llama3-8b-instruct-v1:0", kBedrock, "2026-11-01",
     input(kMillion), "0.3"},
    {"Vertex AI's dates", "gcp.vertex_ai", "claude-sonnet-4-5@20250929", "", "2026-01-01", input(1'000), "0.003"},
    {"Vertex AI's paths", "gcp.vertex_ai", "publishers/google/models/gemini-2.5-flash", "", "2026-11-01",
     input(kMillion), "0.3"},
    {"off-peak hours", "deepseek", "deepseek-chat", "", "2025-06-01T16:30:00Z", input(kMillion), "0.135"},
    {"peak hours", "deepseek", "deepseek-chat", "", "2025-06-01T16:29:59Z", input(kMillion), "0.27"},
    {"earlier prices", "openai", "o3", "", "2025-06-09", input(kMillion), "10"},
    {"calls of tools",
     "anthropic",
     "claude-opus-4-8",
     "",
     "2026-11-01",
     {.input_tokens = 0, .output_tokens = 0, .tool_calls = {{"web_search", 3}}},
     "0.03"},
    {"searches with OpenAI",
     "openai",
     "gpt-5-mini-2025-08-07",
     "",
     "2026-11-01",
     {.input_tokens = 0, .output_tokens = 0, .tool_calls = {{"web_search", 3}}},
     "0.03"},
    {"searches with xAI",
     "x_ai",
     "grok-4",
     "",
     "2026-11-01",
     {.input_tokens = 0, .output_tokens = 0, .tool_calls = {{"web_search", 2}, {"x_search", 1}}},
     "0.015"},
    {"a prompt with searches",
     "gcp.gemini",
     "gemini-2.5-pro",
     "",
     "2026-11-01",
     {.input_tokens = 0, .output_tokens = 0, .tool_calls = {{"web_search", 3}, {"grounded_prompt", 1}}},
     "0.035"},
    {"searches of a prompt",
     "gcp.vertex_ai",
     "gemini-3-flash-preview",
     "",
     "2026-11-01",
     {.input_tokens = 0, .output_tokens = 0, .tool_calls = {{"web_search", 3}, {"grounded_prompt", 1}}},
     "0.042"},
    {"Vertex AI's flexible tier",
     "gcp.vertex_ai",
     "gemini-2.5-flash",
     "",
     "2026-11-01",
     {.input_tokens = kMillion, .output_tokens = kMillion, .reasoning_output_tokens = kMillion, .service_tier = "FLEX"},
     "1.4"},
    {"Google's batches, what a cache held at its usual price",
     "gcp.gemini",
     "gemini-2.5-flash",
     "",
     "2026-11-01",
     {.input_tokens = kMillion, .cache_read_input_tokens = kMillion / 2, .output_tokens = 0, .service_tier = "batch"},
     "0.09"},
    {"Google's batches, where that is halved too",
     "gcp.gemini",
     "gemini-3.1-flash-lite",
     "",
     "2026-11-01",
     {.input_tokens = kMillion, .cache_read_input_tokens = kMillion, .output_tokens = 0, .service_tier = "batch"},
     "0.0125"},
    {"long prompts in a batch",
     "gcp.gemini",
     "gemini-2.5-pro",
     "",
     "2026-11-01",
     {.input_tokens = kMillion, .output_tokens = kMillion, .service_tier = "batch"},
     "8.75"},
    {"Vertex AI's batches",
     "gcp.vertex_ai",
     "gemini-2.5-flash",
     "",
     "2026-11-01",
     {.input_tokens = kMillion,
      .output_tokens = kMillion,
      .reasoning_output_tokens = kMillion,
      .service_tier = "batch"},
     "1.4"},
    {"Google's priority",
     "gcp.gemini",
     "gemini-2.5-pro",
     "",
     "2026-11-01",
     {.input_tokens = 100'000, .output_tokens = 0, .service_tier = "priority"},
     "0.225"},
    {"a batch of OpenAI that reads a cache",
     "openai",
     "gpt-5.4",
     "",
     "2026-11-01",
     {.input_tokens = 100'000, .cache_read_input_tokens = 100'000, .output_tokens = 0, .service_tier = "batch"},
     "0.013"},
    {"a release's priority",
     "openai",
     "gpt-4.1-nano-2025-04-14",
     "",
     "2026-11-01",
     {.input_tokens = kMillion, .output_tokens = 0, .service_tier = "priority"},
     "0.2"},
    {"audio",
     "openai",
     "gpt-realtime",
     "",
     "2026-11-01",
     {.input_tokens = kMillion, .audio_input_tokens = kMillion, .output_tokens = 0},
     "32"},
    {"audio from a cache",
     "openai",
     "gpt-realtime",
     "",
     "2026-11-01",
     {.input_tokens = kMillion,
      .cache_read_input_tokens = kMillion,
      .audio_input_tokens = kMillion,
      .cache_read_audio_input_tokens = kMillion,
      .output_tokens = 0},
     "0.4"},
    {"images that come out",
     "gcp.gemini",
     "gemini-2.5-flash-image",
     "",
     "2026-11-01",
     {.input_tokens = 0, .output_tokens = kMillion, .image_output_tokens = kMillion},
     "30"},
    // What a provider's own bill for such a call was: 0.091 + 0.038 + 0.582 + 0.105 USD.
    {"reasoning, citations and searches",
     "perplexity",
     "sonar-deep-research",
     "",
     "2026-11-01",
     {.input_tokens = 33,
      .output_tokens = 11'395 + 193'947,
      .reasoning_output_tokens = 193'947,
      .tool_calls = {{"search_query", 21}, {"citation_token", 19'028}}},
     "0.816123"},
    {"a fee for each request",
     "perplexity",
     "sonar-pro",
     "",
     "2026-11-01",
     {.input_tokens = 20, .output_tokens = 1'645, .details = R"({"search_context_size":"low"})"},
     "0.030735"},
    {"a fee by the size of its context",
     "perplexity",
     "sonar-pro",
     "",
     "2026-11-01",
     {.input_tokens = 20, .output_tokens = 1'645, .details = R"({"search_context_size":"high"})"},
     "0.038735"},
    {"a fee for the search of each request",
     "openai",
     "gpt-4o-search-preview-2025-03-11",
     "",
     "2026-11-01",
     {.input_tokens = 1'000, .output_tokens = 100},
     "0.0285"},
    {"the provider's own statement",
     "openrouter",
     "anthropic/claude-sonnet-4.5",
     "",
     "2026-11-01",
     {.input_tokens = 1'000, .output_tokens = 0, .provider_cost_usd = "0.0042"},
     "0.0042"},
    {"a local server", "ollama", "llama3.2", "localhost:11434", "2026-11-01", input(1'000), "unknown"},
};

TEST(Dimensions, EachHasItsPrice) {
  const auto catalog = Catalog::load(BuiltinPrices(), {});
  ASSERT_TRUE(catalog) << catalog.error().message;
  for (const Row& row : kRows) {
    const auto cost = (*catalog)->cost({row.provider, row.model, row.host, *parse_rfc3339(row.time)}, row.usage);
    EXPECT_EQ(cost ? usd_text(cost->total) : "unknown", row.usd)
        << row.dimension << (cost ? "\n" + cost->details_json() : "");
  }
}

TEST(Dimensions, BothCostsAreKept) {
  const auto catalog = Catalog::load(BuiltinPrices(), {});
  ASSERT_TRUE(catalog);
  const meter::Usage usage{.input_tokens = 1'000, .output_tokens = 0, .provider_cost_usd = "0.0042"};
  const auto cost =
      (*catalog)->cost({"openrouter", "anthropic/claude-sonnet-4.5", "", *parse_rfc3339("2026-11-01")}, usage);
  ASSERT_TRUE(cost);
  EXPECT_EQ(usd_text(cost->total), "0.0042");
  EXPECT_EQ(usd_text(*cost->computed), "0.003");
}

// Throughput that was bought in advance costs nothing more: what is computed is what the call would cost without.
TEST(Dimensions, DetailsNameATierWithoutAPrice) {
  const auto catalog = Catalog::load(BuiltinPrices(), {});
  ASSERT_TRUE(catalog);
  const meter::Usage usage = in_tier("PROVISIONED_THROUGHPUT");
  const auto cost = (*catalog)->cost({"gcp.vertex_ai", "gemini-2.5-flash", "", *parse_rfc3339("2026-11-01")}, usage);
  ASSERT_TRUE(cost);
  EXPECT_TRUE(cost->details_json().contains(R"("unpriced":["PROVISIONED_THROUGHPUT"])")) << cost->details_json();
}

TEST(Dimensions, DetailsNameTheSurcharges) {
  const auto catalog = Catalog::load(BuiltinPrices(), {});
  ASSERT_TRUE(catalog);
  const auto cost =
      (*catalog)->cost({"anthropic", "claude-opus-4-8", "", *parse_rfc3339("2026-11-01")},
                       {.input_tokens = 1'000, .output_tokens = 0, .details = R"({"inference_geo":"US"})"});
  ASSERT_TRUE(cost);
  EXPECT_EQ(cost->details_json(), R"({"parts":{"input":{"count":1000,"price":"5.5","per":1000000,"usd":"0.0055"}},)"
                                  R"("computed":"0.0055","surcharges":{"us":"1.1"}})");
}

}  // namespace
}  // namespace tokometer::pricing
