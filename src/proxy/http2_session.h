// A client's connection in HTTP/2 (RFC 9113): many exchanges at once, each on a
// stream of its own (http2_stream.h).
//
// It begins with the client's preface, however the connection came to HTTP/2:
// with prior knowledge, or by ALPN. What its streams send in one turn of the loop
// goes out in one write.
//
// A client that takes nothing stops its origins, stream by stream; one that
// floods us is told so (wire/http2_limits.h) and let go. When we are to stop, it
// is told first and its streams end in peace.
//
// Not here: frames (wire/http2_connection.h), the rules of an exchange (exchange.h).
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/uuid.h"
#include "proxy/context.h"
#include "proxy/driver.h"
#include "proxy/http2_stream.h"
#include "proxy/upstreams.h"
#include "wire/http1_decoder.h"
#include "wire/http2_connection.h"

namespace tokometer::proxy {

class Http2Session final : public Session, private wire::http2::Events {
 public:
  // `driver` and `contexts` outlive the session, and so does `to`: the host that all requests go to, of an intercepted
  // connection; null: each goes by the routes.
  // `said` is what the connection says of all its calls (ForwardTo::context).
  Http2Session(Driver& driver, const ContextSource& contexts, const Destination* to = nullptr,
               std::shared_ptr<const client::CallContext> said = nullptr);

  void on_connected(ConnId conn, Connected how) override;
  void on_bytes(ConnId conn, std::string_view bytes) override;
  void on_eof(ConnId conn) override;
  void on_closed(ConnId conn, NetError why) override;
  void on_drained(ConnId conn) override;
  void on_timer(Timer timer) override;
  void on_turn_end() override;
  void on_shutdown() override;
  bool done() const override;

 private:
  friend class Http2Stream;

  // Frames that are gathered before they go out in one write.
  static constexpr std::size_t kWriteBytes = std::size_t{64} * 1024;
  // Streams kept to be used again.
  static constexpr std::size_t kSpareStreams = 32;

  void on_head(wire::http2::Stream& stream, const Head& head) override;
  void on_content(wire::http2::Stream& stream, std::string_view content) override;
  void on_end(wire::http2::Stream& stream, wire::Fields trailers) override;
  void on_stream_closed(wire::http2::Stream& stream, std::uint32_t code) override;
  void on_room(wire::http2::Stream& stream) override;
  void on_pong() override;
  void on_goaway(std::int32_t last) override;

  // What streams ask for.
  std::size_t write_limit() const { return open_ && !client_full_ ? kWriteBytes : 0; }
  void note_deadline(SteadyTime deadline);
  void note_content(Http2Stream& stream);
  void note_over(Http2Stream& stream);

  Http2Stream& take_stream();
  std::string websocket_key();
  void settle();
  void retire();
  void write();
  void leave();
  void close(Close how);

  Driver& driver_;
  const ContextSource& contexts_;
  const Destination* const to_;
  const std::shared_ptr<const client::CallContext> said_;
  std::shared_ptr<const Context> context_;  // of the last exchange
  wire::http2::Connection connection_;
  Upstreams upstreams_;
  wire::http1::RequestDecoder decoder_;
  std::string head_text_;
  std::vector<std::unique_ptr<Http2Stream>> streams_;  // in use
  std::vector<std::unique_ptr<Http2Stream>> spare_;
  std::vector<Http2Stream*> with_content_;
  std::vector<Http2Stream*> with_room_;
  std::vector<Http2Stream*> maybe_over_;
  UuidMaker keys_;
  SteadyTime deadline_ = SteadyTime::max();  // no later than the earliest of the streams'
  bool open_ = true;                         // the client's connection
  bool head_timed_ = true;                   // Timer::kHead runs: no request has come yet
  bool idle_timed_ = false;
  bool client_full_ = false;
  bool shutting_down_ = false;
  bool turn_asked_ = false;
};

}  // namespace tokometer::proxy
