// What reports add up: the sums over a set of events.
//
// Only billable events count. A count that was not given adds nothing; what
// part of a cost is unknown is said by `cost_missing`, never hidden in a 0.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "event/event.h"

namespace tokometer::store {

struct Totals {
  std::int64_t calls = 0;
  std::int64_t errors = 0;        // of calls
  std::int64_t estimated = 0;     // of calls: their counts are ours, not the provider's
  std::int64_t cost_missing = 0;  // of calls: their cost is unknown and not in cost_*
  std::int64_t input_tokens = 0;
  std::int64_t cache_read_input_tokens = 0;
  std::int64_t cache_creation_input_tokens = 0;
  std::int64_t output_tokens = 0;
  std::int64_t reasoning_output_tokens = 0;
  std::int64_t total_tokens = 0;  // the provider's own total, else input and output
  std::int64_t duration_us = 0;
  // The cost in picodollars is micros * 10^6 + picos: one 64-bit sum would not hold a large bill.
  std::int64_t cost_micros = 0;
  std::int64_t cost_picos = 0;

  // Adds one event, if it is billable.
  void add(const event::Event& event);
  void add(const Totals& other);
  void subtract(const Totals& other);
  // In picodollars; the largest 64-bit number where they do not fit.
  std::int64_t cost_picodollars() const;

  static constexpr std::size_t kCount = 13;
  // Every sum, kCount of them, by the name of its column in a store: `visit(name, sum)`.
  template <typename AnyTotals, typename Visitor>
  static void visit(AnyTotals& totals, Visitor&& visit) {
    visit("calls", totals.calls);
    visit("errors", totals.errors);
    visit("estimated", totals.estimated);
    visit("cost_missing", totals.cost_missing);
    visit("input_tokens", totals.input_tokens);
    visit("cache_read_input_tokens", totals.cache_read_input_tokens);
    visit("cache_creation_input_tokens", totals.cache_creation_input_tokens);
    visit("output_tokens", totals.output_tokens);
    visit("reasoning_output_tokens", totals.reasoning_output_tokens);
    visit("total_tokens", totals.total_tokens);
    visit("duration_us", totals.duration_us);
    visit("cost_micros", totals.cost_micros);
    visit("cost_picos", totals.cost_picos);
  }

  friend bool operator==(const Totals&, const Totals&) = default;

 private:
  // Calls `combine(mine, its)` for every sum.
  template <typename Combine>
  void for_each(const Totals& other, Combine combine) {
    std::int64_t* mine[kCount];
    std::size_t count = 0;
    visit(*this, [&](std::string_view, std::int64_t& sum) { mine[count++] = &sum; });
    count = 0;
    visit(other, [&](std::string_view, const std::int64_t& sum) { combine(*mine[count++], sum); });
  }
};

}  // namespace tokometer::store
