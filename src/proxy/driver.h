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
#include <cstddef>
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
  std::string address{};    // IP literal to connect to instead of what `host` resolves to; empty: resolve it
  bool is_private = false;  // the client's business only: no log names it

  friend bool operator==(const Origin&, const Origin&) = default;
};

// Why a connection failed or ended.
enum class NetError {
  kNone,
  kResolve,            // the name has no address
  kRefused,            // connection refused or unreachable
  kConnectTimeout,     // no connection within the limit
  kLoop,               // it leads back to ourselves
  kTls,                // handshake failed
  kTlsIssuer,          // no authority that we trust vouches for the origin's certificate
  kTlsExpired,         // that has expired, or is not valid yet
  kTlsName,            // it is another host's
  kTlsCertificate,     // it can't be accepted for another reason
  kDistrusted,         // the client does not trust our certificate (Driver::secure)
  kTurnedAway,         // the client broke the handshake off on seeing our certificate, without a word
  kReset,              // the peer broke the connection
  kLimit,              // too many connections of ours, or no file descriptor
  kProxy,              // the upstream proxy can't be reached, breaks off, or does not speak HTTP
  kProxyTimeout,       // the upstream proxy did not answer within the limit
  kProxyUnauthorized,  // the upstream proxy asks for credentials, or for others
  kProxyRefused,       // the upstream proxy does not connect us to the origin
  kStopped,            // we closed it, since we are to stop now
};

// What is spoken on a connection. With TLS it is negotiated (ALPN, RFC 7301), else known beforehand.
enum class Protocol : std::uint8_t { kHttp1, kHttp2 };

// What a protocol keeps of a connection to an origin while that is idle in the pool.
class IdleConnection {
 public:
  virtual ~IdleConnection() = default;
  // The origin has sent `bytes`: appends to `out` what it must be told. False: the connection is of no more use.
  virtual bool on_idle_bytes(std::string_view bytes, SteadyTime now, std::string& out) = 0;
};

struct Connected {
  bool reused = false;  // came from the pool: it may have died unseen
  Protocol protocol = Protocol::kHttp1;
  std::unique_ptr<IdleConnection> idle{};  // what it was given to the pool with
};

// What may be spoken on a connection that is asked for.
enum class Offer : std::uint8_t {
  kHttp1,  // HTTP/1.1 only
  kAny,    // HTTP/2 too, if the origin has TLS and chooses it
  kTunnel  // nothing of ours: a client's own bytes
};

// Which connections `Driver::connect` may hand out.
enum class Reuse {
  kAllowed,  // one from the pool, if there is one
  kFresh,    // a new one: a pooled one has just failed this exchange
};

// How to end a connection once everything that was sent has gone out. After
// kGraceful and kReset the id is void: no further call names it, and what the
// driver still does with the socket (lingering) concerns no session.
enum class Close {
  kGraceful,  // FIN, then read and drop until the peer's (bounded), so that it can read our last bytes
  kHalf,      // FIN only: the other direction goes on
  kReset,     // at once: what is queued is dropped
};

enum class Timer : std::uint8_t {
  kHead,            // the client's request head must be whole
  kIdle,            // no request on a kept connection; a tunnel may be at rest
  kRequestContent,  // the client's content must go on
  kFirstByte,       // the origin's final response must begin
  kBetweenBytes,    // the response must go on
  kDrain,           // reading on after the client left; an exchange's tunnel may be at rest
};
inline constexpr std::size_t kTimerCount = 6;

// The time, and deadlines.
class Timing {
 public:
  virtual ~Timing() = default;

  // Arms `timer` to fire once after `delay`; arming again moves it, zero disarms it.
  // Cheap enough to be called for every chunk.
  virtual void arm(Timer timer, std::chrono::milliseconds delay) = 0;

  virtual UtcTime now() const = 0;  // wall clock, cached for the loop's turn or better
  virtual SteadyTime steady() const = 0;
};

