// The newest snapshot of each quota, as calls bring them and the store takes them.
//
//   board.offer(snapshots);              // any thread, once a call
//   auto changed = board.take_changed(); // the store's thread, about once a second
//
// Bounded: past `BoardLimits::quotas` what was seen longest ago and is stored already
// makes room; while all of them wait to be stored, new ones are dropped and counted.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <span>
#include <string>
#include <tuple>
#include <vector>

#include "quota/snapshot.h"

namespace tokometer::quota {

struct BoardLimits {
  std::size_t quotas = 2000;
};

class Board {
 public:
  Board() : Board(BoardLimits()) {}
  explicit Board(BoardLimits limits) : limits_(limits) {}

  // Takes what is newer than what is there.
  void offer(std::span<const Snapshot> snapshots);

  bool has_changed() const;
  // What changed since the last time, which then counts as stored; offer() it again where that failed.
  std::vector<Snapshot> take_changed();

  // All, by provider, account, name and model.
  std::vector<Snapshot> all() const;
  std::uint64_t dropped() const;

 private:
  using Key = std::tuple<std::string, std::string, std::string, std::string>;
  struct Entry {
    Snapshot snapshot;
    bool is_changed = false;
  };
  bool make_room();

  const BoardLimits limits_;
  mutable std::mutex mutex_;  // guards everything below
  std::map<Key, Entry, std::less<>> entries_;
  std::size_t changed_ = 0;
  std::uint64_t dropped_ = 0;
};

}  // namespace tokometer::quota
