#include "pricing/cost.h"

#include <algorithm>
#include <array>

#include "json/writer.h"

namespace tokometer::pricing {
namespace {

constexpr std::size_t kUsualParts = 6;

// What providers call the service that everyone gets.
constexpr std::array<std::string_view, 5> kStandardTiers{"", "default", "standard", "auto", "on_demand"};

std::int64_t known(meter::Count count) { return std::max<std::int64_t>(count.value_or(0), 0); }

bool same_name(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return std::ranges::equal(a, b, {}, lower, lower);
}

// The rates of one request: the tier's before the standard ones, and in each
// those for its length before those for any length.
class RateCard {
 public:
  RateCard(const Entry& entry, const ServiceTier* tier, std::int64_t input_tokens) {
    if (tier != nullptr) add(tier->schedule, input_tokens);
    add(entry.standard, input_tokens);
  }

  const Price* own(Unit unit) const {
    for (const Rates* rates : rates_) {
      if (rates != nullptr && (*rates)[unit]) return &*(*rates)[unit];
    }
    return nullptr;
  }

  // The price of the first of `units` that has one.
  const Price* first(std::initializer_list<Unit> units) const {
    for (const Unit unit : units) {
      if (const Price* price = own(unit)) return price;
    }
    return nullptr;
  }

  std::optional<std::int64_t> long_context() const { return long_context_; }

 private:
  void add(const Schedule& schedule, std::int64_t input_tokens) {
    const LongContext* step = nullptr;
    for (const LongContext& candidate : schedule.long_context) {
      if (input_tokens > candidate.above) step = &candidate;
    }
    if (step != nullptr) {
      rates_[size_++] = &step->rates;
      if (!long_context_) long_context_ = step->above;
    }
    rates_[size_++] = &schedule.base;
  }

  std::array<const Rates*, 4> rates_{};
  std::size_t size_ = 0;
  std::optional<std::int64_t> long_context_;
};

// Adds up the parts of one request.
class Bill {
 public:
  explicit Bill(Cost& cost) : cost_(cost) { cost_.parts.reserve(kUsualParts); }

  // `count` of what is called `name`. A part without a price, or beyond what 64 bits hold, makes the cost unknown.
  void add(std::string_view name, std::int64_t count, const Price* price, bool is_tool = false) {
    if (count == 0 || !known_) return;
    const auto amount = price != nullptr ? price->times(count) : std::nullopt;
    known_ = amount && !__builtin_add_overflow(total_, *amount, &total_);
    if (known_) cost_.parts.push_back({name, count, *price, *amount, is_tool});
  }
  void add(Unit unit, std::int64_t count, const Price* price) { add(to_string(unit), count, price); }

  std::optional<Picodollars> total() const { return known_ ? std::optional(total_) : std::nullopt; }

