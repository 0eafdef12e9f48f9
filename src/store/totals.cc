#include "store/totals.h"

#include <limits>

#include "base/count.h"

namespace tokometer::store {
namespace {

constexpr std::int64_t kMicro = 1'000'000;

std::int64_t sane(const meter::Count& count) { return sane_count(count.value_or(0)); }

void add_stated(const meter::Count& count, std::int64_t& sum, std::int64_t& stated) {
  if (!count) return;
  sum = add_saturated(sum, sane(count));
  ++stated;
}

}  // namespace

void Totals::add(const event::Event& event) {
  if (!event.billable) return;
  const meter::Usage& usage = event.usage;
  ++calls;
  errors += event::is_error(event) ? 1 : 0;
  estimated += usage.source == meter::UsageSource::kEstimated ? 1 : 0;
  cost_missing += event::is_cost_missing(event) ? 1 : 0;
  add_stated(usage.input_tokens, input_tokens, input_calls);
  add_stated(usage.cache_read_input_tokens, cache_read_input_tokens, cache_read_calls);
  add_stated(usage.cache_creation_input_tokens, cache_creation_input_tokens, cache_creation_calls);
  add_stated(usage.output_tokens, output_tokens, output_calls);
  add_stated(usage.reasoning_output_tokens, reasoning_output_tokens, reasoning_calls);
  total_tokens += usage.total_tokens ? sane(usage.total_tokens) : sane(usage.input_tokens) + sane(usage.output_tokens);
  duration_us += sane(event.duration_us);
  cost_micros += event.cost_picodollars.value_or(0) / kMicro;
  cost_picos += event.cost_picodollars.value_or(0) % kMicro;
}

void Totals::add(const Totals& other) {
  for_each(other, [](std::int64_t& mine, std::int64_t its) { mine = add_saturated(mine, its); });
}

void Totals::subtract(const Totals& other) {
  for_each(other, [](std::int64_t& mine, std::int64_t its) { mine -= its; });
}

std::int64_t Totals::cost_picodollars() const {
  std::int64_t cost = 0;
  if (__builtin_mul_overflow(cost_micros, kMicro, &cost) || __builtin_add_overflow(cost, cost_picos, &cost)) {
    return cost_micros > 0 ? std::numeric_limits<std::int64_t>::max() : std::numeric_limits<std::int64_t>::min();
  }
  return cost;
}

}  // namespace tokometer::store
