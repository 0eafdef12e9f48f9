// One exchange: connects a client's stream with an origin's, whatever codecs
// they speak, and lets the tap see what passes.
//
// Bytes go on first and are measured second, with the one exception of the
// response's end (tap.h). The exchange owns the rules that are HTTP's and not a
// codec's: what is answered when something fails, what a leaving client means,
// when the timers run.
//
// One object serves the exchanges of a session one after the other, so that
// buffers are reused. Streams, timing and context outlive it.
//
// Not here: framing and connections (http1_session.h, http_origin.h), routes (router.h).
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "proxy/context.h"
#include "proxy/driver.h"
#include "proxy/streams.h"
#include "proxy/tap.h"
#include "proxy/tunnel_rest.h"
#include "proxy/usage_injection.h"

namespace tokometer::proxy {

// Where a request goes that named its host itself (forwarding.h).
struct ForwardTo {
  const Destination* to = nullptr;  // outlives the exchange; null: the request goes by the routes
  // The Host that the client chose, which stays: it may be part of what it signed. It says nothing of where the
  // request goes. Empty: that of `to`.
  std::string_view host{};
  bool denied = false;  // the client may not
  std::string fault{};  // what is wrong with the target; empty: nothing
  // What the connection says of all its calls (client::context_of_user); null: nothing. What the request says goes
  // before it.
  std::shared_ptr<const client::CallContext> context = nullptr;
};

class Exchange {
 public:
  Exchange(Timing& timing, ClientStream& client, OriginStream& origin)
      : timing_(timing), client_(client), origin_(origin) {}
  // An exchange that still runs is aborted: kShutdown.
  ~Exchange();
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  // From beginning to end of an exchange: between `begin` and ClientStream::exchange_ended.
  bool running() const { return running_; }
  bool request_ended() const { return request_ended_; }
  // The client is gone, and the rest of the response is read for the tap only.
  bool draining() const { return draining_; }

  // The client's side. `begin` routes the request; it may be answered and over
  // when this returns.
  void begin(std::shared_ptr<const Context> context, const RequestHead& head, UtcTime started_at,
             SteadyTime started_steady, ForwardTo forward = {});
  void request_piece(const Piece& piece);
  // The client's message breaks HTTP or a limit: answered with `status` if it can be.
  void client_failed(int status, std::string_view code, std::string_view reason);
  void client_left();
  // We are to stop now: what runs is broken off.
  void stop();
  // We are to stop soon: a tunnel ends as soon as it is at rest, everything else when it is whole.
  void shut_down();
  void client_half_closed();
  void client_drained();

  // The origin's side.
  void origin_connected();
  void origin_drained();
  void informational(const ResponseHead& head);
  void response_head(const ResponseHead& head);
  void response_piece(const Piece& piece);
  // All that was read together has been handed in: what waits may go.
  void response_flush();
  void origin_failed(Abort why);

  void timer(Timer timer);

 private:
  void choose_host(std::string_view host);
  void hold_request_piece(const Piece& piece);
  void sent_request_piece(bool end, bool writable);
  bool send_response_piece(const Piece& piece);
  void answer(const Answer& answer);
  void fail(Abort why, int status, std::string_view code, std::string_view message);
  void tunnel_request_piece(const Piece& piece);
  void tunnel_response_piece(const Piece& piece);
  void end_if_at_rest();
  void tell_tap_of_head(const ResponseHead& head);
  void tell_tap_of_tunnel(From from, const Piece& piece);
  void drain_piece(const Piece& piece);
  void arm_response_timer();
  void finish();
  void abort_tap(Abort why, int status_sent);
  void disarm_timers();

  Timing& timing_;
  ClientStream& client_;
  OriginStream& origin_;
  std::shared_ptr<const Context> context_;
  std::unique_ptr<Tap> tap_;
  std::unique_ptr<UsageInjection> injection_;  // null: content passes as it is
  Route route_;
  const Destination* to_ = nullptr;  // route_'s, or chosen_
  Destination chosen_;               // the same with the Host that the client chose
  std::string target_buffer_;
  std::uint64_t request_bytes_ = 0;
  std::uint64_t drained_bytes_ = 0;
  SteadyTime request_ended_at_{};
  TunnelState tunnel_state_{};
  const ResponseHead* untold_head_ = nullptr;  // sent or about to be, not yet shown to the tap
  int status_ = 0;
  bool running_ = false;
  bool request_ended_ = false;
  bool head_sent_ = false;
  bool tunnel_ = false;
  bool watched_ = false;   // the tap wants to see what passes in the tunnel
  bool draining_ = false;  // the client is gone, the rest is read for the tap
  bool origin_paused_ = false;
  bool client_paused_ = false;  // of a tunnel
  bool shutting_down_ = false;
};

}  // namespace tokometer::proxy
