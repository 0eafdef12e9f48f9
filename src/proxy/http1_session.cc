#include "proxy/http1_session.h"

#include <fmt/format.h>

#include <chrono>
#include <iterator>
#include <utility>

#include "provider/registry.h"
#include "proxy/head_rewrite.h"
#include "wire/http1_encoder.h"

namespace tokometer::proxy {

using std::chrono::milliseconds;
using wire::http1::ContentDecoder;
using wire::http1::Framing;
using wire::http1::Read;
using wire::http1::Refusal;

Http1Session::Http1Session(Driver& driver, const ContextSource& contexts, const Destination* to,
                           std::shared_ptr<const client::CallContext> said)
    : driver_(driver),
      contexts_(contexts),
      to_(to),
      said_(std::move(said)),
      context_(contexts.current()),
      decoder_(context_->settings.limits.http1),
      content_(context_->settings.limits.http1),
      exchange_(driver, *this, origin_),
      upstreams_(driver, context_->settings),
      origin_(upstreams_, exchange_, context_->settings.limits) {
  driver_.arm(Timer::kHead, context_->settings.timeouts.head);
  head_timed_ = true;
}

// What the driver tells.

void Http1Session::on_connected(ConnId conn, Connected how) {
  upstreams_.on_connected(conn, std::move(how));
  settle();
}

void Http1Session::on_bytes(ConnId conn, std::string_view bytes) {
  if (conn == kClient) {
    read(bytes);
  } else {
    upstreams_.on_bytes(conn, bytes);
  }
  settle();
}

void Http1Session::on_eof(ConnId conn) {
  if (conn != kClient) {
    upstreams_.on_eof(conn);
    settle();
    return;
  }
  client_eof_ = true;
  close_after_ = true;
  if (!exchange_.running()) {
    close(Close::kGraceful);
    return;
  }
  exchange_.client_half_closed();
  if (exchange_.draining()) close(Close::kReset);
  settle();
}

void Http1Session::on_closed(ConnId conn, NetError why) {
  if (conn == kClient) {
    state_ = State::kClosed;
    if (why == NetError::kStopped) {
      exchange_.stop();
    } else {
      exchange_.client_left();
    }
    settle();
    return;
  }
  upstreams_.on_closed(conn, why);
  settle();
}

void Http1Session::on_drained(ConnId conn) {
  if (conn == kClient) {
    client_full_ = false;
    exchange_.client_drained();
    if (state_ == State::kHead && pending_.empty()) pause_request(false);
  } else {
    upstreams_.on_drained(conn);
  }
  settle();
}

void Http1Session::on_timer(Timer timer) {
  if (timer == Timer::kIdle || (timer == Timer::kHead && decoder_.empty())) {
    if (!exchange_.running()) close(Close::kGraceful);
  } else if (timer == Timer::kHead) {
    if (!exchange_.running()) {
      refuse({.status = 408, .code = "request_timeout", .reason = "request head: not whole in time"});
    }
  } else {
    exchange_.timer(timer);
    settle();
  }
}

void Http1Session::on_shutdown() {
  shutting_down_ = true;
  close_after_ = true;
  if (!exchange_.running()) {
    close(Close::kGraceful);
    return;
  }
  exchange_.shut_down();
  settle();
}

bool Http1Session::done() const { return state_ == State::kClosed && !exchange_.running(); }

// Reading requests.

void Http1Session::read(std::string_view bytes) {
  while (!bytes.empty()) {
    switch (state_) {
      case State::kHead:
        if (client_full_) {
          keep_pending(bytes);
          return;
        }
        if (!read_head(bytes)) return;
        break;
      case State::kContent:
        read_content(bytes);
        break;
      case State::kWait:
        keep_pending(bytes);
        return;
      case State::kConnect:
      case State::kClosed:
        return;
    }
  }
}

// Reads one head and begins its exchange; false if there is nothing more to do with the bytes.
bool Http1Session::read_head(std::string_view& bytes) {
  if (decoder_.empty()) {
    started_at_ = driver_.now();
    started_steady_ = driver_.steady();
  }
  switch (decoder_.read(bytes)) {
    case Read::kMore:
      if (!head_timed_) {
        head_timed_ = true;
        driver_.arm(Timer::kIdle, milliseconds::zero());
        driver_.arm(Timer::kHead, context_->settings.timeouts.head);
      }
      return false;
    case Read::kRefused:
      refuse(decoder_.refusal());
      return false;
    case Read::kHead:
      break;
  }
  driver_.arm(head_timed_ ? Timer::kHead : Timer::kIdle, milliseconds::zero());
  head_timed_ = false;
  const RequestHead& head = decoder_.head();
  context_ = contexts_.current();
  client_1_0_ = head.minor_version == 0;
  head_request_ = head.method == "HEAD";
  unframe_ = until_close_ = false;
  close_after_ = !head.keep_alive || shutting_down_ || client_eof_;
  state_ = head.framing.has_content() ? State::kContent : State::kWait;
  content_.start(head.framing);
  if (head.method == "CONNECT") {
    read_connect(bytes);
  } else {
    exchange_.begin(context_, head, started_at_, started_steady_, forward_to(head));
  }
  return true;
}

void Http1Session::read_connect(std::string_view& bytes) {
  const RequestHead& head = decoder_.head();
  const Forwarding* forwarding = context_->forwarding.get();
  if (forwarding == nullptr || to_ != nullptr) {
    refuse({.status = 501, .code = "connect", .reason = "CONNECT: there are no tunnels here"});
    return;
  }
  if (!forwarding->is_authorized(head.fields)) {
    const std::string body = provider::error_body(nullptr, 407, kWrongToken);
    answer({.status = 407, .content_type = "application/json", .error_code = "proxy_authorization", .body = body});
    exchange_ended();
    return;
  }
  connect_ = {.context = context_,
              .authority = std::string(head.authority),
              .user_agent = std::string(wire::find(head.fields, "user-agent").value_or("")),
              .said = said_by(head),
              .rest = std::string(bytes)};
  bytes = {};
  state_ = State::kConnect;
}

// The user name that a client gives a proxy is what it says of its calls.
std::shared_ptr<const client::CallContext> Http1Session::said_by(const RequestHead& head) const {
  const std::string user = proxy_credentials(head.fields).user;
  if (user.empty()) return nullptr;
  auto context = client::context_of_user(user);
  if (context) return std::make_shared<const client::CallContext>(std::move(*context));
  if (context_->taps) context_->taps->unreadable_context(context.error().message);
  return nullptr;
}

std::optional<Http1Session::Connect> Http1Session::take_connect() { return std::exchange(connect_, std::nullopt); }

ForwardTo Http1Session::forward_to(const RequestHead& head) {
  if (to_ != nullptr) return {.to = to_, .host = head.authority, .context = said_};
  const Forwarding* forwarding = context_->forwarding.get();
  if (head.scheme.empty() || forwarding == nullptr) return {};
  const bool tls = head.scheme == "https";
  auto to = parse_authority(wire::lower_case(head.authority), tls, tls ? 443 : 80);
  if (!to) return {.fault = fmt::format("target: {}", to.error().message)};
  const Forwarding::Way way = forwarding->way(*to);
  if (way == Forwarding::Way::kOwn) return {};
  to->origin.is_private = way == Forwarding::Way::kTunnel;
  if (!forwarding->is_authorized(head.fields)) return {.denied = true};
  forward_to_ = std::move(*to);
  return {.to = &forward_to_, .context = said_by(head)};
}

void Http1Session::read_content(std::string_view& bytes) {
  pieces_.clear();
  const ContentDecoder::Step step = content_.read(bytes, pieces_);
  if (step.state == ContentDecoder::State::kRefused) {
    bytes = {};
    const Refusal& refusal = content_.refusal();
    exchange_.client_failed(refusal.status, refusal.code, refusal.reason);
    return;
  }
  const bool end = step.state == ContentDecoder::State::kEnd;
  if (end) state_ = State::kWait;
  const std::string_view taken = bytes.substr(0, step.taken);
  bytes.remove_prefix(step.taken);
  exchange_.request_piece(
      {.wire = taken, .content = pieces_, .end = end, .trailers = end ? content_.trailers() : wire::Fields()});
}

// Answers what is no request and ends the connection: where the next one would begin is not known.
void Http1Session::refuse(const Refusal& refusal) {
  close_after_ = true;
  // In the shape of the provider that it was meant for, as far as that is known.
  std::string buffer;
  const auto line = decoder_.request_line();
  const Route route = line ? context_->router.route(line->method, line->target, {}, buffer) : Route{};
  const std::string body = provider::error_body(route.spec, refusal.status, refusal.reason);
  if (context_->taps != nullptr) context_->taps->refused(refusal.code);
  answer({.status = refusal.status, .content_type = "application/json", .error_code = refusal.code, .body = body});
  close(Close::kGraceful);
}

void Http1Session::keep_pending(std::string_view bytes) {
  pending_.append(bytes);
  pause_request(true);
}

// Ends every call: reads what came before its time, and has the connections to origins say what they have to.
void Http1Session::settle() {
  while (true) {
    upstreams_.settle();
    if (pending_.empty() || !((state_ == State::kHead && !client_full_) || state_ == State::kContent)) return;
    const std::string bytes = std::exchange(pending_, {});
    if (state_ == State::kHead) pause_request(false);
    read(bytes);
  }
}

// Writing responses.

bool Http1Session::send_informational(const ResponseHead& head) {
  if (client_1_0_) return true;  // RFC 9110, 15.2
  write_response_head(out_, head, {});
  flush();
  return !client_full_;
}

void Http1Session::send_head(const ResponseHead& head, bool changed) {
  using Kind = Framing::Kind;
  const bool to_chunks = changed && head.framing.kind == Kind::kLength;
  until_close_ = head.framing.kind == Kind::kUntilClose;
  framing_ = head.framing.kind;
  unframe_ = client_1_0_ && (to_chunks || head.framing.kind == Kind::kChunked);
  // A response that comes before its request is whole may leave the rest of it unread.
  const bool early = head.status != 101 && !exchange_.request_ended();
  close_after_ = close_after_ || until_close_ || unframe_ || early;
  write_response_head(out_, head,
                      {.drop_transfer_encoding = client_1_0_,
                       .length_to_chunks = to_chunks,
                       .connection = close_after_  ? "close"
                                     : client_1_0_ ? "keep-alive"
                                                   : ""});
}

bool Http1Session::send(const Piece& piece) {
  if (state_ == State::kClosed) return true;
  if (!unframe_) {
    const std::string_view bytes = piece.http1(framing_, framed_);
    if (out_.empty() && bytes.empty()) return true;
    const bool writable = to_client({out_, bytes});
    out_.clear();
    return writable;
  }
  flush();
  for (const std::string_view content : piece.content) to_client({content});
  return !client_full_;
}

bool Http1Session::to_client(std::initializer_list<std::string_view> pieces) {
  client_full_ = !driver_.send(kClient, pieces);
  return !client_full_;
}

void Http1Session::flush() {
  if (out_.empty() || state_ == State::kClosed) return;
  to_client({out_});
  out_.clear();
}

void Http1Session::answer(const Answer& answer) {
  if (state_ == State::kClosed) return;
  close_after_ = close_after_ || state_ == State::kContent;
  wire::http1::HeadWriter writer(out_);
  writer.status_line(answer.status, wire::http1::reason_phrase(answer.status));
  writer.field("Content-Type", answer.content_type);
  writer.field("Content-Length", fmt::format_int(answer.body.size()).c_str());
  if (!answer.error_code.empty()) writer.field("X-Tokometer-Error", answer.error_code);
  for (const wire::Field& field : answer.fields) writer.field(field.name, field.value);
  if (answer.status == 407) writer.field("Proxy-Authenticate", "Basic realm=\"tokometer\"");
  if (close_after_ || client_1_0_) writer.field("Connection", close_after_ ? "close" : "keep-alive");
  writer.end();
  to_client({out_, head_request_ ? std::string_view() : answer.body});
  out_.clear();
}

void Http1Session::break_off() {
  flush();
  // A FIN would look like the regular end of content that has no other mark of its own.
  close(until_close_ || unframe_ ? Close::kReset : Close::kGraceful);
}

void Http1Session::pause_request(bool paused) {
  if (paused == paused_ || state_ == State::kClosed) return;
  paused_ = paused;
  driver_.pause(kClient, paused);
}

void Http1Session::start_tunnel() {
  state_ = State::kContent;
  content_.start({.kind = Framing::Kind::kUntilClose});
  close_after_ = true;
  pause_request(false);
}

void Http1Session::exchange_ended() {
  if (state_ == State::kClosed) return;
  // With part of the request unread, nobody knows where the next one begins.
  if (close_after_ || state_ == State::kContent) {
    close(Close::kGraceful);
    return;
  }
  decoder_.next();
  state_ = State::kHead;
  if (client_full_) {
    pause_request(true);
  } else if (pending_.empty()) {
    pause_request(false);
  } else {
    return;
  }
  driver_.arm(Timer::kIdle, context_->settings.timeouts.idle);
}

void Http1Session::close(Close how) {
  if (state_ == State::kClosed) return;
  state_ = State::kClosed;
  for (const Timer timer : {Timer::kHead, Timer::kIdle}) driver_.arm(timer, milliseconds::zero());
  driver_.close(kClient, how);
}

}  // namespace tokometer::proxy
