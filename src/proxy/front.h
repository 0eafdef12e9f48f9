// A client's connection from its first byte on: finds out what is spoken on it,
// and hands it to the session that speaks that.
//
//   first bytes ──► Http2Session, or
//                   Http1Session ──CONNECT──► tunnel, byte for byte
//                                     └─────► ClientHello ──► TLS ──► either session, to that host
//
// Tunnels are handled here: there is nothing to them but bytes in both
// directions. What is intercepted goes on in a new session, whose requests all go to
// the host of the CONNECT.
//
// Not here: which hosts are intercepted (forwarding.h), HTTP (http1_session.h).
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "proxy/context.h"
#include "proxy/driver.h"
#include "proxy/forwarding.h"
#include "proxy/http1_session.h"
#include "proxy/http2_session.h"
#include "wire/tls_hello.h"

namespace tokometer::proxy {

class Front final : public Session {
 public:
  // `driver` and `contexts` outlive it.
  Front(Driver& driver, const ContextSource& contexts);

  void on_connected(ConnId conn, Connected how) override;
  void on_secured(Protocol protocol) override;
  void on_bytes(ConnId conn, std::string_view bytes) override;
  void on_eof(ConnId conn) override;
  void on_closed(ConnId conn, NetError why) override;
  void on_drained(ConnId conn) override;
  void on_timer(Timer timer) override;
  void on_turn_end() override;
  void on_shutdown() override;
  bool done() const override;

 private:
  enum class State : std::uint8_t {
    kSession,     // session_ has the connection
    kHello,       // the client was told that its tunnel stands; now says what it wants in it
    kSecuring,    // TLS is being agreed on with the client
    kConnecting,  // to the host of a blind tunnel
    kTunnel,
    kClosed,
  };

  void open_session(Protocol protocol, const Destination* to);
  bool is_http2(std::string_view bytes);
  void look_at_request();
  void begin_connect(Http1Session::Connect connect);
  void read_hello();
  bool may_be_left_alone(std::string_view name) const;
  void tell_of_tunnel(std::string_view host) const;
  void open_tunnel();
  void start_tunnel();
  void end_if_at_rest();
  bool left_at_once();
  void turned_away();
  void refuse(int status, std::string_view code, std::string_view message);
  void refuse_loop();
  void close_client(Close how);
  void close_origin(Close how);

  Driver& driver_;
  const ContextSource& contexts_;
  std::shared_ptr<const Context> context_;  // of the tunnel
  std::unique_ptr<Session> session_;
  Http1Session* http1_ = nullptr;                    // session_, if it is one
  const Destination* session_to_ = nullptr;          // where all its requests go
  Destination to_;                                   // of the CONNECT
  Distrust::Client client_;                          // who asked for it
  std::shared_ptr<const client::CallContext> said_;  // with that
  std::string held_;                                 // what the client sent ahead
  ConnId origin_ = kClient;                          // of a blind tunnel; kClient: none
  State state_ = State::kSession;
  SteadyTime began_;           // the client's TLS
  SteadyTime secured_;         // it stood
  bool fresh_ = true;          // session_ has seen no byte yet
  bool unproven_ = false;      // the client has our certificate, and has said nothing under it
  bool told_ = false;          // that the tunnel stands
  bool client_ended_ = false;  // its FIN
  bool origin_ended_ = false;
  bool shutting_down_ = false;
};

// Makes Fronts.
class FrontFactory final : public SessionFactory {
 public:
  explicit FrontFactory(std::shared_ptr<const ContextSource> contexts) : contexts_(std::move(contexts)) {}
  std::unique_ptr<Session> open(Driver& driver) override;

 private:
  std::shared_ptr<const ContextSource> contexts_;
};

}  // namespace tokometer::proxy
