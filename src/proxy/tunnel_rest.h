// When a tunnel is at rest, so that it need not hold up a shutdown.
//
// What passes in it can't be read: only when something did, and who said it, is
// known. What the origin said last is likely to have been an answer, and nothing
// is awaited; after the client's last word it is.
//
//   const auto left = until_rest({.moved = last, .awaited = client_spoke_last}, driver.steady());
//   if (left.count() > 0) look_again_after(left);
//
// Not here: who looks (front.h, exchange.h).
#pragma once

#include <algorithm>
#include <chrono>

#include "base/time.h"

namespace tokometer::proxy {

inline constexpr std::chrono::milliseconds kRestAfter{2'000};
inline constexpr std::chrono::milliseconds kRestAfterQuestion{10'000};

struct TunnelState {
  SteadyTime moved;      // when the last byte passed
  bool awaited = false;  // it was the client's
};

// How long nothing more must move until the tunnel is at rest; zero: it is.
inline std::chrono::milliseconds until_rest(const TunnelState& tunnel, SteadyTime now) {
  const auto quiet = std::chrono::floor<std::chrono::milliseconds>(now - tunnel.moved);
  const auto needed = tunnel.awaited ? kRestAfterQuestion : kRestAfter;
  return std::max(needed - quiet, std::chrono::milliseconds::zero());
}

}  // namespace tokometer::proxy
