// models.dev: an object of providers, each with an object of models. Prices in
// USD per million tokens; "tiers" by the length of the request.
#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "pricing/list_builder.h"

namespace tokometer::pricing {
namespace {

using json::Member;
using json::Node;

constexpr std::array<std::pair<std::string_view, Unit>, 7> kModelsDevUnits{{
    {"input", Unit::kInput},
    {"output", Unit::kOutput},
    {"cache_read", Unit::kCacheRead},
    {"cache_write", Unit::kCacheWrite},
    {"reasoning", Unit::kReasoning},
    {"input_audio", Unit::kAudioInput},
    {"output_audio", Unit::kAudioOutput},
}};

// What the list calls `context_over_200k`, an older form of a tier.
constexpr std::int64_t kOlderTier = 200'000;

class ModelsDevReader {
 public:
  explicit ModelsDevReader(ListBuilder& builder) : builder_(builder) {}

  void read(Node root) {
    for (const Member provider : root.members()) {
      const Node models = provider.value["models"];
      if (!models.is_object()) {
        builder_.mistakes().add(provider.value.location(), "a provider of models.dev has \"models\", an object");
        return;
      }
      const ListProvider* known = builder_.provider(provider.name);
      if (known == nullptr) continue;
      for (const Member model : models.members()) {
        if (model.value["cost"].is_object()) read_model(*known, model);
      }
    }
  }

 private:
  void read_model(const ListProvider& provider, const Member& member) {
    Model model;
    model.id = member.name;
    Entry& entry = model.entries.emplace_back();
    const Node cost = member.value["cost"];
    read_rates(cost, entry.standard.base);
    if (const Node older = cost["context_over_200k"]; older && !cost["tiers"]) read_step(older, kOlderTier, entry);
    for (const Node tier : cost["tiers"].elements()) {
      const auto size = tier["tier"]["size"].int64();
      if (size && *size > 0) {
        read_step(tier, *size, entry);
      } else {
        builder_.refuse("\"size\" of a tier is no number of tokens", tier);
      }
    }
    builder_.add(provider, std::move(model), member.value);
  }

  void read_step(Node figures, std::int64_t above, Entry& entry) {
    auto& steps = entry.standard.long_context;
    const auto place = std::ranges::lower_bound(steps, above, {}, &LongContext::above);
    if (place != steps.end() && place->above == above) return;
    LongContext step{above, {}};
    read_rates(figures, step.rates);
    steps.insert(place, step);
  }

  void read_rates(Node figures, Rates& rates) {
    for (const auto& [key, unit] : kModelsDevUnits) {
      const Node figure = figures[key];
      if (!figure) continue;
      const auto price = builder_.price(key, figure, 1'000'000);
      // Only input and output may cost nothing: of the others 0 stands for what the list does not know.
      const bool is_main = unit == Unit::kInput || unit == Unit::kOutput;
      if (price && (is_main || *price != Price())) rates[unit] = price;
    }
  }

  ListBuilder& builder_;
};

}  // namespace

void read_models_dev(Node root, ListBuilder& builder) { ModelsDevReader(builder).read(root); }

}  // namespace tokometer::pricing
