// Prices recorded usages and compares with what genai-prices computed for them,
// another program with figures of its own. Where the two differ, the reason is
// one of the table below; anything else fails.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <set>
#include <string>

#include "base/files.h"
#include "embedded/embedded.h"
#include "json/document.h"
#include "pricing/builtin_prices.h"
#include "pricing/catalog.h"
#include "wire/content_coding.h"

namespace tokometer::pricing {
namespace {

// When the other program computed its prices.
const UtcTime kComputed = *parse_rfc3339("2026-08-21");

// Its providers by our names.
const std::map<std::string_view, std::string_view> kProviders{
    {"anthropic", "anthropic"},
    {"aws", "aws.bedrock"},
    {"azure", "azure.ai.openai"},
    {"cerebras", "cerebras"},
    {"cohere", "cohere"},
    {"deepseek", "deepseek"},
    {"fireworks", "fireworks"},
    {"google", "gcp.gemini"},
    {"groq", "groq"},
    {"minimax", "minimax"},
    {"mistral", "mistral_ai"},
    {"moonshotai", "moonshot_ai"},
    {"openai", "openai"},
    {"openrouter", "openrouter"},
    {"perplexity", "perplexity"},
    {"together", "together"},
    {"x-ai", "x_ai"},
    {"zai", "z_ai"},
};

meter::Count count_of(json::Node usage, std::string_view name) {
  const auto value = usage[name].int64();
  return value ? meter::Count(*value) : std::nullopt;
}

// Its counts as ours: both have parts within their wholes.
meter::Usage usage_of(json::Node counts) {
  meter::Usage usage;
  usage.input_tokens = count_of(counts, "input_tokens");
  usage.cache_read_input_tokens = count_of(counts, "cache_read_tokens");
  usage.cache_creation_input_tokens = count_of(counts, "cache_write_tokens");
  usage.cache_creation_1h_input_tokens = count_of(counts, "cache_write_1h_tokens");
  usage.audio_input_tokens = count_of(counts, "input_audio_tokens");
  usage.cache_read_audio_input_tokens = count_of(counts, "cache_audio_read_tokens");
  usage.image_input_tokens = count_of(counts, "input_image_tokens");
  usage.output_tokens = count_of(counts, "output_tokens");
  usage.reasoning_output_tokens = count_of(counts, "output_reasoning_tokens");
  usage.audio_output_tokens = count_of(counts, "output_audio_tokens");
  usage.image_output_tokens = count_of(counts, "output_image_tokens");
  return usage;
}

Picodollars sum_of(const Cost& cost, bool input) {
  static const std::set<std::string_view> outputs{"output", "reasoning", "audio_output", "image_output"};
  Picodollars sum = 0;
  for (const CostPart& part : cost.parts) {
    if (!part.is_tool && outputs.contains(part.name) != input) sum += part.amount;
  }
  return sum;
}

// A difference that is known, by provider and the beginning of the model's name.
struct Known {
  std::string_view provider;
  std::string_view model;
  std::string_view why;
};
constexpr Known kKnown[] = {
    {"aws.bedrock", "openai.gpt-5.6-luna", "we have the price since 2026-07-30, theirs is the one before"},
    {"azure.ai.openai", "claude-sonnet-4-5", "we have Azure's price, without a step by length; theirs is Anthropic's"},
    {"azure.ai.openai", "gpt-4o-", "we have Azure's price of one zone, and of audio; theirs is OpenAI's"},
    {"azure.ai.openai", "gpt-oss-120b", "we have Azure's price; theirs is another provider's"},
    {"deepseek", "deepseek-reasoner", "we have the price since 2026-04-24, theirs is that of 2025"},
    {"openai", "gpt-4o-audio-preview", "audio that goes in has a price of its own here, which theirs does not know"},
    {"mistral_ai", "mistral-large-latest", "the lists disagree: ours is what the other two of them say"},
};

TEST(UsagesOracle, EveryDifferenceHasAReason) {
  const auto path = std::filesystem::path(TOKOMETER_SHARED_DIR) / "data" / "prices" / "genai-prices_usages.json.gz";
  if (!std::filesystem::exists(path)) {
    ASSERT_EQ(std::getenv("CI"), nullptr) << path << " is missing";
    GTEST_SKIP() << "no recorded usages";
  }
  const auto packed = read_file(path);
  ASSERT_TRUE(packed);
  std::string text;
  auto decoder = wire::content_coding::Decoder::open("gzip");
  ASSERT_TRUE(decoder && decoder->feed(*packed, [&](std::string_view piece) { text += piece; }));
  const auto document = json::Document::parse(std::move(text));
  ASSERT_TRUE(document) << document.error().message;
  const auto catalog = Catalog::load(BuiltinPrices(), {});
  ASSERT_TRUE(catalog);

  std::size_t same = 0;
  std::size_t unknown = 0;
  std::map<std::string, std::size_t> reasons;
  std::map<std::string, std::string> unexplained;
  for (const json::Node record : document->root().elements()) {
    const std::string_view model = record["model"].string().value_or("");
    for (const json::Node extracted : record["extracted"].elements()) {
      const meter::Usage usage = usage_of(extracted["usage"]);
      for (const json::Node extractor : extracted["extractors"].elements()) {
        const auto provider = kProviders.find(extractor["provider_id"].string().value_or(""));
        if (!extractor["input_price"] || provider == kProviders.end() || model.empty()) continue;
        const auto cost = (*catalog)->cost({provider->second, model, "", kComputed}, usage);
        if (!cost) {
          ++unknown;
          ++reasons["unknown " + std::string(provider->second) + "/" + std::string(model)];
          continue;
        }
        const auto input = parse_usd(extractor["input_price"].string().value_or(""));
        const auto output = parse_usd(extractor["output_price"].string().value_or(""));
        ASSERT_TRUE(input && output);
        // Its figures are rounded where they do not end.
        const auto close = [](Picodollars a, Picodollars b) { return a - b <= 1 && b - a <= 1; };
        if (close(sum_of(*cost, true), *input) && close(sum_of(*cost, false), *output)) {
          ++same;
          continue;
        }
        const auto known = std::ranges::find_if(
            kKnown, [&](const Known& one) { return one.provider == provider->second && model.starts_with(one.model); });
        if (known != std::end(kKnown)) {
          ++reasons[std::string(known->why)];
        } else {
          unexplained[std::string(provider->second) + "/" + std::string(model)] =
              std::string(extracted["usage"].raw()) + " theirs " + usd_text(*input) + " + " + usd_text(*output) +
              ", ours " + cost->details_json();
        }
      }
    }
  }
  for (const auto& [what, details] : unexplained) ADD_FAILURE() << what << ": " << details;
  for (const Known& known : kKnown) EXPECT_GT(reasons[std::string(known.why)], 0u) << "no more: " << known.model;
  RecordProperty("same", std::to_string(same));
  RecordProperty("unknown", std::to_string(unknown));
  EXPECT_GT(same, 1'000u) << unknown << " unknown";
}

}  // namespace
}  // namespace tokometer::pricing
