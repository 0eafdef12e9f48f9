// Remembers which responses have been counted, so that a poll that repeats
// their usage is not counted again (provider::Billing::kOncePerResponse), and
// which were counted without their provider's word (an estimate of what broke
// off), so that a poll that brings it takes the place of that event. Recordings
// come in any order: a call whose poll came first is not counted again, either.
//
//   const bool first = filter.first(event.provider, reading.response_id);
//   if (first) replaced = filter.take_provisional(event.provider, reading.response_id);
//
// Thread-safe. Remembers the last `capacity` responses by a hash of 64 bits;
// an older one that is polled again counts twice. A response takes at most 24
// bytes. The default holds two of the largest batches that providers take
// (Anthropic's of 100,000 calls), whose results may be fetched again. Of those
// without their provider's word it remembers the last kProvisional.
#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <span>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/uuid.h"

namespace tokometer::meter {

class RepeatFilter {
 public:
  static constexpr std::size_t kCapacity = 262'144;
  static constexpr std::size_t kProvisional = 4096;

  // `capacity` is at least 1.
  explicit RepeatFilter(std::size_t capacity = kCapacity) : capacity_(capacity) {}

  // By which exchange a response is known: the one that made it, or one that fetched it.
  enum class By : std::uint8_t { kCall, kPoll };

  // Notes that the response `id` of `provider` stated its usage, and returns
  // whether this was the first time. An empty id is never remembered.
  bool first(std::string_view provider, std::string_view id, By by = By::kCall);

  // Notes that `event` counts the response `id` of `provider`, which has not stated its usage. The first event stays.
  void note_provisional(std::string_view provider, std::string_view id, const Uuid& event);
  // The event that counts the response without its provider's word, once.
  std::optional<Uuid> take_provisional(std::string_view provider, std::string_view id);
  // Whether an event counts the response, with its provider's word or without.
  bool knows(std::string_view provider, std::string_view id);
  // Whether it was a poll that stated the response's usage first.
  bool knows_by_poll(std::string_view provider, std::string_view id);

  // What a response is remembered by; never 0.
  static std::uint64_t key(std::string_view provider, std::string_view id, By by = By::kCall);
  struct Provisional {
    std::uint64_t key;
    Uuid event;
  };
  // Notes responses of an earlier run, those that stated their usage and those that did not, the newest first.
  void remember(std::span<const std::uint64_t> stated, std::span<const Provisional> provisional);

 private:
  bool note(std::uint64_t hash);
  void note(const Provisional& response);
  std::size_t home(std::uint64_t hash) const { return static_cast<std::size_t>(hash >> 1U) & (table_.size() - 1); }
  std::size_t after(std::size_t at) const { return (at + 1) & (table_.size() - 1); }
  std::uint64_t held(std::uint64_t hash) const;
  bool insert(std::uint64_t hash);
  void erase(std::uint64_t hash);
  void grow();

  std::mutex mutex_;
  // Open addressing; 0 is free; its size is a power of two, at most half full. The lowest bit says By.
  std::vector<std::uint64_t> table_;
  std::vector<std::uint64_t> order_;  // a ring, the oldest at next_
  std::size_t next_ = 0;
  std::size_t capacity_;
  std::unordered_map<std::uint64_t, Uuid> provisional_;
  std::vector<std::uint64_t> provisional_order_;  // a ring, the oldest at next_provisional_
  std::size_t next_provisional_ = 0;
};

}  // namespace tokometer::meter
