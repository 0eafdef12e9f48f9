#include "proxy/http_origin.h"

#include <array>
#include <utility>

#include "base/check.h"
#include "proxy/exchange.h"
#include "proxy/failure.h"
#include "proxy/head_rewrite.h"
#include "wire/http2_head.h"

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

}  // namespace

void HttpOrigin::open(const Destination& to, const RequestHead& head, std::string_view target,
                      const RequestChanges& changes) {
  if (origin_ != to.origin) origin_ = to.origin;
  held_.clear();
  write_request_head(held_, head, target, to.authority, changes);
  held_whole_ = true;
  repeatable_ = is_repeatable(head);
  reused_ = retried_ = response_begun_ = half_closed_ = paused_ = false;
  unconsumed_ = 0;
  request_whole_ = !head.framing.has_content();
  head_request_ = head.method == "HEAD";
  upgrade_ = head.upgrade;
  framing_ = changes.content_length ? Framing::Kind::kLength : head.framing.kind;
  decoder_.next();
  state_ = State::kConnecting;
  // What a connection is upgraded to leaves HTTP/1.1 only.
  offer_ = upgrade_ ? Offer::kHttp1 : Offer::kAny;
  conn_ = upstreams_.connect(*this, origin_, Reuse::kAllowed, offer_);
}

void HttpOrigin::on_connected(bool reused) {
  reused_ = reused;
  state_ = State::kHead;
  const bool writable = upstreams_.driver().send(conn_, {held_});
  if (!reused_ || !repeatable_ || held_.size() > limits_.retry_bytes) drop_held();
  exchange_.origin_connected();
  if (writable) exchange_.origin_drained();
}

void HttpOrigin::connect_again() { conn_ = upstreams_.connect(*this, origin_, Reuse::kAllowed, offer_); }

bool HttpOrigin::send(const Piece& piece) {
  if (state_ == State::kTunnel) {
    if (half_closed_) return true;
    const std::string_view bytes = piece.http1(Framing::Kind::kUntilClose, framed_);
    const bool writable = bytes.empty() || upstreams_.driver().send(conn_, {bytes});
    if (piece.end) {
      half_closed_ = true;
      upstreams_.close(conn_, *this, Close::kHalf);
    }
    return writable;
  }
  request_whole_ = piece.end;
  if (state_ == State::kNone) return true;
  if (state_ == State::kConnecting) {
    held_ += piece.http1(framing_, framed_);
    return held_.size() < limits_.held_bytes;
  }
  if (held_whole_) hold(piece);
  if (state_ == State::kHttp2) {
    return stream_ == nullptr || upstream_->send(*stream_, piece.content, piece.end, piece.trailers);
  }
  const std::string_view bytes = piece.http1(framing_, framed_);
  return bytes.empty() || upstreams_.driver().send(conn_, {bytes});
}

void HttpOrigin::hold(const Piece& piece) {
  const std::string_view bytes = piece.http1(framing_, framed_);
  if (held_.size() + bytes.size() > limits_.retry_bytes) {
    drop_held();
  } else {
    held_ += bytes;
  }
}

void HttpOrigin::drop_held() {
  held_whole_ = false;
  held_.clear();
  if (held_.capacity() > limits_.retry_bytes) held_.shrink_to_fit();
}

void HttpOrigin::pause_response(bool paused) {
  paused_ = paused;
  if (state_ == State::kHttp2) {
    // Until it is consumed, what has come closes the stream's window.
    if (!paused && stream_ != nullptr) upstream_->consume(*stream_, std::exchange(unconsumed_, 0));
  } else if (conn_ != kClient && state_ != State::kConnecting) {
    upstreams_.driver().pause(conn_, paused);
  }
}

void HttpOrigin::end(bool complete) {
  const State state = std::exchange(state_, State::kNone);
  if (state == State::kHttp2) {
    upstream_->leave(*this, std::exchange(stream_, nullptr), complete && request_whole_);
    upstream_ = nullptr;
    return;
  }
  if (conn_ == kClient) return;
  const ConnId conn = std::exchange(conn_, kClient);
  if (complete && state == State::kContent && request_whole_ && decoder_.head().keep_alive) {
    upstreams_.release(conn);
  } else {
    upstreams_.close(conn, *this, state == State::kTunnel && complete ? Close::kGraceful : Close::kReset);
  }
}

void HttpOrigin::on_drained() { exchange_.origin_drained(); }

// HTTP/1.1.

void HttpOrigin::on_bytes(std::string_view bytes) {
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
    exchange_.response_piece({.wire = bytes.substr(0, step.taken),
                              .content = pieces_,
                              .end = end,
                              .trailers = end ? content_.trailers() : wire::Fields()});
    bytes.remove_prefix(step.taken);
    if (end) return;
  }
  if (conn_ == conn) exchange_.response_flush();
}