 private:
  Cost& cost_;
  Picodollars total_ = 0;
  bool known_ = true;
};

// Takes `count` out of `rest`, as far as there is some left.
std::int64_t take(std::int64_t& rest, std::int64_t count) {
  const std::int64_t taken = std::clamp<std::int64_t>(count, 0, rest);
  rest -= taken;
  return taken;
}

void add_input(const meter::Usage& usage, std::int64_t input, const RateCard& card, Bill& bill) {
  std::int64_t cache_read = known(usage.cache_read_input_tokens);
  const std::int64_t write_1h = known(usage.cache_creation_1h_input_tokens);
  const std::int64_t write_all = std::max(known(usage.cache_creation_input_tokens), write_1h);
  // Saturating: nonsense may be as large as 64 bits allow.
  std::int64_t rest = std::max<std::int64_t>(input - std::min(input, cache_read), 0);
  rest = std::max<std::int64_t>(rest - std::min(rest, write_all), 0);

  const std::int64_t cached_audio = std::min(known(usage.cache_read_audio_input_tokens), cache_read);
  if (const Price* price = card.own(Unit::kCacheReadAudio)) {
    cache_read -= cached_audio;
    bill.add(Unit::kCacheReadAudio, cached_audio, price);
  }
  if (const Price* price = card.own(Unit::kAudioInput)) {
    bill.add(Unit::kAudioInput, take(rest, known(usage.audio_input_tokens) - cached_audio), price);
  }
  if (const Price* price = card.own(Unit::kImageInput)) {
    bill.add(Unit::kImageInput, take(rest, known(usage.image_input_tokens)), price);
  }
  bill.add(Unit::kInput, rest, card.own(Unit::kInput));
  bill.add(Unit::kCacheRead, cache_read, card.first({Unit::kCacheRead, Unit::kInput}));
  bill.add(Unit::kCacheWrite, write_all - write_1h, card.first({Unit::kCacheWrite, Unit::kInput}));
  bill.add(Unit::kCacheWrite1h, write_1h, card.first({Unit::kCacheWrite1h, Unit::kCacheWrite, Unit::kInput}));
}

void add_output(const meter::Usage& usage, std::int64_t output, const RateCard& card, Bill& bill) {
  std::int64_t rest = output;
  const auto split = [&](Unit unit, meter::Count count) {
    if (const Price* price = card.own(unit)) bill.add(unit, take(rest, known(count)), price);
  };
  split(Unit::kReasoning, usage.reasoning_output_tokens);
  split(Unit::kAudioOutput, usage.audio_output_tokens);
  split(Unit::kImageOutput, usage.image_output_tokens);
  bill.add(Unit::kOutput, rest, card.own(Unit::kOutput));
}

// What the entry makes of the usage, put into `cost`; nothing if that is unknown.
std::optional<Picodollars> compute(const Entry& entry, const meter::Usage& usage, Cost& cost) {
  const meter::Count input_count = usage.billed_input_tokens ? usage.billed_input_tokens : usage.input_tokens;
  const meter::Count output_count = usage.billed_output_tokens ? usage.billed_output_tokens : usage.output_tokens;
  if (!input_count && !output_count) return std::nullopt;
  const std::int64_t input = known(input_count);

  const ServiceTier* tier = nullptr;
  const auto is_tier = [&](std::string_view name) { return same_name(name, usage.service_tier); };
  if (std::ranges::none_of(kStandardTiers, is_tier)) {
    const auto found = std::ranges::find_if(entry.tiers, is_tier, &ServiceTier::name);
    if (found != entry.tiers.end()) tier = &*found;
    if (tier == nullptr) cost.unpriced.push_back(usage.service_tier);
  }
  const RateCard card(entry, tier, input);
  if (tier != nullptr) cost.tier = tier->name;
  cost.long_context = card.long_context();

  Bill bill(cost);
  add_input(usage, input, card, bill);
  add_output(usage, known(output_count), card, bill);
  for (const auto& [name, calls] : usage.tool_calls) {
    const auto priced = std::ranges::find(entry.tools, name, &std::pair<std::string, Price>::first);
    if (priced != entry.tools.end()) {
      bill.add(priced->first, known(calls), &priced->second, true);
    } else if (calls > 0) {
      cost.unpriced.emplace_back(name);
    }
  }
  return bill.total();
}

}  // namespace

std::optional<Cost> price_usage(const Entry* entry, const meter::Usage& usage) {
  Cost cost;
  if (entry != nullptr) {
    cost.computed = compute(*entry, usage, cost);
    if (cost.computed) {
      cost.total = *cost.computed;
      cost.price_ref = entry->ref;
    } else {
      cost = Cost();
    }
  }
  if (!usage.provider_cost_usd.empty()) {
    const auto stated = parse_usd(usage.provider_cost_usd);
    if (stated && *stated >= 0) {
      cost.total = *stated;
      cost.stated = true;
    }
  }
  if (!cost.computed && !cost.stated) return std::nullopt;
  return cost;
}

std::string Cost::details_json() const {
  std::string out;
  json::Writer writer(out);
  writer.begin_object();
  if (!parts.empty()) {
    writer.name("parts").begin_object();
    for (const CostPart& part : parts) {
      const std::int64_t per = part.is_tool ? 1'000 : 1'000'000;
      writer.name(part.name).begin_object();
      writer.member("count", part.count).member("price", part.price.text(per)).member("per", per);
      writer.member("usd", usd_text(part.amount)).end_object();
    }
    writer.end_object();
  }
  if (computed) writer.member("computed", usd_text(*computed));
  if (stated) writer.member("stated", usd_text(total));
  writer.member_unless_empty("tier", tier);
  writer.member("long_context", long_context);
  if (!unpriced.empty()) {
    writer.name("unpriced").begin_array();
    for (const std::string_view name : unpriced) writer.string(name);
    writer.end_array();
  }
  writer.end_object();
  return out;
}

}  // namespace tokometer::pricing
