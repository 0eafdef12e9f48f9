// The two sides of an exchange, as the exchange sees them.
//
// A codec (HTTP/1.1 now, HTTP/2 beside it later) stands on each side. What
// passes is described once, in Pieces that carry both the bytes as received and
// the content within: a codec of the same version sends the former on verbatim,
// another one frames the latter anew.
//
// Not here: what connects the two (exchange.h), the codecs (http1_session.h, http1_origin.h).
#pragma once

#include <span>
#include <string_view>

#include "proxy/driver.h"
#include "wire/http1_head.h"

namespace tokometer::proxy {

using wire::http1::RequestHead;
using wire::http1::ResponseHead;

// A run of a message after its head. Views are valid during the call only.
struct Piece {
  std::string_view wire;                      // framing and trailers as received
  std::span<const std::string_view> content;  // framing removed; views into `wire`
  bool end = false;                           // the message is whole with this
};

// A complete answer of our own.
struct Answer {
  int status = 500;
  std::string_view content_type = "application/json";
  std::string_view error_code;  // x-tokometer-error; empty: not an error
  std::string_view body;
};

// The client's stream of one exchange.
class ClientStream {
 public:
  virtual ~ClientStream() = default;

  virtual void send_informational(const ResponseHead& head) = 0;
  // May wait for the first piece, to go out with it; `flush` ends the waiting.
  virtual void send_head(const ResponseHead& head) = 0;
  // Returns whether more should come; if not, Exchange::client_drained follows.
  virtual bool send(const Piece& piece) = 0;
  virtual void flush() = 0;
  virtual void answer(const Answer& answer) = 0;
  // The response can't be completed: the client must see that.
  virtual void break_off() = 0;
  virtual void pause_request(bool paused) = 0;
  // The origin accepted the upgrade: what follows is opaque.
  virtual void start_tunnel() = 0;
  // The exchange is over; the stream may take the next request.
  virtual void exchange_ended() = 0;
};

// Where a request goes and how it names its target there.
struct Destination {
  Origin origin;
  std::string authority;  // the Host to send: port only if it is not the scheme's own
  std::string path;       // prefix of every target: "/api", or empty
};

// The origin's stream of one exchange.
class OriginStream {
 public:
  virtual ~OriginStream() = default;

  virtual void open(const Destination& to, const RequestHead& head, std::string_view target) = 0;
  // Returns whether more should come; if not, Exchange::origin_drained follows.
  virtual bool send(const Piece& piece) = 0;
  virtual void pause_response(bool paused) = 0;
  // Nothing more is wanted: breaks the request off, or lets go of a finished one.
  virtual void end(bool complete) = 0;
};

}  // namespace tokometer::proxy
