// BerriAI's LiteLLM: an object of models by name. Prices in USD per single
// token, by keys such as "cache_read_input_token_cost_above_200k_tokens_priority":
// unit, then length of the request, then service tier.
#include <algorithm>
#include <array>
#include <charconv>
#include <memory>
#include <string>
#include <utility>

#include "pricing/list_builder.h"

namespace tokometer::pricing {
namespace {

using json::Member;
using json::Node;

constexpr std::array<std::pair<std::string_view, Unit>, 12> kLitellmUnits{{
    {"input_cost_per_token", Unit::kInput},
    {"output_cost_per_token", Unit::kOutput},
    {"cache_read_input_token_cost", Unit::kCacheRead},
    {"input_cost_per_token_cache_hit", Unit::kCacheRead},
    {"cache_creation_input_token_cost", Unit::kCacheWrite},
    {"cache_creation_input_token_cost_above_1hr", Unit::kCacheWrite1h},
    {"input_cost_per_audio_token", Unit::kAudioInput},
    {"cache_read_input_audio_token_cost", Unit::kCacheReadAudio},
    {"input_cost_per_image_token", Unit::kImageInput},
    {"output_cost_per_audio_token", Unit::kAudioOutput},
    {"output_cost_per_image_token", Unit::kImageOutput},
    {"output_cost_per_reasoning_token", Unit::kReasoning},
}};

// Whose models count searches, and prompts that were searched for.
constexpr std::array<std::string_view, 2> kLitellmGoogle{"gemini", "vertex_ai-language-models"};

constexpr std::array<std::pair<std::string_view, std::string_view>, 3> kLitellmTiers{
    {{"_batches", "batch"}, {"_priority", "priority"}, {"_flex", "flex"}}};

// What multiplies a model's prices, and how a call shows that it does.
struct LitellmMultiplier {
  std::string_view object;  // the member that holds `key`; empty: the model itself
  std::string_view key;
  std::string_view provider;
  std::string_view name;
  std::string_view usage;  // empty: `is` is a host
  std::string_view is;
};
constexpr std::array<LitellmMultiplier, 4> kLitellmMultipliers{{
    {"provider_specific_entry", "fast", "anthropic", "fast", "$.speed", "fast"},
    {"provider_specific_entry", "us", "anthropic", "us", "$.inference_geo", "us"},
    {"", "regional_processing_uplift_multiplier_eu", "openai", "eu", "", "eu.api.openai.com"},
    {"", "regional_processing_uplift_multiplier_us", "openai", "us", "", "us.api.openai.com"},
}};

// A key taken apart.
struct LitellmKey {
  Unit unit = Unit::kInput;
  std::string_view tier;
  std::int64_t above = 0;
};

std::optional<LitellmKey> litellm_key(std::string_view name) {
  LitellmKey key;
  for (const auto& [suffix, tier] : kLitellmTiers) {
    if (!name.ends_with(suffix)) continue;
    name.remove_suffix(suffix.size());
    key.tier = tier;
    break;
  }
  constexpr std::string_view kAbove = "_above_";
  constexpr std::string_view kTokens = "k_tokens";
  if (name.ends_with(kTokens)) {
    const auto above = name.rfind(kAbove);
    if (above == std::string_view::npos) return std::nullopt;
    const std::string_view digits =
        name.substr(above + kAbove.size(), name.size() - kTokens.size() - above - kAbove.size());
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), key.above);
    if (error != std::errc() || end != digits.data() + digits.size() || key.above <= 0 || key.above > 1'000'000) {
      return std::nullopt;
    }
    key.above *= 1'000;
    name = name.substr(0, above);
  }
  const auto* const unit = std::ranges::find(kLitellmUnits, name, &std::pair<std::string_view, Unit>::first);
  if (unit == kLitellmUnits.end()) return std::nullopt;
  key.unit = unit->second;
  return key;
}

class LitellmReader {
 public:
  explicit LitellmReader(ListBuilder& builder) : builder_(builder) {}

  void read(Node root) {
    for (const Member member : root.members()) {
      if (!member.value.is_object()) {
        builder_.mistakes().add(member.value.location(), "a model of LiteLLM's list is an object");
        return;
      }
      const ListProvider* provider = builder_.provider(member.value["litellm_provider"].string().value_or(""));
      if (provider != nullptr) read_model(*provider, member);
    }
  }

