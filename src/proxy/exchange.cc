#include "proxy/exchange.h"

#include <fmt/format.h>

#include "base/check.h"
#include "provider/spec.h"

namespace tokometer::proxy {
namespace {

using std::chrono::milliseconds;

// What the client is told when its origin fails: whose fault, and what to look at.
struct Failure {
  int status;
  std::string_view code;
  std::string_view message;
};

Failure failure(Abort why) {
  switch (why) {
    case Abort::kOriginResolve:
      return {502, "origin_resolve", "the origin's name has no address"};
    case Abort::kOriginRefused:
      return {502, "origin_refused", "the origin refused the connection or can't be reached"};
    case Abort::kOriginTls:
      return {502, "origin_tls", "no trusted TLS connection to the origin (see --origin-ca for a CA of your own)"};
    case Abort::kOriginReset:
      return {502, "origin_reset", "the origin closed the connection before its response"};
    case Abort::kConnectTimeout:
      return {504, "connect_timeout", "the origin did not accept the connection in time"};
    case Abort::kFirstByteTimeout:
      return {504, "first_byte_timeout", "the origin did not begin its response in time"};
    case Abort::kBetweenBytesTimeout:
      return {504, "between_bytes_timeout", "the origin stopped sending"};
    case Abort::kOriginProtocol:
      return {502, "origin_protocol", "the origin's response is not valid HTTP/1.1"};
    case Abort::kClientClosed:
    case Abort::kClientProtocol:
    case Abort::kShutdown:
      break;
  }
  return {503, "shutdown", "tokometer is stopping"};
}

// The error types that providers use, so that SDKs raise what they would raise.
std::string_view error_type(int status) {
  if (status == 404) return "not_found_error";
  return status < 500 ? "invalid_request_error" : "api_error";
}

}  // namespace

Exchange::~Exchange() {
  if (running_) abort_tap(Abort::kShutdown, head_sent_ ? status_ : 0);
}

void Exchange::begin(std::shared_ptr<const Context> context, const RequestHead& head, UtcTime started_at,
                     SteadyTime started_steady) {
  TOKOMETER_CHECK(!running_);
  context_ = std::move(context);
  running_ = true;
  request_ended_ = !head.framing.has_content();
  request_ended_at_ = started_steady;
  head_sent_ = tunnel_ = draining_ = origin_paused_ = false;
  request_bytes_ = drained_bytes_ = 0;
  untold_head_ = nullptr;
  status_ = 0;

  if (head.target.starts_with("/-/")) {
    route_ = {};
    auto reply = context_->internal == nullptr
                     ? std::nullopt
                     : context_->internal->reply(head.target.substr(0, head.target.find('?')));
    if (reply) {
      answer({.status = reply->status, .content_type = reply->content_type, .error_code = {}, .body = reply->body});
    } else {
      client_failed(404, "no_endpoint", "no such endpoint; there are /-/health and /-/metrics");
    }
    return;
  }
  route_ = context_->router.route(head.method, head.target, head.fields, target_buffer_);
  if (route_.to == nullptr) {
    const std::string routes = context_->router.describe_routes();
    client_failed(404, route_.spec == nullptr ? "no_route" : "no_origin",
                  route_.spec == nullptr
                      ? fmt::format("no provider for this path; routes are: {}", routes)
                      : fmt::format("provider \"{0}\" has no address of its own: start with --origin {0}=URL",
                                    route_.spec->name));
    return;
  }
  if (head.framing.length > context_->settings.limits.request_content_bytes) {
    client_failed(413, "content_too_large", "request content: larger than the limit");
    return;
  }
  origin_.open(*route_.to, head, route_.target);
  if (context_->taps != nullptr) {
    tap_ = context_->taps->open({.started_at = started_at,
                                 .started_steady = started_steady,
                                 .spec = route_.spec,
                                 .endpoint = route_.endpoint,
                                 .method = head.method,
                                 .host = route_.to->authority,
                                 .target = route_.target,
                                 .fields = head.fields,
                                 .project = route_.project});
  }
  if (request_ended_) {
    if (tap_) tap_->request_end();
  } else {
    driver_.arm(Timer::kRequestContent, context_->settings.timeouts.request_content);
  }
}

void Exchange::request_piece(const Piece& piece) {
  for (const std::string_view content : piece.content) request_bytes_ += content.size();
  if (request_bytes_ > context_->settings.limits.request_content_bytes && !tunnel_) {
    client_failed(413, "content_too_large", "request content: larger than the limit");
    return;
  }
  const bool writable = origin_.send(piece);
  if (tunnel_) {
    driver_.arm(Timer::kBetweenBytes, context_->settings.timeouts.between_bytes);
  } else if (tap_) {
    for (const std::string_view content : piece.content) tap_->request_content(content);
  }
  if (piece.end) {
    request_ended_ = true;
    request_ended_at_ = driver_.steady();
    driver_.arm(Timer::kRequestContent, milliseconds::zero());
    if (tap_ && !tunnel_) tap_->request_end();
    if (tunnel_) return;
  } else if (!writable) {
    client_.pause_request(true);
  }
  // The client waits for nobody else while the origin is slow to take its content.
  if (!piece.end && !tunnel_) {
    driver_.arm(Timer::kRequestContent, writable ? context_->settings.timeouts.request_content : milliseconds::zero());
  }
  if (!head_sent_) driver_.arm(Timer::kFirstByte, context_->settings.timeouts.first_byte);
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
    driver_.arm(Timer::kDrain, context_->settings.timeouts.drain);
    return;
  }
  abort_tap(Abort::kClientClosed, head_sent_ ? status_ : 0);
  origin_.end(false);
  finish();
}

