// What the proxy core can be told: how long to wait, how much to hold, what to
// do when a client leaves. docs/proxy.md explains each for users.
//
// Not here: the limit on connecting and the pool's limits (net/), listening (app/).
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "wire/http1_head.h"
#include "wire/http2_limits.h"

namespace tokometer::proxy {

struct Timeouts {
  std::chrono::milliseconds head{std::chrono::seconds{30}};              // a request head, from connecting on: else 408
  std::chrono::milliseconds idle{std::chrono::seconds{75}};              // between requests: then closed
  std::chrono::milliseconds request_content{std::chrono::seconds{120}};  // between pieces of a request: else 408
  std::chrono::milliseconds first_byte{std::chrono::minutes{10}};        // of the final response: else 504
  std::chrono::milliseconds between_bytes{std::chrono::minutes{10}};     // of a response or a tunnel: then broken off
  std::chrono::milliseconds drain{std::chrono::seconds{60}};             // OnClientClose::kDrain
  // A client's FIN this soon after its request is a half-close: it still reads.
  // Later it means that the client left.
  std::chrono::milliseconds half_close{200};
};

struct Limits {
  wire::http1::Limits http1;
  wire::http2::Limits http2;                                     // sizes of heads are http1's
  std::uint64_t request_content_bytes = std::uint64_t{1} << 30;  // else 413
  std::size_t held_bytes = std::size_t{256} * 1024;    // of a request, until its origin is connected; then it waits
  std::size_t retry_bytes = std::size_t{64} * 1024;    // of a request, kept to send it once more
  std::uint64_t drain_bytes = std::uint64_t{8} << 20;  // OnClientClose::kDrain
  // StreamUsage::kInject: of a request that is held until it is whole; a larger one passes untouched.
  std::uint64_t injection_bytes = std::uint64_t{8} << 20;

  // Those of a connection in HTTP/2, whose heads may be as large as HTTP/1.1's.
  wire::http2::Limits of_http2() const {
    wire::http2::Limits made = http2;
    made.head_bytes = http1.head_bytes;
    made.fields = http1.fields;
    return made;
  }
};

// What happens to a response whose client left.
enum class OnClientClose : std::uint8_t {
  kCancel,  // the origin's connection is closed at once: it stops working (and billing)
  kDrain,   // the rest is read, within its limits, so that its usage is known
};

// Whether streams are asked for usage that their clients did not ask for (usage_injection.h).
enum class StreamUsage : std::uint8_t { kOff, kInject };

struct Settings {
  Timeouts timeouts;
  Limits limits;
  OnClientClose on_client_close = OnClientClose::kCancel;
  StreamUsage stream_usage = StreamUsage::kOff;
  bool origin_http2 = true;  // offered to origins over TLS
};

}  // namespace tokometer::proxy
