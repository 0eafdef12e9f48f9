// What the proxy core lets the meter see of an exchange.
//
// Bytes are forwarded first and measured second. The core calls
// a Tap after the bytes went on, with one exception: `response_end` comes before
// the response's last bytes are sent, so that the event is in the journal when
// the client sees the end. In a tunnel (WebSocket), which has many such ends, what
// the origin sends comes to the tap first where it may hold one, and else after
// it went on: at most one read's worth of bytes waits, for as long as it takes to
// look at them. A Tap never throws, never blocks (but for that
// bounded journal append) and can't change anything.
//
// Not here: the tap that meters (app/metering_tap.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/time.h"
#include "client/call_context.h"
#include "provider/registry.h"
#include "proxy/distrust.h"
#include "wire/fields.h"

namespace tokometer::proxy {

// What is known when a request's head has been read and routed.
struct ExchangeStart {
  UtcTime started_at;  // the request's first byte
  SteadyTime started_steady;
  const provider::Spec* spec = nullptr;          // null: no provider known
  const provider::Endpoint* endpoint = nullptr;  // null: the provider has no such endpoint
  std::string_view method;
  std::string_view host;     // of the origin, with its port unless it is the scheme's own
  bool tls = true;           // the origin is one of https
  std::string_view target;   // as sent to the origin
  wire::Fields fields;       // as received, those that give context included
  std::string_view project;  // from /p/<project>/, or empty
  // From /c/<context>/, else that of the connection (its Proxy-Authorization); null: none. Fields go before it.
  const client::CallContext* context = nullptr;
};

// Why an exchange ended before its response did.
enum class Abort {
  kClientClosed,  // the client left
  kOriginResolve,
  kOriginRefused,
  kLoop,  // the way to it leads back to us
  kOriginTls,
  kOriginTlsIssuer,  // of its certificate: see NetError
  kOriginTlsExpired,
  kOriginTlsName,
  kOriginTlsCertificate,
  kProxy,              // the upstream proxy (net/upstream_proxy.h) can't be reached
  kProxyTimeout,       // it did not answer
  kProxyUnauthorized,  // it asks for credentials
  kProxyRefused,       // it does not connect us to the origin
  kNoConnection,       // we have none left: file descriptors, or a limit of ours
  kOriginReset,        // broke off, before or in its response
  kConnectTimeout,
  kFirstByteTimeout,
  kBetweenBytesTimeout,
  kOriginProtocol,  // not HTTP as the RFCs have it
  kClientProtocol,
  kShutdown,  // we were told to stop
  kBudget,    // never begun: what its run may use is used up
};

// The event's `error_type`: "client_closed", "origin_refused", …
std::string_view to_string(Abort abort);

// Who sent what passes in a tunnel.
enum class From : std::uint8_t { kFromClient, kFromOrigin };

class Tap {
 public:
  virtual ~Tap() = default;
  virtual void request_content(std::string_view bytes) = 0;  // framing removed, coding kept
  virtual void request_end() = 0;
  virtual void response_head(int status, wire::Fields fields, SteadyTime at) = 0;  // the final one, not 1xx
  virtual void response_content(std::string_view bytes, SteadyTime at) = 0;

  // The response made a tunnel of the exchange (101; in HTTP/2, 2xx to an extended CONNECT): comes after
  // response_head, and instead of all content. Returns whether what passes in it is to be shown; how it ends is told
  // in any case, by one of the two below.
  virtual bool tunnel_opened() { return false; }
  // Whether the origin's next `size` bytes may hold an end that has to be in the journal before the client sees it:
  // they go on after tunnel_content then, else before it.
  virtual bool may_hold_end(std::size_t /*size*/) const { return false; }
  // Whether a turn has begun in the tunnel, and not ended.
  virtual bool in_turn() const { return false; }
  virtual void tunnel_content(From /*from*/, std::string_view /*bytes*/, SteadyTime /*at*/) {}
  // The client will send no more; the origin still may.
  virtual void tunnel_client_ended() {}

  virtual void response_end(SteadyTime at) = 0;                         // whole; last call but the destructor
  virtual void aborted(Abort why, int status_sent, SteadyTime at) = 0;  // broken off; last call but the destructor
};

class TapFactory {
 public:
  virtual ~TapFactory() = default;
  // May return null: nothing is measured then.
  virtual std::unique_ptr<Tap> open(const ExchangeStart& start) = 0;
  // What a client sent was no request, so that no exchange began: `code` is the answer's x-tokometer-error.
  virtual void refused(std::string_view code) = 0;
  // A client does not take our certificate: for a while its calls there pass unread, or fail if it is `held`.
  // `silent`: it did not say so, but closed.
  virtual void distrusted(const Distrust::Client& /*client*/, bool /*silent*/) {}
  // What a client began in its tunnel to a host that is read is no TLS that could be: it passes, or where the client is
  // `held` the connection was closed.
  virtual void unreadable(const Distrust::Client& /*client*/) {}
  // A connection to `host` ("other.example", with its port unless that is 443) passes unread, as no spec and no setting
  // says otherwise. `context`: that of the connection; null: none.
  virtual void tunnelled(std::string_view /*host*/, const client::CallContext* /*context*/) {}
  // A context that was given for calls could not be read, and they go on without it: `fault` says why.
  virtual void unreadable_context(std::string_view /*fault*/) {}
};

}  // namespace tokometer::proxy
