// How many files and sockets the process may have open.
//
//   const std::size_t allowed = raise_descriptors(descriptors_for(10'000));
//
// The system's default of 1,024 is too few for a proxy, and a process may raise
// it itself, up to a hard limit (RLIMIT_NOFILE, getrlimit(2)).
//
// Not here: what happens when none is left (listener.h, NetError::kLimit).
#pragma once

#include <cstddef>

namespace tokometer::net {

// What is open beside connections: listeners, loops, journal, store, captures, look-ups, tunnels' pipes.
inline constexpr std::size_t kOtherDescriptors = 256;

// What `clients` connections need, each with one to an origin, and how many clients `descriptors` suffice for.
constexpr std::size_t descriptors_for(std::size_t clients) { return 2 * clients + kOtherDescriptors; }
constexpr std::size_t clients_for(std::size_t descriptors) {
  return descriptors > kOtherDescriptors + 2 ? (descriptors - kOtherDescriptors) / 2 : 1;
}

// Lets the process open `wanted` descriptors, as far as the system allows it; never lowers. How many it may open now.
std::size_t raise_descriptors(std::size_t wanted);

}  // namespace tokometer::net
