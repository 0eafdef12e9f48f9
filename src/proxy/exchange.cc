#include "proxy/exchange.h"

#include <fmt/format.h>

#include <optional>
#include <utility>

#include "base/check.h"
#include "provider/spec.h"
#include "proxy/failure.h"

namespace tokometer::proxy {
namespace {

using std::chrono::milliseconds;

bool is_internal(std::string_view target) {
  constexpr std::string_view kPrefix = "/-";
  return target.starts_with(kPrefix) &&
         (target.size() == kPrefix.size() || target[kPrefix.size()] == '/' || target[kPrefix.size()] == '?');
}

}  // namespace

Exchange::~Exchange() {
  if (running_) abort_tap(Abort::kShutdown, head_sent_ ? status_ : 0);
}

void Exchange::begin(std::shared_ptr<const Context> context, const RequestHead& head, UtcTime started_at,
                     SteadyTime started_steady, ForwardTo forward) {
  TOKOMETER_CHECK(!running_);
  context_ = std::move(context);
  running_ = true;
  request_ended_ = !head.framing.has_content();
  request_ended_at_ = started_steady;
  head_sent_ = tunnel_ = watched_ = draining_ = origin_paused_ = client_paused_ = false;
  request_bytes_ = drained_bytes_ = 0;
  untold_head_ = nullptr;
  status_ = 0;

  if (forward.denied) {
    route_ = {};
    client_failed(407, "proxy_authorization", kWrongToken);
    return;
  }
  if (!forward.fault.empty()) {
    route_ = {};
    client_failed(400, "target", forward.fault);
    return;
  }
  if (forward.to == nullptr && is_internal(head.target)) {
    route_ = {};
    auto reply = context_->internal == nullptr
                     ? std::nullopt
                     : context_->internal->reply(head.target.substr(0, head.target.find('?')), head);
    if (reply) {
      answer({.status = reply->status,
              .content_type = reply->content_type,
              .error_code = {},
              .body = reply->body,
              .fields = reply->fields});
    } else {
      client_failed(404, "no_endpoint", "no such endpoint; there are /-/, /-/health and /-/metrics");
    }
    return;
  }
  const Router& router = context_->router;
  route_ = forward.to != nullptr ? router.route_to(*forward.to, head.method, head.target, head.fields)
                                 : router.route(head.method, head.target, head.fields, target_buffer_);
  if (route_.context == nullptr) route_.context = std::move(forward.context);
  if (!route_.context_fault.empty() && context_->taps != nullptr) {
    context_->taps->unreadable_context(route_.context_fault);
  }
  if (route_.to == nullptr) {
    const std::string routes = context_->router.describe_routes();
    client_failed(404, route_.spec == nullptr ? "no_route" : "no_origin",
                  route_.spec == nullptr
                      ? fmt::format("no provider for this path; routes are: {}; /-/ is this proxy's own page", routes)
                      : fmt::format("provider \"{0}\" has no address of its own: start with --origin {0}=URL",
                                    route_.spec->name));
    return;
  }
  choose_host(forward.host);
  if (head.framing.length > context_->settings.limits.request_content_bytes) {
    client_failed(413, "content_too_large", "request content: larger than the limit");
    return;
  }
  std::optional<CallGate::Refusal> refusal;
  if (context_->gate != nullptr && route_.context != nullptr) refusal = context_->gate->refuse(*route_.context);
  if (refusal) {
    // Its event says so.
  } else if (UsageInjection::applies(context_->settings, route_, head)) {
    injection_ = std::make_unique<UsageInjection>(head, route_.target, context_->settings.limits);
  } else {
    origin_.open(*to_, head, route_.target, {});
  }
  if (context_->taps != nullptr) {
    tap_ = context_->taps->open({.started_at = started_at,
                                 .started_steady = started_steady,
                                 .spec = route_.spec,
                                 .endpoint = route_.endpoint,
                                 .method = head.method,
                                 .host = route_.to->authority,
                                 .tls = route_.to->origin.tls,
                                 .target = route_.target,
                                 .fields = head.fields,
                                 .project = route_.project,
                                 .context = route_.context.get()});
  }
  if (refusal) return fail(Abort::kBudget, refusal->status, refusal->code, refusal->message);
  if (request_ended_) {
    if (tap_) tap_->request_end();
  } else {
    timing_.arm(Timer::kRequestContent, context_->settings.timeouts.request_content);
  }
}

void Exchange::choose_host(std::string_view host) {
  to_ = route_.to;
  if (host.empty() || host == to_->authority) return;
  chosen_ = *to_;
  chosen_.authority = host;
  to_ = &chosen_;
}

void Exchange::request_piece(const Piece& piece) {
  if (tunnel_) return tunnel_request_piece(piece);
  for (const std::string_view content : piece.content) request_bytes_ += content.size();
  if (request_bytes_ > context_->settings.limits.request_content_bytes) {
    client_failed(413, "content_too_large", "request content: larger than the limit");
    return;
  }
  if (injection_ && injection_->holding()) {
    hold_request_piece(piece);
    return;
  }
  const bool writable = origin_.send(piece);
  if (tap_) {
    for (const std::string_view content : piece.content) tap_->request_content(content);
  }
  sent_request_piece(piece.end, writable);
}

// Keeps what may have to be changed, until all of it has come or too much.
void Exchange::hold_request_piece(const Piece& piece) {
  injection_->hold(piece);
  if (tap_) {
    for (const std::string_view content : piece.content) tap_->request_content(content);
  }
  if (!piece.end && !injection_->is_full()) {
    timing_.arm(Timer::kRequestContent, context_->settings.timeouts.request_content);
    return;
  }
  const UsageInjection::Request request = injection_->release(piece.end);
  origin_.open(*to_, request.head, request.target, request.changes);
  sent_request_piece(piece.end, origin_.send({.wire = request.wire, .content = {}, .end = piece.end}));
}

void Exchange::sent_request_piece(bool end, bool writable) {
  if (end) {
    request_ended_ = true;
    request_ended_at_ = timing_.steady();
    timing_.arm(Timer::kRequestContent, milliseconds::zero());
    if (tap_) tap_->request_end();
  } else if (!writable) {
    client_.pause_request(true);
  }
  // The client waits for nobody else while the origin is slow to take its content.
  if (!end) {
    timing_.arm(Timer::kRequestContent, writable ? context_->settings.timeouts.request_content : milliseconds::zero());
  }
  if (!head_sent_) timing_.arm(Timer::kFirstByte, context_->settings.timeouts.first_byte);
}

void Exchange::tunnel_request_piece(const Piece& piece) {
  tunnel_state_ = {.moved = timing_.steady(), .awaited = true};
  const bool writable = origin_.send(piece);
  arm_response_timer();
  if (piece.end) {
    request_ended_ = true;
  } else if (!writable) {
    client_paused_ = true;
    client_.pause_request(true);
  }
  tell_tap_of_tunnel(From::kFromClient, piece);
  if (piece.end && watched_) tap_->tunnel_client_ended();
}

void Exchange::client_failed(int status, std::string_view code, std::string_view reason) {
  fail(Abort::kClientProtocol, status, code, reason);
}

void Exchange::client_left() {
  if (!running_ || draining_) return;
  const bool drain =
      context_->settings.on_client_close == OnClientClose::kDrain && request_ended_ && !tunnel_ && tap_ != nullptr;
  if (drain) {
    draining_ = true;
    if (origin_paused_) origin_.pause_response(false);
    disarm_timers();
    timing_.arm(Timer::kDrain, context_->settings.timeouts.drain);
    return;
  }
  abort_tap(Abort::kClientClosed, head_sent_ ? status_ : 0);
  origin_.end(false);
  finish();
}

void Exchange::stop() {
  if (!running_) return;
  abort_tap(Abort::kShutdown, head_sent_ ? status_ : 0);
  origin_.end(false);
  finish();
}

void Exchange::shut_down() {
  shutting_down_ = true;
  if (running_ && tunnel_) end_if_at_rest();
}

void Exchange::end_if_at_rest() {
  const bool busy = origin_paused_ || client_paused_ || (watched_ && tap_->in_turn());
  const Silence& needed = watched_ ? kBetweenTurns : kUnread;
  const milliseconds left = busy ? kLookAgain : until_rest(tunnel_state_, timing_.steady(), needed);
  if (left.count() > 0) {
    timing_.arm(Timer::kDrain, left);
    return;
  }
  abort_tap(Abort::kShutdown, status_);
  client_.send({.end = true});
  origin_.end(true);
  finish();
}

void Exchange::client_half_closed() {
  if (!running_) return;
  if (tunnel_) {
    request_piece({.wire = {}, .content = {}, .end = true});
    return;
  }
  const auto since_request = timing_.steady() - request_ended_at_;
  if (!request_ended_ || since_request > context_->settings.timeouts.half_close) client_left();
}

void Exchange::client_drained() {
  if (!running_ || !origin_paused_) return;
  origin_paused_ = false;
  // Before a response begins, it is Timer::kFirstByte that limits the origin.
  timing_.arm(Timer::kBetweenBytes, head_sent_ ? context_->settings.timeouts.between_bytes : milliseconds::zero());
  origin_.pause_response(false);
}

void Exchange::origin_connected() { timing_.arm(Timer::kFirstByte, context_->settings.timeouts.first_byte); }

void Exchange::origin_drained() {
  client_paused_ = false;
  if (!running_ || request_ended_ || draining_) return;
  client_.pause_request(false);
  if (!tunnel_) timing_.arm(Timer::kRequestContent, context_->settings.timeouts.request_content);
}

void Exchange::informational(const ResponseHead& head) {
  if (draining_ || client_.send_informational(head) || origin_paused_) return;
  origin_paused_ = true;
  origin_.pause_response(true);
  arm_response_timer();
}

void Exchange::response_head(const ResponseHead& head) {
  timing_.arm(Timer::kFirstByte, milliseconds::zero());
  status_ = head.status;
  untold_head_ = &head;
  if (draining_) return;
  head_sent_ = true;
  if (head.status == 101) {
    tunnel_ = true;
    // From here on the client's bytes are the tunnel's: its request is no longer timed.
    request_ended_ = false;
    timing_.arm(Timer::kRequestContent, milliseconds::zero());
    tunnel_state_ = {.moved = timing_.steady(), .awaited = false};
    if (shutting_down_) timing_.arm(Timer::kDrain, kLookAgain);
  }
  client_.send_head(head, injection_ && injection_->begin_response(head));
  if (tunnel_) client_.start_tunnel();
  arm_response_timer();
}

void Exchange::response_piece(const Piece& piece) {
  if (draining_) {
    drain_piece(piece);
    return;
  }
  if (tunnel_) return tunnel_response_piece(piece);
  if (piece.end) {
    // The event is to be in the journal before the client sees the end.
    if (tap_) {
      const SteadyTime at = timing_.steady();
      if (untold_head_ != nullptr) tell_tap_of_head(*untold_head_);
      for (const std::string_view content : piece.content) tap_->response_content(content, at);
      tap_->response_end(at);
      tap_.reset();
    }
    send_response_piece(piece);
    origin_.end(true);
    finish();
    return;
  }
  const bool writable = send_response_piece(piece);
  if (!writable && !origin_paused_) {
    origin_paused_ = true;
    origin_.pause_response(true);
  }
  // While the origin is paused, this limits the client: it must take something.
  arm_response_timer();
  if (!tap_) return;
  const SteadyTime at = timing_.steady();
  if (untold_head_ != nullptr) tell_tap_of_head(*untold_head_);
  for (const std::string_view content : piece.content) tap_->response_content(content, at);
}

void Exchange::tunnel_response_piece(const Piece& piece) {
  tunnel_state_ = {.moved = timing_.steady(), .awaited = false};
  if (untold_head_ != nullptr) tell_tap_of_head(*untold_head_);
  std::size_t size = 0;
  for (const std::string_view content : piece.content) size += content.size();
  const bool first = watched_ && (piece.end || tap_->may_hold_end(size));
  if (first) tell_tap_of_tunnel(From::kFromOrigin, piece);
  if (piece.end) {
    if (tap_) {
      tap_->response_end(timing_.steady());
      tap_.reset();
    }
    client_.send(piece);
    origin_.end(true);
    finish();
    return;
  }
  const bool writable = client_.send(piece);
  if (!writable && !origin_paused_) {
    origin_paused_ = true;
    origin_.pause_response(true);
  }
  arm_response_timer();
  if (!first) tell_tap_of_tunnel(From::kFromOrigin, piece);
}

void Exchange::tell_tap_of_tunnel(From from, const Piece& piece) {
  if (!watched_ || piece.content.empty()) return;
  const SteadyTime at = timing_.steady();
  for (const std::string_view content : piece.content) tap_->tunnel_content(from, content, at);
}

// Returns whether more should come.
bool Exchange::send_response_piece(const Piece& piece) {
  if (!injection_ || !injection_->strips()) return client_.send(piece);
  const Piece stripped = injection_->strip(piece);
  return (stripped.wire.empty() && !piece.end) || client_.send(stripped);
}

void Exchange::drain_piece(const Piece& piece) {
  if (untold_head_ != nullptr) tell_tap_of_head(*untold_head_);
  const SteadyTime at = timing_.steady();
  for (const std::string_view content : piece.content) {
    tap_->response_content(content, at);
    drained_bytes_ += content.size();
  }
  if (!piece.end && drained_bytes_ <= context_->settings.limits.drain_bytes) return;
  abort_tap(Abort::kClientClosed, head_sent_ ? status_ : 0);
  origin_.end(piece.end);
  finish();
}

void Exchange::response_flush() {
  if (!running_) return;
  if (!draining_) client_.flush();
  if (untold_head_ != nullptr) tell_tap_of_head(*untold_head_);
}

void Exchange::tell_tap_of_head(const ResponseHead& head) {
  untold_head_ = nullptr;
  if (!tap_) return;
  tap_->response_head(head.status, head.fields, timing_.steady());
  if (tunnel_) watched_ = tap_->tunnel_opened();
}

void Exchange::origin_failed(Abort why) {
  if (!running_) return;
  if (draining_) {
    abort_tap(Abort::kClientClosed, head_sent_ ? status_ : 0);
    origin_.end(false);
    finish();
    return;
  }
  const Failure what = failure(why);
  fail(why, what.status, what.code, what.message);
}

void Exchange::timer(Timer timer) {
  if (!running_) return;
  switch (timer) {
    case Timer::kRequestContent:
      client_failed(408, "request_timeout", "request content: stopped coming");
      return;
    case Timer::kFirstByte:
      origin_failed(Abort::kFirstByteTimeout);
      return;
    case Timer::kBetweenBytes:
      if (origin_paused_) {
        client_.break_off();
        client_left();
      } else {
        origin_failed(Abort::kBetweenBytesTimeout);
      }
      return;
    case Timer::kDrain:
      if (tunnel_) return end_if_at_rest();
      abort_tap(Abort::kClientClosed, head_sent_ ? status_ : 0);
      origin_.end(false);
      finish();
      return;
    case Timer::kHead:
    case Timer::kIdle:
      return;
  }
}

// Ends the exchange by a fault: answered if nothing of a response is out yet, else broken off.
void Exchange::fail(Abort why, int status, std::string_view code, std::string_view message) {
  origin_.end(false);
  if (head_sent_) {
    abort_tap(why, status_);
    client_.break_off();
    finish();
    return;
  }
  abort_tap(why, status);
  const std::string body = provider::error_body(route_.spec, status, message);
  answer({.status = status, .content_type = "application/json", .error_code = code, .body = body});
}

void Exchange::answer(const Answer& answer) {
  head_sent_ = true;
  status_ = answer.status;
  client_.answer(answer);
  finish();
}

void Exchange::abort_tap(Abort why, int status_sent) {
  if (!tap_) return;
  tap_->aborted(why, status_sent, timing_.steady());
  tap_.reset();
}

void Exchange::arm_response_timer() { timing_.arm(Timer::kBetweenBytes, context_->settings.timeouts.between_bytes); }

void Exchange::disarm_timers() {
  for (const Timer timer : {Timer::kRequestContent, Timer::kFirstByte, Timer::kBetweenBytes, Timer::kDrain}) {
    timing_.arm(timer, milliseconds::zero());
  }
}

void Exchange::finish() {
  disarm_timers();
  running_ = draining_ = false;
  untold_head_ = nullptr;
  injection_.reset();
  context_.reset();
  client_.exchange_ended();
}

}  // namespace tokometer::proxy
