// Cuts a stretch of time into pieces for which sums are kept, coarse ones
// first, and remainders for which events must be added up one by one.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/time.h"

namespace tokometer::store {

// A stretch of time, [from, to): sums of `span` seconds cover it exactly; span 0 means single events.
struct Piece {
  std::int64_t span = 0;
  UtcTime from;
  UtcTime to;

  friend bool operator==(const Piece&, const Piece&) = default;
};

// The pieces of [from, to) in order of time. `spans` are the lengths, in seconds, of the sums that are kept,
// longest first, each a multiple of the next; buckets start at multiples of their span since 1970.
std::vector<Piece> cover(UtcTime from, UtcTime to, std::span<const std::int64_t> spans);

}  // namespace tokometer::store
