// The seam between the proxy core and the world.
//
// The core is without I/O: bytes and happenings come in by the on_* calls of a
// Session, commands go out through a Driver. net/ drives sessions with sockets,
// the playbook tests with scripts. One Session serves one accepted client
// connection; it and its Driver belong to one thread, and no call re-enters:
// a Driver never calls into the Session from within a command.
//
// Connections are named by ConnId so that one client connection may later
// multiplex many origin connections (HTTP/2) without another seam.
//
// Not here: sockets, TLS, DNS, pools (net/), and HTTP itself (wire/http1_*).
#pragma once

#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>

#include "base/time.h"

namespace tokometer::proxy {

using ConnId = std::uint32_t;
inline constexpr ConnId kClient = 0;  // the client's own connection; origins count up from 1

// Where requests go: also the key of the connection pool.
struct Origin {
  bool tls = true;
  std::string host;  // name or IP literal, without brackets
  std::uint16_t port = 443;

  friend bool operator==(const Origin&, const Origin&) = default;
};

// Why a connection failed or ended.
enum class NetError {
  kNone,
  kResolve,         // the name has no address
  kRefused,         // connection refused or unreachable
  kConnectTimeout,  // no connection within the limit
  kTls,             // handshake failed or certificate not trusted
  kReset,           // the peer broke the connection
  kLimit,           // too many connections of ours
};

struct Connected {
  bool reused = false;  // came from the pool: it may have died unseen
};

// How to end a connection once everything that was sent has gone out.
enum class Close {
  kGraceful,  // FIN, then wait for the peer's (bounded), so that it can read our last bytes
  kHalf,      // FIN only: the other direction goes on
  kReset,     // at once: what is queued is dropped
};

enum class Timer : std::uint8_t { kIdle, kFirstByte, kBetweenBytes, kHead, kDrain };

class Driver {
 public:
  virtual ~Driver() = default;

  // Takes a connection to `origin` from the pool or opens one. The answer comes
  // later: Session::on_connected or on_closed.
  virtual ConnId connect(const Origin& origin) = 0;
  // Gives a connection back to the pool: it is idle and its last response is
  // complete. The id is void from here on.
  virtual void release(ConnId conn) = 0;

  // Sends the pieces in order, as one write where it can be. They are valid
  // during the call only. Returns whether the send buffer is still below its
  // high-water mark; if not, pause the source until Session::on_drained.
  virtual bool send(ConnId conn, std::initializer_list<std::string_view> pieces) = 0;
  virtual void close(ConnId conn, Close how) = 0;
  // Stops (true) or resumes (false) reading from `conn`. Bytes already read
  // may still arrive during the running on_bytes call only.
  virtual void pause(ConnId conn, bool paused) = 0;

  // Arms `timer` to fire once after `delay`; arming again moves it, zero disarms it.
  // Cheap enough to be called for every chunk.
  virtual void arm(Timer timer, std::chrono::milliseconds delay) = 0;

  virtual UtcTime now() const = 0;         // wall clock, cached for the loop's turn or better
  virtual SteadyTime steady() const = 0;
};

// What net/ calls. Views passed in are valid during the call only.
class Session {
 public:
  virtual ~Session() = default;

  virtual void on_connected(ConnId conn, Connected how) = 0;
  virtual void on_bytes(ConnId conn, std::string_view bytes) = 0;
  virtual void on_eof(ConnId conn) = 0;                     // the peer sent FIN
  virtual void on_closed(ConnId conn, NetError why) = 0;    // the connection is gone, both ways
  virtual void on_drained(ConnId conn) = 0;                 // the send buffer fell below its low-water mark
  virtual void on_timer(Timer timer) = 0;
  // The program wants to stop: finish the running exchange, then close (no new ones).
  virtual void on_shutdown() = 0;

  // Nothing is left to do: the driver destroys the session after the running call.
  virtual bool done() const = 0;
};

}  // namespace tokometer::proxy
