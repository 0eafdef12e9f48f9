#include "proxy/front.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "provider/registry.h"
#include "proxy/failure.h"
#include "proxy/tunnel_rest.h"
#include "wire/fields.h"
#include "wire/http1_encoder.h"

namespace tokometer::proxy {
namespace {

using std::chrono::milliseconds;

constexpr std::string_view kEstablished = "HTTP/1.1 200 Connection established\r\n\r\n";
constexpr std::uint16_t kTlsPort = 443;
// Some clients look at our certificate when TLS stands already. Who closes later than this had no use for the
// connection.
constexpr std::chrono::seconds kLook{2};

bool is_ip(std::string_view host) {
  return host.contains(':') || host.find_first_not_of("0123456789.") == std::string_view::npos;
}

}  // namespace

Front::Front(Driver& driver, const ContextSource& contexts) : driver_(driver), contexts_(contexts) {
  open_session(Protocol::kHttp1, nullptr);
}

void Front::open_session(Protocol protocol, const Destination* to) {
  state_ = State::kSession;
  session_to_ = to;
  fresh_ = protocol == Protocol::kHttp1;
  http1_ = nullptr;
  if (protocol == Protocol::kHttp2) {
    session_ = std::make_unique<Http2Session>(driver_, contexts_, to, said_);
  } else {
    auto session = std::make_unique<Http1Session>(driver_, contexts_, to, said_);
    http1_ = session.get();
    session_ = std::move(session);
  }
  if (shutting_down_) session_->on_shutdown();
}

// What the driver tells.

void Front::on_connected(ConnId conn, Connected how) {
  if (session_) {
    session_->on_connected(conn, std::move(how));
    look_at_request();
  } else if (conn == origin_) {
    start_tunnel();
  }
}

void Front::on_secured(Protocol protocol) {
  driver_.arm(Timer::kHead, milliseconds::zero());
  secured_ = driver_.steady();
  unproven_ = true;
  open_session(protocol, &to_);
}

void Front::on_bytes(ConnId conn, std::string_view bytes) {
  if (conn == kClient && std::exchange(unproven_, false)) {
    context_->forwarding->distrust().trusted(client_, driver_.steady());
  }
  switch (state_) {
    case State::kSession:
      if (conn == kClient && fresh_) {
        if (is_http2(bytes)) return;
        if (!held_.empty()) {
          session_->on_bytes(conn, std::exchange(held_, {}));
          look_at_request();
          return;
        }
      }
      session_->on_bytes(conn, bytes);
      look_at_request();
      return;
    case State::kHello:
      held_ += bytes;
      read_hello();
      return;
    case State::kTunnel: {
      const ConnId to = conn == kClient ? origin_ : kClient;
      if (!driver_.send(to, {bytes})) driver_.pause(conn, true);
      return;
    }
    case State::kConnecting:
    case State::kSecuring:
      held_ += bytes;  // at most what came with the last read
      return;
    case State::kClosed:
      return;
  }
}

void Front::on_eof(ConnId conn) {
  if (session_) {
    if (conn == kClient && left_at_once()) turned_away();
    session_->on_eof(conn);
    look_at_request();
    return;
  }
  if (state_ != State::kTunnel) {
    close_client(Close::kGraceful);
    close_origin(Close::kReset);
    return;
  }
  (conn == kClient ? client_ended_ : origin_ended_) = true;
  if (client_ended_ && origin_ended_) {
    close_client(Close::kGraceful);
    close_origin(Close::kGraceful);
  } else {
    driver_.close(conn == kClient ? origin_ : kClient, Close::kHalf);
  }
}

void Front::on_closed(ConnId conn, NetError why) {
  if (session_) {
    if (conn == kClient && why != NetError::kStopped && left_at_once()) turned_away();
    session_->on_closed(conn, why);
    look_at_request();
    return;
  }
  if (conn == kClient) {
    if (state_ == State::kSecuring && why == NetError::kDistrusted &&
        context_->forwarding->distrust().refused(client_, driver_.steady())) {
      if (context_->taps) context_->taps->distrusted(client_, false);
    }
    if (state_ == State::kSecuring && why == NetError::kTurnedAway) turned_away();
    state_ = State::kClosed;
    close_origin(Close::kReset);
    return;
  }
  if (conn != origin_) return;
  origin_ = kClient;
  if (state_ == State::kConnecting && !told_ && why == NetError::kLoop) {
    refuse_loop();
  } else if (state_ == State::kConnecting && !told_) {
    const Failure what = failure(abort_of(why));
    refuse(what.status, what.code, what.message);
  } else {
    close_client(Close::kReset);
  }
}

void Front::on_drained(ConnId conn) {
  if (session_) {
    session_->on_drained(conn);
    look_at_request();
  } else if (state_ == State::kTunnel) {
    driver_.pause(conn == kClient ? origin_ : kClient, false);
  }
}

void Front::on_timer(Timer timer) {
  if (session_) {
    session_->on_timer(timer);
    look_at_request();
  } else if (timer == Timer::kHead) {
    close_client(Close::kReset);
    close_origin(Close::kReset);
  } else if (timer == Timer::kIdle && state_ == State::kTunnel) {
    end_if_at_rest();
  }
}

void Front::on_turn_end() {
  if (session_) session_->on_turn_end();
}

void Front::on_shutdown() {
  shutting_down_ = true;
  if (session_) {
    session_->on_shutdown();
  } else if (state_ == State::kTunnel) {
    end_if_at_rest();
  } else {
    close_client(Close::kGraceful);
    close_origin(Close::kReset);
  }
}

bool Front::done() const { return session_ ? session_->done() : state_ == State::kClosed; }

// Whether a client that nobody asked speaks HTTP/2 (RFC 9113, 3.3): then the session for that has taken `bytes`. While
// that can't be told they wait, and it does too.
bool Front::is_http2(std::string_view bytes) {
  constexpr std::string_view kPreface = wire::http2::kPreface;
  const auto begins_alike = [kPreface](std::string_view text) {
    const std::size_t size = std::min(text.size(), kPreface.size());
    return text.substr(0, size) == kPreface.substr(0, size);
  };
  if (held_.empty() && !begins_alike(bytes)) {
    fresh_ = false;
    return false;
  }
  held_ += bytes;
  const std::string_view seen = held_;
  if (kPreface.starts_with(seen) && seen.size() < kPreface.size()) return true;
  fresh_ = false;
  if (!seen.starts_with(kPreface)) return false;
  open_session(Protocol::kHttp2, session_to_);
  session_->on_bytes(kClient, std::exchange(held_, {}));
  return true;
}

// Tunnels.

void Front::look_at_request() {
  if (http1_ == nullptr) return;
  if (auto connect = http1_->take_connect()) {
    session_.reset();
    http1_ = nullptr;
    begin_connect(std::move(*connect));
  }
}

void Front::begin_connect(Http1Session::Connect connect) {
  context_ = std::move(connect.context);
  held_ = std::move(connect.rest);
  said_ = std::move(connect.said);
  driver_.arm(Timer::kHead, context_->settings.timeouts.head);
  state_ = State::kHello;
  auto to = parse_authority(wire::lower_case(connect.authority), true, kTlsPort);
  if (!to) {
    refuse(400, "target", fmt::format("CONNECT {}: {}", connect.authority, to.error().message));
    return;
  }
  to_ = std::move(*to);
  const bool in_run = said_ && !said_->run.empty();
  client_ = {.fingerprint = 0,
             .name = connect.user_agent.substr(0, Distrust::kMaxNameBytes),
             .host = to_.authority.substr(0, Distrust::kMaxNameBytes),
             .run = in_run ? said_->run : std::string(),
             .address = driver_.client_address(),
             .held = in_run && client::has_hard_budget(*said_)};
  // Behind an address, only the hello tells whose it is.
  const bool unnamed = is_ip(to_.origin.host) && to_.origin.port == kTlsPort;
  switch (context_->forwarding->way(to_)) {
    case Forwarding::Way::kOwn:
      refuse_loop();
      return;
    case Forwarding::Way::kTunnel:
      if (!unnamed) {
        tell_of_tunnel(to_.authority);
        open_tunnel();
        return;
      }
      break;
    case Forwarding::Way::kIntercept:
      break;
  }
  driver_.send(kClient, {kEstablished});
  told_ = true;
  driver_.pause(kClient, false);
  if (!held_.empty()) read_hello();
}

// What the client begins in its tunnel decides what becomes of it.
void Front::read_hello() {
  wire::tls::ClientHello hello;
  switch (wire::tls::read_client_hello(held_, hello)) {
    case wire::tls::Hello::kMore:
      return;
    case wire::tls::Hello::kNone:
      read_without_hello();
      return;
    case wire::tls::Hello::kWhole:
      break;
  }
  client_.fingerprint = hello.fingerprint;
  Destination named = to_;
  if (!hello.server_name.empty() && is_ip(to_.origin.host)) {
    named.origin.address = std::exchange(named.origin.host, hello.server_name);
    named.authority =
        to_.origin.port == kTlsPort ? hello.server_name : fmt::format("{}:{}", hello.server_name, to_.origin.port);
  }
  const bool is_read = context_->forwarding->way(named) == Forwarding::Way::kIntercept;
  if (!is_read) tell_of_tunnel(named.authority);
  const std::string name = hello.server_name.empty() ? to_.origin.host : hello.server_name;
  if (!is_read || may_be_left_alone(name)) {
    open_tunnel();
    return;
  }
  to_ = std::move(named);
  state_ = State::kSecuring;
  began_ = driver_.steady();
  driver_.secure(name, std::exchange(held_, {}));
}

// No TLS, or none that we can read: HTTP without it, or something that we don't know.
void Front::read_without_hello() {
  if (to_.origin.port != kTlsPort) {
    to_.origin.tls = false;
    to_.authority = authority_of(to_.origin);
    open_session(Protocol::kHttp1, &to_);
    on_bytes(kClient, std::exchange(held_, {}));
    return;
  }
  const bool is_read = context_->forwarding->way(to_) == Forwarding::Way::kIntercept;
  if (is_read && context_->taps) context_->taps->unreadable(client_);
  if (is_read && client_.held) {
    close_client(Close::kReset);
    return;
  }
  if (!is_read) tell_of_tunnel(to_.authority);
  open_tunnel();
}

// Whether a client of a host that is read passes unread nevertheless, as it would not take our certificate for `name`.
bool Front::may_be_left_alone(std::string_view name) const {
  if (client_.held) return false;
  return context_->forwarding->distrust().contains(client_, driver_.steady()) || !driver_.vouches_for(name);
}

void Front::tell_of_tunnel(std::string_view host) const {
  if (context_->taps) context_->taps->tunnelled(host, said_.get());
}

void Front::open_tunnel() {
  state_ = State::kConnecting;
  driver_.arm(Timer::kHead, milliseconds::zero());  // the driver limits connecting
  driver_.pause(kClient, true);
  Origin origin = to_.origin;
  origin.tls = false;
  origin.is_private = true;
  origin_ = driver_.connect(origin, Reuse::kFresh, Offer::kTunnel);
}

void Front::start_tunnel() {
  state_ = State::kTunnel;
  if (!told_) driver_.send(kClient, {kEstablished});
  told_ = true;
  const bool writable = held_.empty() || driver_.send(origin_, {std::exchange(held_, {})});
  driver_.join(origin_);
  if (writable) driver_.pause(kClient, false);
}

// At shutdown: what still moves gets its time.
void Front::end_if_at_rest() {
  const Traffic client = driver_.traffic(kClient);
  const Traffic origin = driver_.traffic(origin_);
  const TunnelState tunnel{.moved = std::max(client.heard, origin.heard), .awaited = client.heard >= origin.heard};
  const milliseconds left = client.waits || origin.waits ? kLookAgain : until_rest(tunnel, driver_.steady(), kUnread);
  if (left.count() > 0) {
    driver_.arm(Timer::kIdle, left);
    return;
  }
  close_client(Close::kGraceful);
  close_origin(Close::kGraceful);
}

bool Front::left_at_once() { return std::exchange(unproven_, false) && driver_.steady() - secured_ <= kLook; }

// The client left on seeing our certificate, and did not say why.
void Front::turned_away() {
  if (!context_->forwarding->distrust().turned_away(client_, began_, driver_.steady())) return;
  if (context_->taps) context_->taps->distrusted(client_, true);
}

// Answers the CONNECT itself, and ends the connection.
void Front::refuse(int status, std::string_view code, std::string_view message) {
  const std::string body = provider::error_body(nullptr, status, message);
  std::string head;
  wire::http1::HeadWriter writer(head);
  writer.status_line(status, wire::http1::reason_phrase(status));
  writer.field("Content-Type", "application/json");
  writer.field("Content-Length", fmt::format_int(body.size()).c_str());
  writer.field("X-Tokometer-Error", code);
  writer.field("Connection", "close");
  writer.end();
  driver_.send(kClient, {head, body});
  close_client(Close::kGraceful);
}

void Front::refuse_loop() {
  refuse(400, "loop", "CONNECT to this proxy itself: leave its host out of the tunnels (NO_PROXY)");
}

void Front::close_client(Close how) {
  if (state_ == State::kClosed) return;
  state_ = State::kClosed;
  for (const Timer timer : {Timer::kHead, Timer::kIdle}) driver_.arm(timer, milliseconds::zero());
  driver_.close(kClient, how);
}

void Front::close_origin(Close how) {
  if (origin_ == kClient) return;
  driver_.close(std::exchange(origin_, kClient), how);
}

std::unique_ptr<Session> FrontFactory::open(Driver& driver) { return std::make_unique<Front>(driver, *contexts_); }

}  // namespace tokometer::proxy
