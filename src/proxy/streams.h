// The two sides of an exchange, as the exchange sees them.
//
// A codec, of HTTP/1.1 or HTTP/2, stands on each side. Heads are described in
// HTTP/1.1's terms, whatever they came in (wire/http2_head.h). What passes after
// them is described once, in Pieces that carry the content and, from HTTP/1.1, the
// bytes as received: a codec of that version sends those on verbatim, any other
// frames the content anew.
//
// Not here: what connects the two (exchange.h), the codecs (http1_session.h, http_origin.h).
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "proxy/driver.h"
#include "proxy/head_rewrite.h"
#include "wire/http1_encoder.h"
#include "wire/http1_head.h"

namespace tokometer::proxy {

using wire::http1::RequestHead;
using wire::http1::ResponseHead;

// A run of a message after its head. Views are valid during the call only.
struct Piece {
  std::string_view wire{};                      // framing and trailers as received, if it came in HTTP/1.1
  std::span<const std::string_view> content{};  // framing removed
  bool end = false;                             // the message is whole with this
  wire::Fields trailers{};                      // with the end
  bool framed = true;                           // `wire` is there

  // How it goes on in HTTP/1.1, under the framing that its message's head has; `buffer` holds what had to be made.
  std::string_view http1(wire::http1::Framing::Kind kind, std::string& buffer) const {
    return framed ? wire : wire::http1::frame_content(kind, content, end, trailers, buffer);
  }
};

// A complete answer of our own.
struct Answer {
  int status = 500;
  std::string_view content_type = "application/json";
  std::string_view error_code;  // x-tokometer-error; empty: not an error
  std::string_view body;
  wire::Fields fields{};  // more of them, with names in lower case
};

// The client's stream of one exchange.
class ClientStream {
 public:
  virtual ~ClientStream() = default;

  // Returns as `send` does.
  virtual bool send_informational(const ResponseHead& head) = 0;
  // May wait for the first piece, to go out with it; `flush` ends the waiting. With `changed` the content is not the
  // origin's, and so is its length: pieces are in chunks, unless they end with the connection.
  virtual void send_head(const ResponseHead& head, bool changed) = 0;
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

  virtual void open(const Destination& to, const RequestHead& head, std::string_view target,
                    const RequestChanges& changes) = 0;
  // Returns whether more should come; if not, Exchange::origin_drained follows.
  virtual bool send(const Piece& piece) = 0;
  virtual void pause_response(bool paused) = 0;
  // Nothing more is wanted: breaks the request off, or lets go of a finished one.
  virtual void end(bool complete) = 0;
};

}  // namespace tokometer::proxy
