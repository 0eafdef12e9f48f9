// Remembers which responses have been counted, so that a poll that repeats
// their usage is not counted again (provider::Billing::kOncePerResponse).
//
//   if (reading.billing == kOncePerResponse) event.billable = filter.first(event.provider, reading.response_id);
//
// Thread-safe. Remembers the last `capacity` responses by a hash of 64 bits;
// an older one that is polled again counts twice, and so does one of before a restart.
#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace tokometer::meter {

class RepeatFilter {
 public:
  // `capacity` is at least 1.
  explicit RepeatFilter(std::size_t capacity = 65536);

  // Notes that the response `id` of `provider` stated its usage, and returns
  // whether this was the first time. An empty id is never remembered.
  bool first(std::string_view provider, std::string_view id);

 private:
  std::mutex mutex_;
  std::unordered_set<std::uint64_t> seen_;
  std::vector<std::uint64_t> order_;  // a ring, the oldest at next_
  std::size_t next_ = 0;
  std::size_t capacity_;
};

}  // namespace tokometer::meter
