// What reports add up: the sums over a set of events.
//
// Only billable events count. What nobody stated is told from 0 in the sums as in
// events: a sum of counts that no call stated is absent (Totals::sum), and what
// part of a cost is unknown is said by `cost_missing`.
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
  std::int64_t cost_missing = 0;  // of calls: their cost is unknown, or more than what is in cost_*
  std::int64_t input_tokens = 0;
  std::int64_t cache_read_input_tokens = 0;
  std::int64_t cache_creation_input_tokens = 0;
  std::int64_t output_tokens = 0;
  std::int64_t reasoning_output_tokens = 0;
  std::int64_t total_tokens = 0;  // the provider's own total, else input and output
  std::int64_t duration_us = 0;
  // Of calls: those that stated the count.
  std::int64_t input_calls = 0;
  std::int64_t cache_read_calls = 0;
  std::int64_t cache_creation_calls = 0;
  std::int64_t output_calls = 0;
  std::int64_t reasoning_calls = 0;
  // The cost in picodollars is micros * 10^6 + picos: one 64-bit sum would not hold a large bill.
  std::int64_t cost_micros = 0;
  std::int64_t cost_picos = 0;

  // Adds one event, if it is billable.
  void add(const event::Event& event);
  void add(const Totals& other);
  void subtract(const Totals& other);
  // The sum of counts that `stated` calls gave; absent if none did.
  static meter::Count sum(std::int64_t tokens, std::int64_t stated) {
    return stated > 0 ? meter::Count(tokens) : std::nullopt;
  }
  // The sum of total_tokens; absent if no call stated a count.
  meter::Count total() const { return sum(total_tokens, input_calls + output_calls + (total_tokens > 0 ? 1 : 0)); }
  // In picodollars; the largest 64-bit number where they do not fit.
  std::int64_t cost_picodollars() const;

  static constexpr std::size_t kCount = 18;
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
    visit("input_calls", totals.input_calls);
    visit("cache_read_calls", totals.cache_read_calls);
    visit("cache_creation_calls", totals.cache_creation_calls);
    visit("output_calls", totals.output_calls);
    visit("reasoning_calls", totals.reasoning_calls);
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