// Reads one head; false if there is nothing more to do with the bytes.
bool HttpOrigin::read_head(std::string_view& bytes) {
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

void HttpOrigin::on_eof() {
  if ((state_ == State::kContent || state_ == State::kTunnel) && content_.ends_with_connection()) {
    exchange_.response_piece({.wire = {}, .content = {}, .end = true});
    return;
  }
  upstreams_.close(std::exchange(conn_, kClient), *this, Close::kReset);
  lost(NetError::kNone, false);
}

void HttpOrigin::on_closed(NetError why) {
  const bool whole = why == NetError::kNone && content_.ends_with_connection() &&
                     (state_ == State::kContent || state_ == State::kTunnel);
  conn_ = kClient;
  if (whole) {
    exchange_.response_piece({.wire = {}, .content = {}, .end = true});
  } else {
    lost(why, false);
  }
}

// `untouched`: the origin says that it has done nothing with the request.
void HttpOrigin::lost(NetError why, bool untouched) {
  const bool sent = state_ == State::kHead || state_ == State::kHttp2;
  if (sent && held_whole_ && !response_begun_ && !retried_ && (untouched || (reused_ && repeatable_))) {
    retried_ = true;
    reused_ = false;
    state_ = State::kConnecting;
    conn_ = upstreams_.connect(*this, origin_, Reuse::kFresh, offer_);
    return;
  }
  state_ = State::kNone;
  exchange_.origin_failed(abort_of(why));
}

// HTTP/2.

bool HttpOrigin::on_http2(Http2Upstream& upstream, bool reused) {
  wire::http1::RequestDecoder& decoder = upstreams_.request_decoder();
  decoder.next();
  std::string_view rest = held_;
  const Read read = decoder.read(rest);
  TOKOMETER_CHECK(read == Read::kHead);  // it was one before
  const RequestHead& head = decoder.head();
  pieces_.clear();
  bool whole = !head.framing.has_content();
  content_.start(head.framing);
  if (!whole) whole = content_.read(rest, pieces_).state == ContentDecoder::State::kEnd;
  const wire::Fields trailers = content_.trailers();
  const bool head_only = whole && pieces_.empty() && trailers.empty();
  fields_.clear();
  request_fields(head, origin_.tls, fields_);
  stream_ = upstream.open(*this, fields_, head_only);
  if (stream_ == nullptr) return false;
  upstream_ = &upstream;
  state_ = State::kHttp2;
  conn_ = kClient;
  reused_ = reused;
  const bool writable = head_only || upstream.send(*stream_, pieces_, whole, trailers);
  pieces_.clear();
  if (held_.size() > limits_.retry_bytes) drop_held();
  exchange_.origin_connected();
  if (writable) exchange_.origin_drained();
  return true;
}

void HttpOrigin::http2_head(wire::Fields fields, bool end, bool too_large) {
  head_text_.clear();
  decoder_.next();
  std::string_view text;
  if (!too_large && !wire::http2::write_response(fields, end, head_request_, head_text_)) text = head_text_;
  if (text.empty() || decoder_.read(text, head_request_) != Read::kHead) {
    exchange_.origin_failed(Abort::kOriginProtocol);
    return;
  }
  const ResponseHead& head = decoder_.head();
  if (head.informational()) {
    exchange_.informational(head);
    return;
  }
  response_begun_ = true;
  exchange_.response_head(head);
  if (end && state_ == State::kHttp2) exchange_.response_piece({.end = true, .framed = false});
}

void HttpOrigin::http2_end(wire::Fields trailers) {
  if (!response_begun_) {
    exchange_.origin_failed(Abort::kOriginProtocol);
    return;
  }
  fields_.clear();
  for (const wire::Field& trailer : trailers) {
    if (wire::http2::is_trailer(trailer.name)) fields_.push_back(trailer);
  }
  std::vector<std::string_view> pieces;
  pieces.swap(pieces_);
  exchange_.response_piece({.content = pieces, .end = true, .trailers = fields_, .framed = false});
}

void HttpOrigin::http2_deliver() {
  if (state_ != State::kHttp2) return;
  if (!pieces_.empty()) {
    std::size_t size = 0;
    for (const std::string_view piece : pieces_) size += piece.size();
    std::vector<std::string_view> pieces;
    pieces.swap(pieces_);
    exchange_.response_piece({.content = pieces, .framed = false});
    if (state_ != State::kHttp2) return;
    pieces.clear();
    pieces.swap(pieces_);
    if (stream_ != nullptr && paused_) {
      unconsumed_ += size;
    } else if (stream_ != nullptr) {
      upstream_->consume(*stream_, size);
    }
  }
  exchange_.response_flush();
  if (state_ != State::kHttp2 || stream_ != nullptr) return;
  std::exchange(upstream_, nullptr)->leave(*this, nullptr, true);
  lost(NetError::kReset, close_code_ == static_cast<std::uint32_t>(wire::http2::Code::kRefusedStream));
}

void HttpOrigin::http2_lost(NetError why) {
  upstream_ = nullptr;
  stream_ = nullptr;
  pieces_.clear();
  lost(why, false);
}

}  // namespace tokometer::proxy
