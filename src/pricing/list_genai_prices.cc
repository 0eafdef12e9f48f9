// pydantic/genai-prices, v2: an array of providers with their models. Prices in
// USD per million tokens or per thousand calls, a number or {"base", "tiers"};
// several by date or by the hour, of which the last that holds applies.
#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "pricing/list_builder.h"

namespace tokometer::pricing {
namespace {

using json::Member;
using json::Node;

constexpr std::array<std::pair<std::string_view, Unit>, 12> kGenaiUnits{{
    {"input_mtok", Unit::kInput},
    {"output_mtok", Unit::kOutput},
    {"cache_read_mtok", Unit::kCacheRead},
    {"cache_write_mtok", Unit::kCacheWrite},
    {"cache_write_5m_mtok", Unit::kCacheWrite},
    {"cache_write_1h_mtok", Unit::kCacheWrite1h},
    {"input_audio_mtok", Unit::kAudioInput},
    {"cache_audio_read_mtok", Unit::kCacheReadAudio},
    {"input_image_mtok", Unit::kImageInput},
    {"output_audio_mtok", Unit::kAudioOutput},
    {"output_image_mtok", Unit::kImageOutput},
    {"output_reasoning_mtok", Unit::kReasoning},
}};

class GenaiReader {
 public:
  explicit GenaiReader(ListBuilder& builder) : builder_(builder) {}

  void read(Node root) {
    for (const Node provider : root.elements()) {
      const auto id = provider["id"].string();
      const Node models = provider["models"];
      if (!id || !models.is_array()) {
        builder_.mistakes().add(provider.location(), "a provider of genai-prices has \"id\" and \"models\"");
        return;
      }
      const ListProvider* known = builder_.provider(*id);
      if (known == nullptr) continue;
      for (const Node model : models.elements()) read_model(*known, model);
    }
  }

 private:
  void read_model(const ListProvider& provider, Node node) {
    Model model;
    const auto id = node["id"].string();
    if (!id) builder_.refuse("has no \"id\"", node);
    model.id = id.value_or("");
    read_names(node["match"], model, 0);
    const Node prices = node["prices"];
    if (prices.is_array()) {
      for (const Node conditional : prices.elements()) read_conditional(conditional, model);
    } else {
      read_prices(prices, model.entries.emplace_back());
    }
    builder_.add(provider, std::move(model), node);
  }

  // Whole names, and beginnings that end where a name goes on ("ft:gpt-4o-2024-"); what matches another part of a name
  // says nothing that we trust.
  void read_names(Node match, Model& model, int depth) {
    constexpr int kMaxDepth = 8;
    for (const Member member : match.members()) {
      if (member.name == "equals" || member.name == "starts_with") {
        std::string_view name = member.value.string().value_or("");
        if (name.empty() || name.find_first_of("*$^") != std::string_view::npos) continue;
        const bool goes_on = name.size() > 1 && name.ends_with('-');
        if (goes_on) name.remove_suffix(1);
        (goes_on ? model.prefixes : model.aliases).emplace_back(name);
      } else if (member.name == "or" && depth < kMaxDepth) {
        for (const Node part : member.value.elements()) read_names(part, model, depth + 1);
      }
    }
  }

  void read_conditional(Node node, Model& model) {
    Entry entry;
    const Node constraint = node["constraint"];
    if (const Node date = constraint["start_date"]) {
      entry.from = parse_rfc3339(date.string().value_or(""));
      if (!entry.from) builder_.refuse("\"start_date\" is no date", date);
    }
    if (const Node start = constraint["start_time"]) {
      const auto from = time_of_day(start);
      const auto until = time_of_day(constraint["end_time"]);
      if (from && until && *from != *until) {
        entry.hours = Hours{*from, *until};
      } else {
        builder_.refuse("\"start_time\" to \"end_time\" is no window of the day", constraint);
      }
    }
    read_prices(node["prices"], entry);
    model.entries.push_back(std::move(entry));
  }

  // "16:30:00Z"
  static std::optional<std::chrono::minutes> time_of_day(Node node) {
    const auto time = parse_rfc3339("2000-01-01T" + std::string(node.string().value_or("")));
    if (!time) return std::nullopt;
    return std::chrono::duration_cast<std::chrono::minutes>(*time - std::chrono::floor<std::chrono::days>(*time));
  }

  void read_prices(Node prices, Entry& entry) {
    if (!prices.is_object()) builder_.refuse("has no \"prices\"", prices);
    for (const Member member : prices.members()) {
      const auto* const unit = std::ranges::find(kGenaiUnits, member.name, &std::pair<std::string_view, Unit>::first);
      if (unit != kGenaiUnits.end()) {
        read_price(member, unit->second, entry.standard);
      } else if (member.name == "web_searches_kcount") {
        if (const auto price = builder_.price(member.name, member.value, 1'000)) {
          entry.tools.emplace_back("web_search", *price);
        }
      } else if (member.name == "requests_kcount") {
        if (const auto price = builder_.price(member.name, member.value, 1'000)) entry.requests.push_back({{}, *price});
      }
    }
  }

  void read_price(const Member& member, Unit unit, Schedule& schedule) {
    if (!member.value.is_object()) {
      schedule.base[unit] = builder_.price(member.name, member.value, 1'000'000);
      return;
    }
    schedule.base[unit] = builder_.price(member.name, member.value["base"], 1'000'000);
    for (const Node tier : member.value["tiers"].elements()) {
      const auto start = tier["start"].int64();
      if (!start || *start <= 0) {
        builder_.refuse("\"start\" of a tier is no number of tokens", tier);
        return;
      }
      step(schedule, *start)[unit] = builder_.price(member.name, tier["price"], 1'000'000);
    }
  }

  static Rates& step(Schedule& schedule, std::int64_t above) {
    auto place = std::ranges::lower_bound(schedule.long_context, above, {}, &LongContext::above);
    if (place == schedule.long_context.end() || place->above != above) {
      place = schedule.long_context.insert(place, {above, {}});
    }
    return place->rates;
  }

  ListBuilder& builder_;
};

}  // namespace

void read_genai_prices(Node root, ListBuilder& builder) { GenaiReader(builder).read(root); }

}  // namespace tokometer::pricing
