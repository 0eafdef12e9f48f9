// Remembers which responses have been counted, so that a poll that repeats
// their usage is not counted again (provider::Billing::kOncePerResponse).
//
//   if (reading.billing == kOncePerResponse) event.billable = filter.first(event.provider, reading.response_id);
//
// Thread-safe. Remembers the last `capacity` responses by a hash of 64 bits;
// an older one that is polled again counts twice. A response takes at most 24
// bytes. The default holds two of the largest batches that providers take
// (Anthropic's of 100,000 calls), whose results may be fetched again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <span>
#include <string_view>
#include <vector>

namespace tokometer::meter {

class RepeatFilter {
 public:
  static constexpr std::size_t kCapacity = 262'144;

  // `capacity` is at least 1.
  explicit RepeatFilter(std::size_t capacity = kCapacity) : capacity_(capacity) {}

  // Notes that the response `id` of `provider` stated its usage, and returns
  // whether this was the first time. An empty id is never remembered.
  bool first(std::string_view provider, std::string_view id);

  // What a response is remembered by; never 0.
  static std::uint64_t key(std::string_view provider, std::string_view id);
  // Notes responses of an earlier run, by their keys, the newest first.
  void remember(std::span<const std::uint64_t> newest_first);

 private:
  bool note(std::uint64_t hash);
  std::size_t home(std::uint64_t hash) const { return static_cast<std::size_t>(hash) & (table_.size() - 1); }
  bool insert(std::uint64_t hash);
  void erase(std::uint64_t hash);
  void grow();

  std::mutex mutex_;
  std::vector<std::uint64_t> table_;  // open addressing; 0 is free; its size is a power of two, at most half full
  std::vector<std::uint64_t> order_;  // a ring, the oldest at next_
  std::size_t next_ = 0;
  std::size_t capacity_;
};

}  // namespace tokometer::meter
