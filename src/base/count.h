// Sums of counts that others state: they end at the limits of their type instead of wrapping round, and one absurd
// count does not spoil the sum of all the others.
//
//   add_count(sum, usage.input_tokens);  // absent + absent is absent
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>

namespace tokometer {

// No count of one call is above a trillion: what claims to be is summed as that.
inline constexpr std::int64_t kMaxCount = 1'000'000'000'000;

constexpr std::int64_t sane_count(std::int64_t count) { return std::clamp<std::int64_t>(count, 0, kMaxCount); }

constexpr std::int64_t add_saturated(std::int64_t a, std::int64_t b) {
  std::int64_t sum = 0;
  if (!__builtin_add_overflow(a, b, &sum)) return sum;
  return a < 0 ? std::numeric_limits<std::int64_t>::min() : std::numeric_limits<std::int64_t>::max();
}

// Adds what a call stated to `sum`, which stays absent until one did.
constexpr void add_count(std::optional<std::int64_t>& sum, const std::optional<std::int64_t>& count) {
  if (count) sum = add_saturated(sum.value_or(0), sane_count(*count));
}

}  // namespace tokometer