// What passes on a connection.
struct Traffic {
  SteadyTime heard{};  // when bytes last came, or it was opened
  bool waits = false;  // bytes wait to go out, or to go on
};

class Driver : public Timing {
 public:
  // Takes a connection to `origin` from the pool or opens one. The answer comes
  // after the running call of the Session: on_connected, or on_closed with the
  // reason (the limit on connecting is the driver's: kConnectTimeout).
  // `close` on the id before that gives the attempt up.
  virtual ConnId connect(const Origin& origin, Reuse reuse, Offer offer) = 0;
  // Gives a connection back to the pool: it is idle and its last response is
  // complete. `idle` hears what the origin says meanwhile; without it, whatever it says ends the connection. The id is
  // void from here on.
  virtual void release(ConnId conn, std::unique_ptr<IdleConnection> idle) = 0;

  // Sends the pieces in order, as one write where it can be. They are valid
  // during the call only. Returns whether the send buffer is still below its
  // high-water mark; if not, pause the source until Session::on_drained.
  virtual bool send(ConnId conn, std::initializer_list<std::string_view> pieces) = 0;
  virtual void close(ConnId conn, Close how) = 0;
  // Whether clients can take a certificate of ours for `name` (a host name or IP literal).
  virtual bool vouches_for(std::string_view name) = 0;
  // The client begins TLS on its plain connection: goes on as its server, with a certificate of ours for `name`
  // (a host name or IP literal). `received` is what came of the handshake so far. Session::on_secured or on_closed
  // follow; nothing is sent or told in between.
  virtual void secure(std::string_view name, std::string_view received) = 0;
  // The client and the origin at `conn`, both plain, have nothing but each other's bytes to get: what comes from either
  // may go to the other without on_bytes. on_eof and on_closed come as ever, after all bytes have gone on.
  virtual void join(ConnId conn) = 0;
  // Also of bytes that go on without on_bytes.
  virtual Traffic traffic(ConnId conn) = 0;
  // Stops (true) or resumes (false) reading from `conn`: while it is stopped no
  // on_bytes and no on_eof comes (on_closed may). A call that changes nothing is allowed.
  virtual void pause(ConnId conn, bool paused) = 0;

  // Tells the client's machine from others; empty for a Unix socket's.
  virtual std::string client_address() const = 0;

  // Asks for Session::on_turn_end, once everything that has happened together is told: what is to be sent until then
  // goes in one write.
  virtual void call_at_turn_end() = 0;
};

// What net/ calls. Views passed in are valid during the call only.
class Session {
 public:
  virtual ~Session() = default;

  virtual void on_connected(ConnId conn, Connected how) = 0;
  virtual void on_secured(Protocol /*protocol*/) {}  // the client's TLS stands, with what it chose of our offer
  virtual void on_bytes(ConnId conn, std::string_view bytes) = 0;
  virtual void on_eof(ConnId conn) = 0;                   // the peer sent FIN; we may still send
  virtual void on_closed(ConnId conn, NetError why) = 0;  // the connection is gone both ways: the id is void
  virtual void on_drained(ConnId conn) = 0;               // the send buffer fell below its low-water mark
  virtual void on_timer(Timer timer) = 0;
  virtual void on_turn_end() = 0;  // after Driver::call_at_turn_end, once
  // The program wants to stop: finish the running exchange, then close (no new ones).
  virtual void on_shutdown() = 0;

  // Nothing is left to do (the client's connection is closed, no origin's is
  // open): the driver destroys the session after the running call.
  virtual bool done() const = 0;
};

// Makes the session of each accepted connection. The driver is ready for
// commands when this is called: a session arms its first timer at once.
// Shared by all loops, so thread-safe.
class SessionFactory {
 public:
  virtual ~SessionFactory() = default;
  virtual std::unique_ptr<Session> open(Driver& driver) = 0;
};

}  // namespace tokometer::proxy
