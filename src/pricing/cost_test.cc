#include "pricing/cost.h"

#include <gtest/gtest.h>

#include <limits>

#include "pricing/price_file.h"

// g++ 12 warns of designated initializers that leave members at their defaults.
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

namespace tokometer::pricing {
namespace {

constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();

// The only entry of a file that has the given fields.
Entry entry_of(std::string_view fields) {
  json::Mistakes mistakes("test.json");
  const std::string content =
      R"({"provider": "p", "models": [{"id": "m", "prices": [{)" + std::string(fields) + "}]}]}";
  PriceFile file = read_price_file(content, Origin::kBuiltin, mistakes);
  EXPECT_TRUE(mistakes.empty()) << (mistakes.empty() ? "" : mistakes.first().message);
  return std::move(file.models.at(0).entries.at(0));
}

std::string usd_of(const Entry& entry, const meter::Usage& usage) {
  const auto cost = price_usage(&entry, usage);
  return cost ? usd_text(cost->total) : "unknown";
}

constexpr std::string_view kOpus = R"("input": 5, "output": 25, "cache_read": 0.5, "cache_write": 6.25,
    "cache_write_1h": 10, "tools": {"web_search": 10}, "tiers": {"batch": {"input": 2.5, "output": 12.5,
    "cache_read": 0.25, "cache_write": 3.125, "cache_write_1h": 5}})";

TEST(Cost, PricesEachPartAtItsOwnRate) {
  // 11 tokens beside the cache, 3 written to it, 5 read from it, 7 out.
  const meter::Usage usage{
      .input_tokens = 19, .cache_read_input_tokens = 5, .cache_creation_input_tokens = 3, .output_tokens = 7};
  EXPECT_EQ(usd_of(entry_of(kOpus), usage), "0.00025125");
  EXPECT_EQ(usd_of(entry_of(R"("input": 3, "output": 15, "cache_read": 0.3, "cache_write": 3.75)"), usage),
            "0.00015075");
}

TEST(Cost, NeverCountsCachedTokensTwice) {
  // BerriAI/litellm#9812, langfuse/langfuse#10592, maximhq/bifrost#904: cached tokens priced again as input.
  const meter::Usage usage{.input_tokens = 1'000'000, .cache_read_input_tokens = 900'000, .output_tokens = 0};
  const Entry entry = entry_of(kOpus);
  EXPECT_EQ(usd_of(entry, usage), "0.95");
  const auto cost = price_usage(&entry, usage);
  std::int64_t counted = 0;
  for (const CostPart& part : cost->parts) counted += part.count;
  EXPECT_EQ(counted, 1'000'000);
}

TEST(Cost, PricesOneHourWritesAtTheirOwnRate) {
  // Owloops/claude-powerline#104, blpsoares/agentistics#565: one hour writes at the five minute rate.
  meter::Usage usage{.input_tokens = 2'000'000, .cache_creation_input_tokens = 2'000'000, .output_tokens = 0};
  EXPECT_EQ(usd_of(entry_of(kOpus), usage), "12.5");
  usage.cache_creation_1h_input_tokens = 1'500'000;
  EXPECT_EQ(usd_of(entry_of(kOpus), usage), "18.125");
}

constexpr std::string_view kLong = R"("input": 3, "output": 15, "cache_read": 0.3, "cache_write": 3.75,
    "cache_write_1h": 6, "long_context": [{"above": 200000, "input": 6, "output": 22.5, "cache_read": 0.6,
    "cache_write": 7.5, "cache_write_1h": 12}])";

TEST(Cost, LongContextRatesHoldForTheWholeRequest) {
  // junhoyeo/tokscale#862: not only the tokens beyond the threshold.
  const Entry entry = entry_of(kLong);
  meter::Usage usage{.input_tokens = 200'000, .output_tokens = 1'000};
  EXPECT_EQ(usd_of(entry, usage), "0.615");
  usage.input_tokens = 200'001;
  EXPECT_EQ(usd_of(entry, usage), "1.222506");
  EXPECT_EQ(price_usage(&entry, usage)->long_context, 200'000);
}

TEST(Cost, LongContextCountsWhatTheCacheHeld) {
  const meter::Usage usage{.input_tokens = 250'000, .cache_read_input_tokens = 249'000, .output_tokens = 0};
  EXPECT_EQ(usd_of(entry_of(kLong), usage), "0.1554");
}

TEST(Cost, LongContextHasItsOwnOneHourRate) {
  // BerriAI/litellm#18988.
  const meter::Usage usage{.input_tokens = 300'000,
                           .cache_creation_input_tokens = 300'000,
                           .cache_creation_1h_input_tokens = 300'000,
                           .output_tokens = 0};
  EXPECT_EQ(usd_of(entry_of(kLong), usage), "3.6");
}

TEST(Cost, LongContextRaisesTiersThatSayNothingOfItLikeTheStandardRates) {
  const Entry entry = entry_of(R"("input": 2.5, "output": 15, "long_context": [{"above": 272000, "input": 5,
      "output": 22.5}], "tiers": {"batch": {"input": 1.25, "output": 7.5}})");
  meter::Usage usage{.input_tokens = 300'000, .output_tokens = 1'000};
  EXPECT_EQ(usd_of(entry, usage), "1.5225");
  usage.service_tier = "batch";
  EXPECT_EQ(usd_of(entry, usage), "0.76125");
  usage.input_tokens = 200'000;
  EXPECT_EQ(usd_of(entry, usage), "0.2575");
}

