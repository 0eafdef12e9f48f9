#include "pricing/cost.h"

#include <algorithm>
#include <array>

#include "json/document.h"
#include "json/writer.h"
#include "pricing/model_name.h"

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

const LongContext* step_of(const Schedule& schedule, std::int64_t input_tokens) {
  const LongContext* step = nullptr;
  for (const LongContext& candidate : schedule.long_context) {
    if (input_tokens > candidate.above) step = &candidate;
  }
  return step;
}

// The rates of one request: the tier's before the standard ones, and in each
// those for its length before those for any length. A tier that says nothing of
// long requests has its rates rise as the standard ones do.
class RateCard {
 public:
  RateCard(const Entry& entry, const ServiceTier* tier, std::int64_t input_tokens) {
    if (tier != nullptr) {
      const LongContext* step = step_of(entry.standard, input_tokens);
      if (step != nullptr && tier->schedule.long_context.empty())
        add_risen(tier->schedule.base, entry.standard.base, *step);
      add(tier->schedule, input_tokens);
    }
    add(entry.standard, input_tokens);
  }
  RateCard(const RateCard&) = delete;
  RateCard& operator=(const RateCard&) = delete;

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
  void add_risen(const Rates& tier, const Rates& usual, const LongContext& step) {
    for (std::size_t i = 0; i < kUnitCount; ++i) {
      const auto unit = static_cast<Unit>(i);
      if (tier[unit] && usual[unit] && step.rates[unit]) {
        risen_[unit] = tier[unit]->in_proportion(*usual[unit], *step.rates[unit]);
      }
    }
    rates_[size_++] = &risen_;
  }

  void add(const Schedule& schedule, std::int64_t input_tokens) {
    if (const LongContext* step = step_of(schedule, input_tokens)) {
      rates_[size_++] = &step->rates;
      if (!long_context_) long_context_ = step->above;
    }
    rates_[size_++] = &schedule.base;
  }

  Rates risen_;
  std::array<const Rates*, 5> rates_{};
  std::size_t size_ = 0;
  std::optional<std::int64_t> long_context_;
};

// What conditions ask about: the call's host and, read once it is asked for, the provider's usage object.
class Circumstances {
 public:
  Circumstances(const meter::Usage& usage, std::string_view host)
      : usage_(usage), host_(host.substr(0, host.find(':'))) {}

  bool hold(const Condition& condition) {
    if (condition.kind == Condition::Kind::kHost) return matched_part(condition.is, host_).has_value();
    if (!read_) {
      read_ = true;
      if (auto document = json::Document::parse(usage_.details)) details_ = std::move(*document);
    }
    if (!details_ || condition.query == nullptr) return false;
    const json::Node node = condition.query->first(details_->root());
    return same_name(node.is_string() ? *node.string() : node ? node.raw() : std::string_view(), condition.is);
  }

 private:
  const meter::Usage& usage_;
  std::string_view host_;
  bool read_ = false;
  std::optional<json::Document> details_;
};

// Adds up the parts of one request.
class Bill {
 public:
  explicit Bill(Cost& cost) : cost_(cost) { cost_.parts.reserve(kUsualParts); }

  // `count` of what is called `name`. A part without a price, or beyond what 64 bits hold, makes the cost unknown.
  void add(std::string_view name, std::int64_t count, const Price* price, bool is_tool = false) {
    if (count == 0 || !known_) return;
    auto each = price != nullptr ? std::optional(*price) : std::nullopt;
    if (!is_tool) {
      for (const Surcharge* surcharge : cost_.surcharges) {
        if (each) each = each->times(surcharge->times);
      }
    }
    const auto amount = each ? each->times(count) : std::nullopt;
    known_ = amount && !__builtin_add_overflow(total_, *amount, &total_);
    if (known_) cost_.parts.push_back({name, count, *each, *amount, is_tool});
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
  // Billed counts are what is left of those used: what was cached is not among them.
  if (usage.billed_input_tokens) return bill.add(Unit::kInput, input, card.own(Unit::kInput));
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
std::optional<Picodollars> compute(const Entry& entry, const meter::Usage& usage, std::string_view host, Cost& cost) {
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
  // Every call has input, and one of a model whose output costs something has output, unless the total says that there
  // was none: a prompt that was blocked.
  const auto costs = [&](Unit unit) { return card.own(unit) != nullptr && *card.own(unit) != Price(); };
  if (!input_count && costs(Unit::kInput)) return std::nullopt;
  if (!output_count && costs(Unit::kOutput) && usage.total_tokens != input_count) return std::nullopt;
  if (tier != nullptr) cost.tier = tier->name;
  cost.long_context = card.long_context();

  Circumstances circumstances(usage, host);
  for (const Surcharge& surcharge : entry.surcharges) {
    if (circumstances.hold(surcharge.when)) cost.surcharges.push_back(&surcharge);
  }
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
  for (const RequestFee& fee : entry.requests) {
    if (fee.when && !circumstances.hold(*fee.when)) continue;
    bill.add("request", 1, &fee.price, true);
    break;
  }
  return bill.total();
}

}  // namespace

std::optional<Cost> price_usage(const Entry* entry, const meter::Usage& usage, std::string_view host) {
  Cost cost;
  if (entry != nullptr) {
    cost.computed = compute(*entry, usage, host, cost);
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
  if (!surcharges.empty()) {
    writer.name("surcharges").begin_object();
    for (const Surcharge* surcharge : surcharges) writer.member(surcharge->name, surcharge->times.text());
    writer.end_object();
  }
  if (!unpriced.empty()) {
    writer.name("unpriced").begin_array();
    for (const std::string_view name : unpriced) writer.string(name);
    writer.end_array();
  }
  writer.end_object();
  return out;
}

}  // namespace tokometer::pricing