 private:
  void read_model(const ListProvider& provider, const Member& member) {
    Model model;
    model.id = member.name;
    // Fine-tuned models go on with the names of who tuned them.
    if (model.id.starts_with("ft:")) model.prefixes.push_back(model.id);
    Entry& entry = model.entries.emplace_back();
    for (const Member figure : member.value.members()) {
      if (figure.value.is_null()) continue;
      if (const auto key = litellm_key(figure.name)) {
        const auto price = builder_.price(figure.name, figure.value, 1);
        // Only input and output may cost nothing: of the others 0 stands for what the list does not know.
        const bool is_main = key->unit == Unit::kInput || key->unit == Unit::kOutput;
        if (price && (is_main || *price != Price())) rates(entry, key->tier, key->above)[key->unit] = price;
      } else if (figure.name == "search_context_cost_per_query") {
        read_search(member.value, entry);
      } else if (figure.name == "tiered_pricing") {
        read_tiered(figure.value, entry);
      } else if (figure.name == "input_cost_per_request") {
        if (const auto price = builder_.price(figure.name, figure.value, 1)) entry.requests.push_back({{}, *price});
      }
    }
    read_multipliers(provider, member.value, entry);
    builder_.add(provider, std::move(model), member.value);
  }

  // The middle one of three sizes. Google's older models bill a prompt that was searched for, not each search.
  void read_search(Node model, Entry& entry) {
    const Node medium = model["search_context_cost_per_query"]["search_context_size_medium"];
    if (!medium) return;
    const auto price = builder_.price("search_context_size_medium", medium, 1);
    if (!price) return;
    const bool is_googles =
        std::ranges::find(kLitellmGoogle, model["litellm_provider"].string().value_or("")) != kLitellmGoogle.end();
    const bool per_search = !is_googles || model["web_search_billing_unit"].string() == "per_query";
    entry.tools.emplace_back("web_search", per_search ? *price : Price());
    if (is_googles) entry.tools.emplace_back("grounded_prompt", per_search ? Price() : *price);
  }

  // [{"range": [0, 32000], "input_cost_per_token": …}, …]
  void read_tiered(Node tiers, Entry& entry) {
    for (const Node tier : tiers.elements()) {
      const auto above = tier["range"][0].int64();
      if (!above || *above < 0) {
        builder_.refuse("\"range\" is none of tokens", tier);
        return;
      }
      for (const Member figure : tier.members()) {
        if (const auto key = litellm_key(figure.name); key && key->above == 0 && key->tier.empty()) {
          rates(entry, "", *above)[key->unit] = builder_.price(figure.name, figure.value, 1);
        }
      }
    }
  }

  void read_multipliers(const ListProvider& provider, Node model, Entry& entry) {
    for (const LitellmMultiplier& known : kLitellmMultipliers) {
      const Node number = known.object.empty() ? model[known.key] : model[known.object][known.key];
      if (!number || known.provider != provider.to) continue;
      const auto times = Multiplier::parse(number.number().value_or(""));
      if (!times) {
        builder_.refuse("a multiplier is no number above 0", number);
        return;
      }
      Surcharge surcharge{.name = std::string(known.name), .when = {}, .times = *times};
      surcharge.when.is = known.is;
      surcharge.when.kind = known.usage.empty() ? Condition::Kind::kHost : Condition::Kind::kUsage;
      if (auto query = json::Query::compile(known.usage); query && !known.usage.empty()) {
        surcharge.when.query = std::make_shared<const json::Query>(std::move(*query));
      }
      entry.surcharges.push_back(std::move(surcharge));
    }
  }

  static Rates& rates(Entry& entry, std::string_view tier, std::int64_t above) {
    Schedule* schedule = &entry.standard;
    if (!tier.empty()) {
      auto found = std::ranges::find(entry.tiers, tier, &ServiceTier::name);
      if (found == entry.tiers.end()) found = entry.tiers.insert(found, {std::string(tier), {}});
      schedule = &found->schedule;
    }
    if (above == 0) return schedule->base;
    auto place = std::ranges::lower_bound(schedule->long_context, above, {}, &LongContext::above);
    if (place == schedule->long_context.end() || place->above != above) {
      place = schedule->long_context.insert(place, {above, {}});
    }
    return place->rates;
  }

  ListBuilder& builder_;
};

}  // namespace

void read_litellm(Node root, ListBuilder& builder) { LitellmReader(builder).read(root); }

}  // namespace tokometer::pricing
