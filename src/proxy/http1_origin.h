// The origin's side of an exchange in HTTP/1.1: one connection from the pool,
// one request on it, its response read back.
//
// Until the connection is there, the request is held. On a connection that was
// reused it is kept a while longer, so that it can be sent once more if the
// connection turns out to have died in the pool (RFC 9112, 9.3.1) and sending
// twice can do no harm (RFC 9110, 9.2.2).
//
// Not here: the pool (net/), what failures mean to the client (exchange.h).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "proxy/driver.h"
#include "proxy/settings.h"
#include "proxy/streams.h"
#include "wire/http1_content.h"
#include "wire/http1_decoder.h"

namespace tokometer::proxy {

class Exchange;

class Http1Origin : public OriginStream {
 public:
  Http1Origin(Driver& driver, Exchange& exchange, const Limits& limits)
      : driver_(driver), exchange_(exchange), limits_(limits), decoder_(limits.http1), content_(limits.http1) {}

  void open(const Destination& to, const RequestHead& head, std::string_view target) override;
  bool send(const Piece& piece) override;
  void pause_response(bool paused) override;
  void end(bool complete) override;

  // The connection in use; none: kClient.
  ConnId conn() const { return conn_; }

  // What the session hears of conn().
  void on_connected(Connected how);
  void on_bytes(std::string_view bytes);
  void on_eof();
  void on_closed(NetError why);

 private:
  enum class State : std::uint8_t { kNone, kConnecting, kHead, kContent, kTunnel };

  bool read_head(std::string_view& bytes);
  void lost(NetError why);
  bool may_retry() const;

  Driver& driver_;
  Exchange& exchange_;
  Limits limits_;
  wire::http1::ResponseDecoder decoder_;
  wire::http1::ContentDecoder content_;
  std::vector<std::string_view> pieces_;
  Origin origin_;
  std::string held_;  // the request as far as it came, while it may have to be sent (again)
  State state_ = State::kNone;
  ConnId conn_ = kClient;
  bool reused_ = false;
  bool held_whole_ = false;  // held_ is all of the request so far
  bool repeatable_ = false;  // sending it twice does no harm
  bool request_whole_ = false;
  bool response_begun_ = false;
  bool head_request_ = false;
  bool upgrade_ = false;
  bool half_closed_ = false;
};

}  // namespace tokometer::proxy
