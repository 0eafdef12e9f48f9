// A client's connection in HTTP/1.1: reads requests one after the other, runs
// an exchange for each, writes its response.
//
// The next request is read only when the exchange before it is over: what a
// client sends ahead (pipelining) waits in one read's worth of buffer, then in
// the kernel. So responses can't overtake each other and nothing piles up.
//
// Not here: sockets (net/), the rules of an exchange (exchange.h).
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/context.h"
#include "proxy/driver.h"
#include "proxy/exchange.h"
#include "proxy/http1_origin.h"
#include "proxy/streams.h"
#include "wire/http1_content.h"
#include "wire/http1_decoder.h"

namespace tokometer::proxy {

class Http1Session : public Session, private ClientStream {
 public:
  // `driver` and `contexts` outlive the session.
  Http1Session(Driver& driver, const ContextSource& contexts);

  void on_connected(ConnId conn, Connected how) override;
  void on_bytes(ConnId conn, std::string_view bytes) override;
  void on_eof(ConnId conn) override;
  void on_closed(ConnId conn, NetError why) override;
  void on_drained(ConnId conn) override;
  void on_timer(Timer timer) override;
  void on_shutdown() override;
  bool done() const override;

 private:
  // Where in the client's bytes we are.
  enum class State : std::uint8_t {
    kHead,     // between or in a request head
    kContent,  // in a request's content, or in a tunnel
    kWait,     // the request is whole, its exchange runs
    kClosed,   // nothing more is read or written
  };

  void send_informational(const ResponseHead& head) override;
  void send_head(const ResponseHead& head) override;
  bool send(const Piece& piece) override;
  void flush() override;
  void answer(const Answer& answer) override;
  void break_off() override;
  void pause_request(bool paused) override;
  void start_tunnel() override;
  void exchange_ended() override;

  void read(std::string_view bytes);
  bool read_head(std::string_view& bytes);
  void read_content(std::string_view& bytes);
  void refuse(const wire::http1::Refusal& refusal);
  void keep_pending(std::string_view bytes);
  void read_pending();
  void close(Close how);

  Driver& driver_;
  const ContextSource& contexts_;
  std::shared_ptr<const Context> context_;  // of the running or last exchange
  wire::http1::RequestDecoder decoder_;
  wire::http1::ContentDecoder content_;
  Exchange exchange_;
  Http1Origin origin_;
  std::vector<std::string_view> pieces_;
  std::string out_;      // a head that waits to go out with what follows it
  std::string pending_;  // bytes that came before their time
  UtcTime started_at_;   // the request's first byte
  SteadyTime started_steady_;
  State state_ = State::kHead;
  bool head_timed_ = false;  // Timer::kHead runs, for the head that is being read
  bool head_request_ = false;
  bool client_1_0_ = false;
  bool until_close_ = false;  // the running response ends with the connection
  bool unframe_ = false;      // chunks are taken apart for an HTTP/1.0 client
  bool close_after_ = false;  // the running exchange is the connection's last
  bool shutting_down_ = false;
  bool client_eof_ = false;
  bool paused_ = false;
};

// Makes Http1Sessions.
class Http1SessionFactory : public SessionFactory {
 public:
  explicit Http1SessionFactory(std::shared_ptr<const ContextSource> contexts) : contexts_(std::move(contexts)) {}
  std::unique_ptr<Session> open(Driver& driver) override;

 private:
  std::shared_ptr<const ContextSource> contexts_;
};

}  // namespace tokometer::proxy
