// When a tunnel is at rest, so that it need not hold up a shutdown.
//
// Of most of them only when something passed is known, and who said it last. That
// is little: the tickets of TLS 1.3 (RFC 8446, 4.6.1) come after the client's first
// question and are no answer, and HTTP/2 acknowledges answers. So these must have been
// silent for long, whoever spoke last. Of a WebSocket that is metered the turns are known as well.
//
//   const auto left = until_rest({.moved = last, .awaited = client_spoke_last}, driver.steady(), kUnread);
//   if (left.count() > 0) look_again_after(left);
//
// Not here: who looks (front.h, exchange.h).
#pragma once

#include <algorithm>
#include <chrono>

#include "base/time.h"

namespace tokometer::proxy {

// How long nothing must have passed.
struct Silence {
  std::chrono::milliseconds after_origin;  // it spoke last
  std::chrono::milliseconds after_client;  // who may wait for an answer
};
inline constexpr Silence kUnread{.after_origin = std::chrono::minutes(5), .after_client = std::chrono::minutes(5)};
inline constexpr Silence kBetweenTurns{.after_origin = std::chrono::seconds(2),
                                       .after_client = std::chrono::seconds(10)};
// When to look again at one that holds what the other side does not take, or is within a turn.
inline constexpr std::chrono::milliseconds kLookAgain{2'000};

struct TunnelState {
  SteadyTime moved;      // when the last byte passed
  bool awaited = false;  // it was the client's
};

// How long nothing more must move until the tunnel is at rest; zero: it is.
inline std::chrono::milliseconds until_rest(const TunnelState& tunnel, SteadyTime now, const Silence& needed) {
  const auto quiet = std::chrono::floor<std::chrono::milliseconds>(now - tunnel.moved);
  return std::max((tunnel.awaited ? needed.after_client : needed.after_origin) - quiet,
                  std::chrono::milliseconds::zero());
}

}  // namespace tokometer::proxy
