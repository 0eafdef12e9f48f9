// Every limit of the network side, with its default. All are settings.
//
// Not here: the limits on what HTTP may say (proxy/) and on what is kept of an
// exchange (meter/, event/).
#pragma once

#include <chrono>
#include <cstddef>

namespace tokometer::net {

struct Limits {
  // Client connections open at once, in each worker. Past it new ones wait in
  // the backlog until one ends.
  std::size_t max_clients = 16'384;
  // Connections to origins in use at once, in each worker; past it `connect`
  // fails with NetError::kLimit. Idle ones have limits of their own below.
  std::size_t max_origin_connections = 16'384;
  // What the kernel queues of connections not yet accepted.
  int backlog = 4'096;

  // One buffer of this size a worker serves all its reads.
  std::size_t read_buffer_bytes = std::size_t{64} * 1024;
  // Reads from one connection before the others get their turn.
  int reads_per_turn = 8;
  // Pipes through which tunnels move much at once, in each worker: two descriptors each. Past it bytes are copied.
  std::size_t max_pipes = 16;
  // Queued for a peer that does not take it: `Driver::send` says stop above the
  // first, `on_drained` comes below the second.
  std::size_t send_high_water_bytes = std::size_t{256} * 1024;
  std::size_t send_low_water_bytes = std::size_t{64} * 1024;

  // From the wish to the first byte that may be sent: lookup, every address,
  // TLS handshake.
  std::chrono::milliseconds connect_timeout{10'000};
  // Closed connections that wait for their peer's end, in each worker; past it the oldest is reset.
  std::size_t max_lingering = 4'096;
  // How long a closed client may take to close its side, once it has all bytes.
  std::chrono::milliseconds linger_timeout{2'000};
  // How long a closed connection may make no progress with what is still queued.
  std::chrono::milliseconds linger_send_timeout{30'000};
  // What a closed client may still send before it is reset.
  std::size_t linger_max_bytes = std::size_t{8} * 1024 * 1024;
  // The same when the program stops and waits for nothing else.
  std::chrono::milliseconds shutdown_linger_timeout{250};
  // Pause of accepting when the process has no file descriptor left.
  std::chrono::milliseconds accept_pause{100};

  // Idle connections kept to one origin and in all, in each worker, and how long.
  std::size_t max_idle_per_origin = 512;
  std::size_t max_idle = 2'048;
  std::chrono::milliseconds idle_timeout{60'000};

  // Names looked up at once; more wait, and past `max_pending_lookups` fail.
  unsigned lookup_threads = 4;
  std::size_t max_pending_lookups = 1'024;
  std::size_t max_cached_names = 1'024;
  std::chrono::milliseconds name_ttl{30'000};
  std::chrono::milliseconds failed_name_ttl{1'000};

  // TLS sessions kept for resumption, for one origin and in all.
  std::size_t max_tls_sessions_per_origin = 4;
  std::size_t max_tls_sessions = 1'024;
  // Certificates of intercepted hosts that are kept; past it the one unused for longest is made anew when wanted.
  std::size_t max_leaf_certificates = 1'024;
};

}  // namespace tokometer::net