TEST(Cost, UsesTheRatesOfTheServiceTier) {
  const Entry entry = entry_of(kOpus);
  meter::Usage usage{
      .input_tokens = 1'000'000, .cache_read_input_tokens = 500'000, .output_tokens = 100'000, .service_tier = "batch"};
  EXPECT_EQ(usd_of(entry, usage), "2.625");
  EXPECT_EQ(price_usage(&entry, usage)->tier, "batch");
  for (const char* standard : {"", "default", "standard", "auto", "on_demand", "DEFAULT"}) {
    usage.service_tier = standard;
    EXPECT_EQ(usd_of(entry, usage), "5.25") << standard;
    EXPECT_TRUE(price_usage(&entry, usage)->unpriced.empty());
  }
}

TEST(Cost, SaysWhichTierAndToolsHaveNoPrice) {
  const Entry entry = entry_of(kOpus);
  const meter::Usage usage{.input_tokens = 1'000'000,
                           .output_tokens = 0,
                           .tool_calls = {{"web_search", 2}, {"time_travel", 1}, {"unused", 0}},
                           .service_tier = "priority"};
  const auto cost = price_usage(&entry, usage);
  ASSERT_TRUE(cost);
  EXPECT_EQ(usd_text(cost->total), "5.02");
  EXPECT_EQ(cost->unpriced, (std::vector<std::string_view>{"priority", "time_travel"}));
}

TEST(Cost, TiersHaveLongContextRatesToo) {
  const Entry entry = entry_of(R"("input": 2, "output": 12, "long_context": [{"above": 200000, "input": 4,
      "output": 18}], "tiers": {"priority": {"input": 3.6, "long_context": [{"above": 200000, "input": 7.2}]}})");
  const meter::Usage usage{.input_tokens = 1'000'000, .output_tokens = 1'000'000, .service_tier = "priority"};
  EXPECT_EQ(usd_of(entry, usage), "25.2");  // output: the tier says nothing, so the standard rate of that length
}

