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

Http1Session::Http1Session(Driver& driver, const ContextSource& contexts)
    : driver_(driver),
      contexts_(contexts),
      context_(contexts.current()),
      decoder_(context_->settings.limits.http1),
      content_(context_->settings.limits.http1),
      exchange_(driver, *this, origin_),
      origin_(driver, exchange_, context_->settings.limits) {
  driver_.arm(Timer::kHead, context_->settings.timeouts.head);
  head_timed_ = true;
}

// What the driver tells.

void Http1Session::on_connected(ConnId conn, Connected how) {
  if (conn == origin_.conn()) origin_.on_connected(how);
}

void Http1Session::on_bytes(ConnId conn, std::string_view bytes) {
  if (conn == kClient) {
    read(bytes);
  } else if (conn == origin_.conn()) {
    origin_.on_bytes(bytes);
  }
  read_pending();
}

void Http1Session::on_eof(ConnId conn) {
  if (conn != kClient) {
    if (conn == origin_.conn()) origin_.on_eof();
    read_pending();
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
}

void Http1Session::on_closed(ConnId conn, NetError why) {
  if (conn == kClient) {
    state_ = State::kClosed;
    exchange_.client_left();
    return;
  }
  if (conn == origin_.conn()) origin_.on_closed(why);
  read_pending();
}

void Http1Session::on_drained(ConnId conn) {
  if (conn == kClient) {
    exchange_.client_drained();
  } else if (conn == origin_.conn()) {
    exchange_.origin_drained();
  }
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
    read_pending();
  }
}

void Http1Session::on_shutdown() {
  shutting_down_ = true;
  close_after_ = true;
  if (!exchange_.running()) close(Close::kGraceful);
}

bool Http1Session::done() const { return state_ == State::kClosed && !exchange_.running(); }

// Reading requests.

void Http1Session::read(std::string_view bytes) {
  while (!bytes.empty()) {
    switch (state_) {
      case State::kHead:
        if (!read_head(bytes)) return;
        break;
      case State::kContent:
        read_content(bytes);
        break;
      case State::kWait:
        keep_pending(bytes);
        return;
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
  exchange_.begin(context_, head, started_at_, started_steady_);
  return true;
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
  exchange_.request_piece({.wire = taken, .content = pieces_, .end = end});
}

// Answers what is no request and ends the connection: where the next one would begin is not known.
void Http1Session::refuse(const Refusal& refusal) {
  close_after_ = true;
  const std::string body =
      provider::error_body(nullptr, refusal.status, "invalid_request_error", std::string_view(refusal.reason));
  answer({.status = refusal.status, .content_type = "application/json", .error_code = refusal.code, .body = body});
  close(Close::kGraceful);
}

void Http1Session::keep_pending(std::string_view bytes) {
  pending_.append(bytes);
  pause_request(true);
}

void Http1Session::read_pending() {
  while (!pending_.empty() && (state_ == State::kHead || state_ == State::kContent)) {
    const std::string bytes = std::exchange(pending_, {});
    if (state_ == State::kHead) pause_request(false);
    read(bytes);
  }
}

// Writing responses.

void Http1Session::send_informational(const ResponseHead& head) {
  if (client_1_0_) return;  // RFC 9110, 15.2
  write_response_head(out_, head, {});
  flush();
}

void Http1Session::send_head(const ResponseHead& head) {
  using Kind = Framing::Kind;
  until_close_ = head.framing.kind == Kind::kUntilClose;
  unframe_ = client_1_0_ && head.framing.kind == Kind::kChunked;
  // A response that comes before its request is whole may leave the rest of it unread.
  const bool early = head.status != 101 && !exchange_.request_ended();
  close_after_ = close_after_ || until_close_ || unframe_ || early;
  write_response_head(out_, head,
                      {.drop_transfer_encoding = client_1_0_,
                       .connection = close_after_  ? "close"
                                     : client_1_0_ ? "keep-alive"
                                                   : ""});
}

bool Http1Session::send(const Piece& piece) {
  if (state_ == State::kClosed) return true;
  if (!unframe_) {
    if (out_.empty() && piece.wire.empty()) return true;
    const bool writable = driver_.send(kClient, {out_, piece.wire});
    out_.clear();
    return writable;
  }
  flush();
  bool writable = true;
  for (const std::string_view content : piece.content) writable = driver_.send(kClient, {content});
  return writable;
}

void Http1Session::flush() {
  if (out_.empty() || state_ == State::kClosed) return;
  driver_.send(kClient, {out_});
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
  if (close_after_ || client_1_0_) writer.field("Connection", close_after_ ? "close" : "keep-alive");
  writer.end();
  driver_.send(kClient, {out_, head_request_ ? std::string_view() : answer.body});
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
  if (pending_.empty()) {
    pause_request(false);
    driver_.arm(Timer::kIdle, context_->settings.timeouts.idle);
  }
}

void Http1Session::close(Close how) {
  if (state_ == State::kClosed) return;
  state_ = State::kClosed;
  for (const Timer timer : {Timer::kHead, Timer::kIdle}) driver_.arm(timer, milliseconds::zero());
  driver_.close(kClient, how);
}

std::unique_ptr<Session> Http1SessionFactory::open(Driver& driver) {
  return std::make_unique<Http1Session>(driver, *contexts_);
}

}  // namespace tokometer::proxy
