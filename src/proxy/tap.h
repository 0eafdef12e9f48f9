// What the proxy core lets the meter see of an exchange.
//
// Bytes are forwarded first and measured second. The core calls
// a Tap after the bytes went on, with one exception: `response_end` comes before
// the response's last bytes are sent, so that the event is in the journal when
// the client sees the end. A Tap never throws, never blocks (but for that
// bounded journal append) and can't change anything.
//
// Not here: the tap that meters (app/metering_tap.h).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/time.h"
#include "provider/registry.h"
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
  std::string_view target;   // as sent to the origin
  wire::Fields fields;       // as received, X-Tokometer-* included
  std::string_view project;  // from /p/<project>/, or empty
};

// Why an exchange ended before its response did.
enum class Abort {
  kClientClosed,  // the client left
  kOriginResolve,
  kOriginRefused,
  kOriginTls,
  kOriginReset,  // broke off, before or in its response
  kConnectTimeout,
  kFirstByteTimeout,
  kBetweenBytesTimeout,
  kOriginProtocol,  // not HTTP as the RFCs have it
  kClientProtocol,
  kShutdown,  // we were told to stop
};

// The event's `error_type`: "client_closed", "origin_refused", …
std::string_view to_string(Abort abort);

class Tap {
 public:
  virtual ~Tap() = default;
  virtual void request_content(std::string_view bytes) = 0;  // framing removed, coding kept
  virtual void request_end() = 0;
  virtual void response_head(int status, wire::Fields fields, SteadyTime at) = 0;  // the final one, not 1xx
  virtual void response_content(std::string_view bytes, SteadyTime at) = 0;
  virtual void response_end(SteadyTime at) = 0;                         // whole; last call but the destructor
  virtual void aborted(Abort why, int status_sent, SteadyTime at) = 0;  // broken off; last call but the destructor
};

class TapFactory {
 public:
  virtual ~TapFactory() = default;
  // May return null: nothing is measured then.
  virtual std::unique_ptr<Tap> open(const ExchangeStart& start) = 0;
};

}  // namespace tokometer::proxy