TEST(Cost, PricesAudioAndImagesApartOnlyWhereTheyHaveAPrice) {
  const meter::Usage usage{.input_tokens = 1'000'000,
                           .cache_read_input_tokens = 300'000,
                           .audio_input_tokens = 500'000,
                           .cache_read_audio_input_tokens = 200'000,
                           .image_input_tokens = 100'000,
                           .output_tokens = 1'000'000,
                           .audio_output_tokens = 400'000,
                           .image_output_tokens = 100'000};
  // 300k fresh audio, 100k images, 300k text; 200k cached audio, 100k cached text; 400k audio, 100k images, 500k text.
  EXPECT_EQ(usd_of(entry_of(R"("input": 1, "output": 2, "cache_read": 0.1, "audio_input": 10, "cache_read_audio": 3,
      "image_input": 5, "audio_output": 20, "image_output": 30)"),
                   usage),
            "16.41");
  EXPECT_EQ(usd_of(entry_of(R"("input": 1, "output": 2, "cache_read": 0.1)"), usage), "2.73");
}

TEST(Cost, PricesReasoningApartOnlyWhereItHasAPrice) {
  const meter::Usage usage{.input_tokens = 0, .output_tokens = 1'000'000, .reasoning_output_tokens = 400'000};
  EXPECT_EQ(usd_of(entry_of(R"("input": 1, "output": 2)"), usage), "2");
  EXPECT_EQ(usd_of(entry_of(R"("input": 1, "output": 2, "reasoning": 3)"), usage), "2.4");
}

TEST(Cost, CachePartsWithoutAPriceCostWhatInputCosts) {
  const meter::Usage usage{.input_tokens = 1'000'000,
                           .cache_read_input_tokens = 300'000,
                           .cache_creation_input_tokens = 300'000,
                           .output_tokens = 0};
  EXPECT_EQ(usd_of(entry_of(R"("input": 2, "output": 8)"), usage), "2");
}

TEST(Cost, NonsenseNeverMakesACostNegative) {
  const Entry entry = entry_of(R"("input": 5, "output": 25, "cache_read": 0.5, "audio_input": 9, "reasoning": 30)");
  // More cached than sent, more reasoning than came out, negative counts: all seen in real traffic.
  EXPECT_EQ(usd_of(entry, {.input_tokens = 10, .cache_read_input_tokens = 1'000'000, .output_tokens = 0}), "0.5");
  EXPECT_EQ(usd_of(entry, {.input_tokens = 0, .output_tokens = 10, .reasoning_output_tokens = 1'000'000}), "0.0003");
  EXPECT_EQ(usd_of(entry, {.input_tokens = 1'000'000, .output_tokens = -9}), "5");
  EXPECT_EQ(usd_of(entry, {.input_tokens = 10, .cache_read_input_tokens = -1'000'000, .output_tokens = 0}), "0.00005");
  EXPECT_EQ(usd_of(entry, {.input_tokens = -5, .audio_input_tokens = kMax, .output_tokens = -5}), "0");
  EXPECT_EQ(usd_of(entry, {.input_tokens = 1, .output_tokens = 0, .tool_calls = {{"x", -5}}}), "0.000005");
}

TEST(Cost, UnknownIsNeverZero) {
  const Entry entry = entry_of(kOpus);
  EXPECT_EQ(usd_of(entry, {}), "unknown");
  EXPECT_EQ(usd_of(entry, {.output_tokens = 7}), "unknown") << "what went in cost something";
  EXPECT_EQ(usd_of(entry, {.input_tokens = 7}), "unknown") << "and so did what came out";
  EXPECT_EQ(usd_of(entry, {.input_tokens = 1'000'000, .total_tokens = 1'000'000}), "5") << "nothing came out";
  EXPECT_EQ(usd_of(entry_of(R"("input": 2, "output": 0)"), {.input_tokens = 1'000'000}), "2");
  EXPECT_EQ(usd_of(entry_of(R"("input": 0, "output": 2)"), {.output_tokens = 1'000'000}), "2");
  EXPECT_EQ(price_usage(nullptr, {.input_tokens = 1, .output_tokens = 1}), std::nullopt);
  EXPECT_EQ(usd_of(entry_of(R"("input": 0.02)"), {.input_tokens = 1'000'000}), "0.02");  // an embedding
  EXPECT_EQ(usd_of(entry_of(R"("input": 0.02)"), {.input_tokens = 1, .output_tokens = 1}), "unknown");
  EXPECT_EQ(usd_of(entry_of(R"("output": 2)"), {.input_tokens = 1, .output_tokens = 1}), "unknown");
  EXPECT_EQ(usd_of(entry, {.input_tokens = kMax, .output_tokens = 1}), "unknown");  // beyond 64 bits
  EXPECT_EQ(usd_of(entry, {.input_tokens = 0, .output_tokens = 0}), "0");           // zero, and known to be
}

TEST(Cost, PricesWhatIsBilledWhereThatDiffers) {
  const Entry entry = entry_of(R"("input": 1, "output": 2)");
  const meter::Usage usage{.input_tokens = 900'000,
                           .output_tokens = 900'000,
                           .billed_input_tokens = 100'000,
                           .billed_output_tokens = 200'000};
  EXPECT_EQ(usd_of(entry, usage), "0.5");
}

TEST(Cost, SurchargesMultiplyTokensOnly) {
  const Entry entry = entry_of(R"("input": 1, "output": 2, "tools": {"web_search": 10}, "surcharges": [
      {"name": "fast", "usage": "$.speed", "is": "fast", "times": 2.5},
      {"name": "level", "usage": "$.level", "is": "3", "times": 2},
      {"name": "eu", "host": "*.eu.example", "times": 1.1}])");
  meter::Usage usage{.input_tokens = 1'000'000,
                     .output_tokens = 0,
                     .tool_calls = {{"web_search", 1}},
                     .details = R"({"speed": "FAST", "level": 3})"};
  EXPECT_EQ(usd_text(price_usage(&entry, usage)->total), "5.01");
  EXPECT_EQ(usd_text(price_usage(&entry, usage, "api.eu.example:443")->total), "5.51");
  for (const char* other : {"", "{}", "[", R"({"speed": null})", R"({"speed": {"fast": 1}})"}) {
    usage.details = other;
    EXPECT_EQ(usd_of(entry, usage), "1.01") << other;
  }
}

TEST(Cost, TheFirstRequestFeeThatHoldsIsTaken) {
  const Entry entry = entry_of(R"("input": 0, "output": 0, "requests": [
      {"usage": "$.size", "is": "high", "price": 12}, {"host": "slow.example", "price": 8}, {"price": 5}])");
  meter::Usage usage{.input_tokens = 1, .output_tokens = 1};
  EXPECT_EQ(usd_of(entry, usage), "0.005");
  EXPECT_EQ(usd_text(price_usage(&entry, usage, "slow.example")->total), "0.008");
  usage.details = R"({"size": "high"})";
  EXPECT_EQ(usd_text(price_usage(&entry, usage, "slow.example")->total), "0.012");
}

// Cohere states the cached part of what it used, and bills the same with it as without.
TEST(Cost, BilledInputHasNoCachedPart) {
  const Entry entry = entry_of(R"("input": 2.5, "cache_read": 1, "output": 10)");
  const meter::Usage usage{.input_tokens = 614,
                           .cache_read_input_tokens = 480,
                           .output_tokens = 13,
                           .billed_input_tokens = 12,
                           .billed_output_tokens = 10};
  EXPECT_EQ(usd_of(entry, usage), "0.00013");
}

TEST(Cost, PrefersWhatTheProviderStates) {
  const Entry entry = entry_of(kOpus);
  meter::Usage usage{.input_tokens = 1'000'000, .output_tokens = 0, .provider_cost_usd = "4.2e0"};
  auto cost = price_usage(&entry, usage);
  EXPECT_EQ(usd_text(cost->total), "4.2");
  EXPECT_EQ(usd_text(*cost->computed), "5");
  EXPECT_TRUE(cost->stated);
  EXPECT_NE(cost->details_json().find(R"("computed":"5","stated":"4.2")"), std::string::npos);

  cost = price_usage(nullptr, usage);
  ASSERT_TRUE(cost);
  EXPECT_EQ(cost->details_json(), R"({"stated":"4.2"})");
  EXPECT_EQ(cost->price_ref, "");

  for (const char* nonsense : {"-1", "free", "NaN"}) {
    usage.provider_cost_usd = nonsense;
    EXPECT_EQ(usd_of(entry, usage), "5") << nonsense;
    EXPECT_EQ(price_usage(nullptr, usage), std::nullopt);
  }
}

TEST(Cost, DetailsNameEveryPart) {
  const Entry entry = entry_of(std::string(R"("from": "2026-05-01", )") + std::string(kOpus));
  const meter::Usage usage{.input_tokens = 11, .output_tokens = 7, .tool_calls = {{"web_search", 1}}};
  const auto cost = price_usage(&entry, usage);
  EXPECT_EQ(cost->price_ref, "p/m@2026-05-01");
  EXPECT_EQ(cost->details_json(),
            R"({"parts":{"input":{"count":11,"price":"5","per":1000000,"usd":"0.000055"},)"
            R"("output":{"count":7,"price":"25","per":1000000,"usd":"0.000175"},)"
            R"("web_search":{"count":1,"price":"10","per":1000,"usd":"0.01"}},"computed":"0.01023"})");
}

TEST(Cost, PartsAddUpToTheTotal) {
  // Prices so odd that each part is rounded.
  const Entry entry = entry_of(R"("input": 0.0000005, "output": 0.0000005, "cache_read": 0.0000005)");
  const auto cost = price_usage(&entry, {.input_tokens = 2, .cache_read_input_tokens = 1, .output_tokens = 1});
  EXPECT_EQ(cost->total, 3);
  Picodollars sum = 0;
  for (const CostPart& part : cost->parts) sum += part.amount;
  EXPECT_EQ(sum, cost->total);
}

}  // namespace
}  // namespace tokometer::pricing
