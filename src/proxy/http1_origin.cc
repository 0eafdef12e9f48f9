#include "proxy/http1_origin.h"

#include <array>

#include "proxy/exchange.h"
#include "proxy/head_rewrite.h"

namespace tokometer::proxy {
namespace {

using wire::http1::ContentDecoder;
using wire::http1::Framing;
using wire::http1::Read;

// RFC 9110, 9.2.2. A key makes the origin tell a repeated request from a new one.
bool is_repeatable(const RequestHead& head) {
  static constexpr std::array<std::string_view, 6> kIdempotent = {"GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE"};
  for (const std::string_view method : kIdempotent) {
    if (head.method == method) return true;
  }
  return wire::find(head.fields, "idempotency-key").has_value();
}

Abort abort_of(NetError why) {
  switch (why) {
    case NetError::kResolve:
      return Abort::kOriginResolve;
    case NetError::kRefused:
    case NetError::kLimit:
      return Abort::kOriginRefused;
    case NetError::kConnectTimeout:
      return Abort::kConnectTimeout;
    case NetError::kTls:
      return Abort::kOriginTls;
    case NetError::kNone:
    case NetError::kReset:
      break;
  }
  return Abort::kOriginReset;
}

}  // namespace

void Http1Origin::open(const Destination& to, const RequestHead& head, std::string_view target) {
  if (origin_ != to.origin) origin_ = to.origin;
  held_.clear();
  write_request_head(held_, head, target, to.authority);
  held_whole_ = true;
  repeatable_ = is_repeatable(head);
  reused_ = response_begun_ = half_closed_ = false;
  request_whole_ = !head.framing.has_content();
  head_request_ = head.method == "HEAD";
  upgrade_ = head.upgrade;
  decoder_.next();
  state_ = State::kConnecting;
  conn_ = driver_.connect(origin_, Reuse::kAllowed);
}

void Http1Origin::on_connected(Connected how) {
  reused_ = how.reused;
  state_ = State::kHead;
  const bool writable = driver_.send(conn_, {held_});
  if (!reused_ || !repeatable_ || held_.size() > limits_.retry_bytes) {
    held_whole_ = false;
    held_.clear();
    if (held_.capacity() > limits_.retry_bytes) held_.shrink_to_fit();
  }
  exchange_.origin_connected();
  if (writable) exchange_.origin_drained();
}

bool Http1Origin::send(const Piece& piece) {
  if (state_ == State::kTunnel) {
    if (piece.end && !half_closed_) {
      half_closed_ = true;
      driver_.close(conn_, Close::kHalf);
    }
    return piece.wire.empty() || driver_.send(conn_, {piece.wire});
  }
  request_whole_ = piece.end;
  if (state_ == State::kNone) return true;
  if (held_whole_) {
    const std::size_t limit = state_ == State::kConnecting ? limits_.held_bytes : limits_.retry_bytes;
    if (state_ == State::kConnecting || held_.size() + piece.wire.size() <= limit) {
      held_ += piece.wire;
    } else {
      held_whole_ = false;
      held_.clear();
      held_.shrink_to_fit();
    }
    if (state_ == State::kConnecting) return held_.size() < limit;
  }
  return driver_.send(conn_, {piece.wire});
}

void Http1Origin::pause_response(bool paused) {
  if (conn_ != kClient && state_ != State::kConnecting) driver_.pause(conn_, paused);
}

void Http1Origin::end(bool complete) {
  if (conn_ == kClient) return;
  const ConnId conn = conn_;
  const bool reusable = complete && state_ == State::kContent && request_whole_ && decoder_.head().keep_alive;
  const bool tunnel = state_ == State::kTunnel;
  conn_ = kClient;
  state_ = State::kNone;
  if (reusable) {
    driver_.release(conn);
  } else {
    driver_.close(conn, tunnel && complete ? Close::kGraceful : Close::kReset);
  }
}

void Http1Origin::on_bytes(std::string_view bytes) {
  const ConnId conn = conn_;
  while (!bytes.empty() && conn_ == conn) {
    if (state_ == State::kHead) {
      if (!read_head(bytes)) return;
      continue;
    }
    pieces_.clear();
    const ContentDecoder::Step step = content_.read(bytes, pieces_);
    if (step.state == ContentDecoder::State::kRefused) {
      exchange_.origin_failed(Abort::kOriginProtocol);
      return;
    }
    const bool end = step.state == ContentDecoder::State::kEnd;
    // Bytes after the response answer nothing: who sends them is not to be trusted with another request.
    if (end && step.taken < bytes.size()) request_whole_ = false;
    exchange_.response_piece({.wire = bytes.substr(0, step.taken), .content = pieces_, .end = end});
    bytes.remove_prefix(step.taken);
    if (end) return;
  }
  if (conn_ == conn) exchange_.response_flush();
}

// Reads one head; false if there is nothing more to do with the bytes.
bool Http1Origin::read_head(std::string_view& bytes) {
  response_begun_ = true;
  switch (decoder_.read(bytes, head_request_)) {
    case Read::kMore:
      return false;
    case Read::kRefused:
      exchange_.origin_failed(Abort::kOriginProtocol);
      return false;
    case Read::kHead:
      break;
  }
  const ResponseHead& head = decoder_.head();
  if (head.status == 101) {
    if (!upgrade_ || !request_whole_) {
      exchange_.origin_failed(Abort::kOriginProtocol);
      return false;
    }
    state_ = State::kTunnel;
    content_.start({.kind = Framing::Kind::kUntilClose});
    exchange_.response_head(head);
    return true;
  }
  if (head.informational()) {
    exchange_.informational(head);
    decoder_.next();
    return true;
  }
  state_ = State::kContent;
  content_.start(head.framing);
  exchange_.response_head(head);
  if (!head.framing.has_content()) {
    if (!bytes.empty()) request_whole_ = false;  // as above: not reusable
    exchange_.response_piece({.wire = {}, .content = {}, .end = true});
    return false;
  }
  return true;
}

void Http1Origin::on_eof() {
  if ((state_ == State::kContent || state_ == State::kTunnel) && content_.ends_with_connection()) {
    exchange_.response_piece({.wire = {}, .content = {}, .end = true});
    return;
  }
  const ConnId conn = conn_;
  conn_ = kClient;
  driver_.close(conn, Close::kReset);
  lost(NetError::kNone);
}

void Http1Origin::on_closed(NetError why) {
  const bool whole = why == NetError::kNone && content_.ends_with_connection() &&
                     (state_ == State::kContent || state_ == State::kTunnel);
  conn_ = kClient;
  if (whole) {
    exchange_.response_piece({.wire = {}, .content = {}, .end = true});
  } else {
    lost(why);
  }
}

void Http1Origin::lost(NetError why) {
  if (may_retry()) {
    reused_ = false;
    state_ = State::kConnecting;
    conn_ = driver_.connect(origin_, Reuse::kFresh);
    return;
  }
  state_ = State::kNone;
  exchange_.origin_failed(abort_of(why));
}

bool Http1Origin::may_retry() const {
  return state_ == State::kHead && reused_ && repeatable_ && held_whole_ && !response_begun_;
}

}  // namespace tokometer::proxy
