// A client's connection in HTTP/1.1: reads requests one after the other, runs
// an exchange for each, writes its response.
//
// The next request is read only when the exchange before it is over: what a
// client sends ahead (pipelining) waits in one read's worth of buffer, then in
// the kernel. So responses can't overtake each other, and as the next request is
// not read either while the client takes no response, nothing piles up.
//
// Not here: sockets (net/), the rules of an exchange (exchange.h).
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/context.h"
#include "proxy/driver.h"
#include "proxy/exchange.h"
#include "proxy/http_origin.h"
#include "proxy/streams.h"
#include "wire/http1_content.h"
#include "wire/http1_decoder.h"

namespace tokometer::proxy {

class Http1Session : public Session, private ClientStream {
 public:
  // `driver` and `contexts` outlive the session, and so does `to`: the host that all requests go to, of an intercepted
  // connection; null: each goes by the routes or says itself.
  // `said` is what the connection says of all its calls (ForwardTo::context).
  Http1Session(Driver& driver, const ContextSource& contexts, const Destination* to = nullptr,
               std::shared_ptr<const client::CallContext> said = nullptr);

  // A request for a tunnel (RFC 9110, 9.3.6). The session is over with it and leaves the connection as it is.
  struct Connect {
    std::shared_ptr<const Context> context;
    std::string authority;
    std::string user_agent;
    std::shared_ptr<const client::CallContext> said;
    std::string rest;  // what came after it
  };
  // The one that has come, once.
  std::optional<Connect> take_connect();

  void on_connected(ConnId conn, Connected how) override;
  void on_bytes(ConnId conn, std::string_view bytes) override;
  void on_eof(ConnId conn) override;
  void on_closed(ConnId conn, NetError why) override;
  void on_drained(ConnId conn) override;
  void on_timer(Timer timer) override;
  void on_turn_end() override {}
  void on_shutdown() override;
  bool done() const override;

 private:
  // Where in the client's bytes we are.
  enum class State : std::uint8_t {
    kHead,     // between or in a request head
    kContent,  // in a request's content, or in a tunnel
    kWait,     // the request is whole, its exchange runs
    kConnect,  // a request for a tunnel waits to be taken
    kClosed,   // nothing more is read or written
  };

  bool send_informational(const ResponseHead& head) override;
  void send_head(const ResponseHead& head, bool changed) override;
  bool send(const Piece& piece) override;
  void flush() override;
  void answer(const Answer& answer) override;
  void break_off() override;
  void pause_request(bool paused) override;
  void start_tunnel() override;
  void exchange_ended() override;

  void read(std::string_view bytes);
  bool read_head(std::string_view& bytes);
  void read_connect(std::string_view& bytes);
  ForwardTo forward_to(const RequestHead& head);
  std::shared_ptr<const client::CallContext> said_by(const RequestHead& head) const;
  void read_content(std::string_view& bytes);
  void refuse(const wire::http1::Refusal& refusal);
  bool to_client(std::initializer_list<std::string_view> pieces);
  void keep_pending(std::string_view bytes);
  void settle();
  void close(Close how);

  Driver& driver_;
  const ContextSource& contexts_;
  const Destination* const to_;
  const std::shared_ptr<const client::CallContext> said_;
  std::shared_ptr<const Context> context_;  // of the running or last exchange
  wire::http1::RequestDecoder decoder_;
  wire::http1::ContentDecoder content_;
  Exchange exchange_;
  Upstreams upstreams_;
  HttpOrigin origin_;
  std::vector<std::string_view> pieces_;
  Destination forward_to_;  // of the running exchange, where it is not to_
  std::optional<Connect> connect_;
  std::string framed_;   // of a piece
  std::string out_;      // a head that waits to go out with what follows it
  std::string pending_;  // bytes that came before their time
  UtcTime started_at_;   // the request's first byte
  SteadyTime started_steady_;
  State state_ = State::kHead;
  wire::http1::Framing::Kind framing_ = wire::http1::Framing::Kind::kNone;  // of the running response
  bool head_timed_ = false;  // Timer::kHead runs, for the head that is being read
  bool head_request_ = false;
  bool client_1_0_ = false;
  bool until_close_ = false;  // the running response ends with the connection
  bool unframe_ = false;      // chunks are taken apart for an HTTP/1.0 client
  bool close_after_ = false;  // the running exchange is the connection's last
  bool shutting_down_ = false;
  bool client_eof_ = false;
  bool paused_ = false;
  bool client_full_ = false;  // the client takes nothing at present: its next request waits
};

}  // namespace tokometer::proxy
