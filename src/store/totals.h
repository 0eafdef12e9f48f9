// What reports add up: the sums over a set of events.
//
// Only billable events count. A count that was not given adds nothing; what
// part of a cost is unknown is said by `cost_missing`, never hidden in a 0.
#pragma once

#include <cstdint>

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
  std::int64_t total_tokens = 0;
  std::int64_t duration_us = 0;
  // The cost in picodollars is micros * 10^6 + picos: one 64-bit sum would not hold a large bill.
  std::int64_t cost_micros = 0;
  std::int64_t cost_picos = 0;

  // Adds one event, if it is billable.
  void add(const event::Event& event);
  void add(const Totals& other);
  // In picodollars; the largest 64-bit number where they do not fit.
  std::int64_t cost_picodollars() const;

  friend bool operator==(const Totals&, const Totals&) = default;
};

}  // namespace tokometer::store
