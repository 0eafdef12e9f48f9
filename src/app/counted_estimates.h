// What calls counted whose provider had not said what they used: when it does say so, in an event that `replaces`
// theirs, only what is more than that counts in budgets and metrics, which forget nothing that they have counted.
//
//   const Counted before = estimates.settle(event);
//   budgets.add(event, before);
//   metrics.call_counted(event, before);
//
// Remembers the last `Limits::events` such calls, as many as the filter of repeats knows (meter/repeat_filter.h), at
// some 300 bytes each. What an earlier run of the proxy counted is not in its budgets and metrics, either.
//
// Thread-safe. Not here: the store, which takes a replaced event out of its sums.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

#include "event/event.h"
#include "meter/repeat_filter.h"

namespace tokometer::app {

// Of one call.
struct Counted {
  std::int64_t input = 0;
  std::int64_t cache_read = 0;
  std::int64_t cache_creation = 0;
  std::int64_t output = 0;
  std::int64_t reasoning = 0;
  std::int64_t tokens = 0;  // as budgets count them
  std::int64_t picodollars = 0;
  bool cost_missing = false;
  std::string run = {};  // whose call it was
};

// In all, as budgets count them.
std::int64_t all_tokens(const meter::Usage& usage);

// Whether its provider has said all that it used.
bool is_stated(const event::Event& event);
// Whether the event counts a response without its provider's whole word, so that another may take its place.
bool is_provisional(const event::Event& event);

// What `count` is more than what was counted before; never below 0.
std::optional<std::int64_t> beyond(std::optional<std::int64_t> count, std::int64_t before);

class CountedEstimates {
 public:
  struct Limits {
    std::size_t events = meter::RepeatFilter::kProvisional;  // past it the oldest is forgotten, and counts besides
  };
  CountedEstimates() : CountedEstimates(Limits()) {}
  explicit CountedEstimates(Limits limits) : limits_(limits) {}

  // Of an event that is to be counted now: what the one that it replaces has counted, once. Nothing for others, which
  // are remembered if they may be replaced.
  Counted settle(const event::Event& event);

 private:
  const Limits limits_;
  std::mutex mutex_;
  std::unordered_map<std::string, Counted> counted_;  // by the event's id
  std::deque<std::string> order_;                     // the oldest first; some may be replaced already
};

}  // namespace tokometer::app
