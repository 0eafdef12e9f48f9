// The origin's side of an exchange: a connection in HTTP/1.1, or a stream of one in
// HTTP/2, whichever the origin chose.
//
// Until that is known the request is held, in HTTP/1.1's form. It is kept a while
// longer so that it can be sent once more where that can do no harm: when a
// connection turns out to have died in the pool (RFC 9112, 9.3.1; RFC 9110, 9.2.2),
// or when an origin says that it has not looked at it (RFC 9113, 8.7).
//
// Not here: whose connections they are (upstreams.h), HTTP/2's frames
// (http2_upstream.h), what failures mean to the client (exchange.h).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "proxy/driver.h"
#include "proxy/http2_upstream.h"
#include "proxy/settings.h"
#include "proxy/streams.h"
#include "proxy/upstreams.h"
#include "wire/http1_content.h"
#include "wire/http1_decoder.h"

namespace tokometer::proxy {

class Exchange;

class HttpOrigin : public OriginStream {
 public:
  HttpOrigin(Upstreams& upstreams, Exchange& exchange, const Limits& limits)
      : upstreams_(upstreams), exchange_(exchange), limits_(limits), decoder_(limits.http1), content_(limits.http1) {}

  void open(const Destination& to, const RequestHead& head, std::string_view target,
            const RequestChanges& changes) override;
  bool send(const Piece& piece) override;
  void pause_response(bool paused) override;
  void end(bool complete) override;

  // What it hears of its connection. In HTTP/1.1:
  void on_connected(bool reused);
  void on_bytes(std::string_view bytes);
  void on_eof();
  // In either:
  void on_closed(NetError why);
  void on_drained();
  // The connection that it waited for is another's.
  void connect_again();
  // In HTTP/2: it may open a stream. False: there is none left.
  bool on_http2(Http2Upstream& upstream, bool reused);
  void http2_head(wire::Fields fields, bool end, bool too_large);
  void http2_content(std::string_view content) { pieces_.push_back(content); }
  void http2_end(wire::Fields trailers);
  // Hands on what has come.
  void http2_deliver();
  // Its stream is gone; what that means is found out in http2_deliver, since it may come from within a call of ours.
  void http2_closed(std::uint32_t code) {
    stream_ = nullptr;
    close_code_ = code;
  }
  void http2_lost(NetError why);

 private:
  enum class State : std::uint8_t { kNone, kConnecting, kHead, kContent, kTunnel, kHttp2 };

  bool read_head(std::string_view& bytes);
  void lost(NetError why, bool untouched);
  void hold(const Piece& piece);
  void drop_held();

  Upstreams& upstreams_;
  Exchange& exchange_;
  Limits limits_;
  wire::http1::ResponseDecoder decoder_;
  wire::http1::ContentDecoder content_;
  std::vector<std::string_view> pieces_;
  std::vector<wire::Field> fields_;
  Origin origin_;
  std::string framed_;     // of a piece
  std::string held_;       // the request as far as it came, while it may have to be sent (again)
  std::string head_text_;  // a head of HTTP/2 as HTTP/1.1 has it
  State state_ = State::kNone;
  ConnId conn_ = kClient;                  // asked for, or in use in HTTP/1.1; none: kClient
  Http2Upstream* upstream_ = nullptr;      // kHttp2
  wire::http2::Stream* stream_ = nullptr;  // on that; null: closed
  std::uint32_t close_code_ = 0;           // why, if it is closed
  std::size_t unconsumed_ = 0;             // of the response, handed on while it is paused
  wire::http1::Framing::Kind framing_ = wire::http1::Framing::Kind::kNone;  // of the request
  Offer offer_ = Offer::kAny;
  bool reused_ = false;
  bool retried_ = false;
  bool held_whole_ = false;  // held_ is all of the request so far
  bool repeatable_ = false;  // sending it twice does no harm
  bool request_whole_ = false;
  bool response_begun_ = false;
  bool head_request_ = false;
  bool upgrade_ = false;
  bool half_closed_ = false;
  bool paused_ = false;
};

}  // namespace tokometer::proxy
