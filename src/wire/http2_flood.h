// Tells a busy HTTP/2 peer from one that floods us with frames that cost it nothing.
//
//   FloodGuard guard(limits);
//   if (!guard.take(FloodGuard::Kind::kReset, now)) end_the_connection();
//
// One allowance for each kind of frame (http2_limits.h): full at first, filled up
// again by time.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

#include "base/time.h"
#include "wire/http2_limits.h"

namespace tokometer::wire::http2 {

class FloodGuard {
 public:
  enum class Kind : std::uint8_t { kIdleFrame, kReset, kWindowUpdate };

  explicit FloodGuard(const Limits& limits)
      : allowances_{{{limits.idle_frames, limits.idle_frames_a_second, limits.idle_frames},
                     {limits.resets, limits.resets_a_second, limits.resets},
                     {limits.window_updates, limits.window_updates_a_second, limits.window_updates}}} {}

  // Counts one frame; false if that is too many.
  bool take(Kind kind, SteadyTime now) {
    Allowance& allowance = allowances_[static_cast<std::size_t>(kind)];
    if (allowance.left == 0) {
      using std::chrono::milliseconds;
      const auto gone = std::chrono::duration_cast<milliseconds>(now - allowance.filled).count();
      const std::uint64_t more =
          static_cast<std::uint64_t>(std::max<std::int64_t>(gone, 0)) * allowance.a_second / 1'000;
      if (more == 0) return false;
      allowance.left = static_cast<std::uint32_t>(std::min<std::uint64_t>(more, allowance.at_once));
      allowance.filled = now;
    } else if (allowance.left == allowance.at_once) {
      allowance.filled = now;
    }
    --allowance.left;
    return true;
  }
  // Allows for `count` more frames: we gave reason for them.
  void give(Kind kind, std::uint32_t count) {
    Allowance& allowance = allowances_[static_cast<std::size_t>(kind)];
    allowance.left = std::min(allowance.left + count, allowance.at_once);
  }

 private:
  struct Allowance {
    std::uint32_t at_once;
    std::uint32_t a_second;
    std::uint32_t left;
    SteadyTime filled{};  // when it was last full, or got what had grown
  };
  std::array<Allowance, 3> allowances_;
};

}  // namespace tokometer::wire::http2