void Exchange::client_half_closed() {
  if (!running_) return;
  if (tunnel_) {
    request_piece({.wire = {}, .content = {}, .end = true});
    return;
  }
  const auto since_request = driver_.steady() - request_ended_at_;
  if (!request_ended_ || since_request > context_->settings.timeouts.half_close) client_left();
}

void Exchange::client_drained() {
  if (!running_ || !origin_paused_) return;
  origin_paused_ = false;
  arm_response_timer();
  origin_.pause_response(false);
}

void Exchange::origin_connected() { driver_.arm(Timer::kFirstByte, context_->settings.timeouts.first_byte); }

void Exchange::origin_drained() {
  if (!running_ || request_ended_ || draining_) return;
  client_.pause_request(false);
  if (!tunnel_) driver_.arm(Timer::kRequestContent, context_->settings.timeouts.request_content);
}

void Exchange::informational(const ResponseHead& head) {
  if (!draining_) client_.send_informational(head);
}

void Exchange::response_head(const ResponseHead& head) {
  driver_.arm(Timer::kFirstByte, milliseconds::zero());
  status_ = head.status;
  untold_head_ = &head;
  if (draining_) return;
  head_sent_ = true;
  if (head.status == 101) {
    tunnel_ = true;
    // From here on the client's bytes are the tunnel's: its request is no longer timed.
    request_ended_ = false;
    driver_.arm(Timer::kRequestContent, milliseconds::zero());
  }
  client_.send_head(head);
  if (tunnel_) client_.start_tunnel();
  arm_response_timer();
}

void Exchange::response_piece(const Piece& piece) {
  if (draining_) {
    drain_piece(piece);
    return;
  }
  if (piece.end) {
    // The event is to be in the journal before the client sees the end.
    if (tap_) {
      const SteadyTime at = driver_.steady();
      if (untold_head_ != nullptr) tell_tap_of_head(*untold_head_);
      if (!tunnel_) {
        for (const std::string_view content : piece.content) tap_->response_content(content, at);
      }
      tap_->response_end(at);
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
  // While the origin is paused, this limits the client: it must take something.
  arm_response_timer();
  if (!tap_ || tunnel_) return;
  const SteadyTime at = driver_.steady();
  if (untold_head_ != nullptr) tell_tap_of_head(*untold_head_);
  for (const std::string_view content : piece.content) tap_->response_content(content, at);
}

void Exchange::drain_piece(const Piece& piece) {
  if (untold_head_ != nullptr) tell_tap_of_head(*untold_head_);
  const SteadyTime at = driver_.steady();
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
  if (!running_ || draining_) return;
  client_.flush();
  if (untold_head_ != nullptr) tell_tap_of_head(*untold_head_);
}

void Exchange::tell_tap_of_head(const ResponseHead& head) {
  untold_head_ = nullptr;
  if (tap_) tap_->response_head(head.status, head.fields, driver_.steady());
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
  const std::string body = provider::error_body(route_.spec, status, error_type(status), message);
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
  tap_->aborted(why, status_sent, driver_.steady());
  tap_.reset();
}

void Exchange::arm_response_timer() { driver_.arm(Timer::kBetweenBytes, context_->settings.timeouts.between_bytes); }

void Exchange::disarm_timers() {
  for (const Timer timer : {Timer::kRequestContent, Timer::kFirstByte, Timer::kBetweenBytes, Timer::kDrain}) {
    driver_.arm(timer, milliseconds::zero());
  }
}

void Exchange::finish() {
  disarm_timers();
  running_ = draining_ = false;
  untold_head_ = nullptr;
  context_.reset();
  client_.exchange_ended();
}

}  // namespace tokometer::proxy
