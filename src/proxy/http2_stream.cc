#include "proxy/http2_stream.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "provider/registry.h"
#include "proxy/head_rewrite.h"
#include "proxy/http2_session.h"
#include "wire/http2_head.h"

namespace tokometer::proxy {
namespace {

using wire::http2::Code;
using wire::http2::End;

}  // namespace

// The client's side.

void Http2Stream::begin(wire::http2::Stream& stream, std::shared_ptr<const Context> context, const RequestHead& head,
                        bool opaque, ForwardTo forward) {
  wire_ = &stream;
  context_ = std::move(context);
  head_request_ = head.method == "HEAD";
  opaque_ = opaque;
  if (forward.to != nullptr) forward.host = head.authority;
  exchange_.begin(context_, head, session_.driver_.now(), session_.driver_.steady(), std::move(forward));
}

void Http2Stream::refuse(wire::http2::Stream& stream, const provider::Spec* spec, const wire::http1::Refusal& refusal,
                         bool head_request) {
  wire_ = &stream;
  context_ = session_.context_;
  head_request_ = head_request;
  const std::string body = provider::error_body(spec, refusal.status, refusal.reason);
  answer({.status = refusal.status, .content_type = "application/json", .error_code = refusal.code, .body = body});
  exchange_ended();
}

void Http2Stream::content(std::string_view bytes) {
  if (exchange_.running() && opaque_ && !tunnel_) {
    // Its window bounds this: nothing is consumed until the tunnel stands.
    held_ += bytes;
    return;
  }
  pieces_.push_back(bytes);
  session_.note_content(*this);
}

void Http2Stream::end(wire::Fields trailers) {
  ended_ = true;
  for (const auto& [name, value] : trailers) {
    if (wire::http2::is_trailer(name)) trailers_.append(name).append(":").append(value).push_back('\n');
  }
  session_.note_content(*this);
}

void Http2Stream::deliver() {
  if (std::exchange(left_, false)) exchange_.client_left();
  std::size_t size = 0;
  for (const std::string_view piece : pieces_) size += piece.size();
  const bool wanted = exchange_.running() && !exchange_.draining() && (!opaque_ || tunnel_) && !end_told_;
  if (!wanted) {
    pieces_.clear();
    if (wire_ != nullptr && size > 0) session_.connection_.consume(*wire_, size);
    discarded_ += size;
    if (discarded_ > kDiscardBytes && wire_ != nullptr && response_ended_ && wire_->queued() == 0) {
      session_.connection_.reset(*wire_, Code::kNoError);
    }
    return;
  }
  if (!held_.empty()) {
    pieces_.insert(pieces_.begin(), held_);
    size += held_.size();
  }
  end_told_ = ended_;
  // A request whose head promised no content was whole with that.
  if (tunnel_ || !exchange_.request_ended()) {
    fields_.clear();
    for (std::string_view rest = trailers_; !rest.empty();) {
      const std::string_view line = rest.substr(0, rest.find('\n'));
      rest.remove_prefix(line.size() + 1);
      const std::size_t colon = line.find(':');
      fields_.push_back({line.substr(0, colon), line.substr(colon + 1)});
    }
    const std::vector<wire::Field> trailers = std::exchange(fields_, {});
    exchange_.request_piece({.wire = {}, .content = pieces_, .end = ended_, .trailers = trailers, .framed = false});
  }
  pieces_.clear();
  held_ = std::string();
  if (wire_ == nullptr) return;
  if (paused_) {
    unconsumed_ += size;
  } else {
    session_.connection_.consume(*wire_, size);
  }
}

void Http2Stream::closed() {
  wire_ = nullptr;
  pieces_.clear();
  // After the response's end it is the exchange that ends, if it has not already.
  left_ = !response_ended_;
  session_.note_content(*this);
  session_.note_over(*this);
}

void Http2Stream::client_gone() {
  wire_ = nullptr;
  pieces_.clear();
  exchange_.client_left();
  session_.note_over(*this);
}

void Http2Stream::recycle() {
  context_.reset();
  deadlines_.fill(SteadyTime::max());
  pieces_.clear();
  trailers_.clear();
  held_ = std::string();
  unconsumed_ = discarded_ = 0;
  left_ = opaque_ = tunnel_ = ended_ = end_told_ = response_ended_ = head_request_ = paused_ = false;
}

void Http2Stream::stop() {
  wire_ = nullptr;
  pieces_.clear();
  exchange_.stop();
  session_.note_over(*this);
}

void Http2Stream::tick(SteadyTime now) {
  for (std::size_t i = 0; i < deadlines_.size(); ++i) {
    if (deadlines_[i] > now) continue;
    deadlines_[i] = SteadyTime::max();
    if (exchange_.running()) {
      exchange_.timer(static_cast<Timer>(i));
    } else if (wire_ != nullptr && static_cast<Timer>(i) == Timer::kDrain) {
      if (ended_) continue;
      if (wire_->queued() == 0) {
        session_.connection_.reset(*wire_, Code::kNoError);
      } else {
        arm(Timer::kDrain, kDiscardTime);
      }
    } else if (wire_ != nullptr) {
      // The whole response has waited for its client long enough.
      session_.connection_.reset(*wire_, Code::kCancel);
    }
  }
}

SteadyTime Http2Stream::next_deadline() const { return *std::ranges::min_element(deadlines_); }

// Writing the response.

void Http2Stream::begin_response(int status) {
  fmt::format_to_n(status_.data(), status_.size(), "{}", status);
  fields_.clear();
  fields_.push_back({":status", {status_.data(), status_.size()}});
}

bool Http2Stream::send_informational(const ResponseHead& head) {
  if (wire_ == nullptr) return true;
  begin_response(head.status);
  response_fields(head, false, fields_);
  session_.connection_.send_informational(*wire_, fields_);
  return true;
}

void Http2Stream::send_head(const ResponseHead& head, bool changed) {
  if (wire_ == nullptr) return;
  const bool opens = head.status == 101;
  // RFC 8441, 5: an accepted WebSocket is a 200 here. An origin's own 200 accepts none, and must not look as if.
  const bool mistaken = opaque_ && !opens && head.status < 300;
  begin_response(opens ? 200 : mistaken ? 502 : head.status);
  response_fields(head, changed, fields_);
  if (opens)
    std::erase_if(fields_, [](const auto& field) { return wire::iequals(field.name, "sec-websocket-accept"); });
  const bool end = !opens && !head.framing.has_content();
  response_ended_ = end;
  session_.connection_.send_head(*wire_, fields_, end);
}

bool Http2Stream::send(const Piece& piece) {
  if (wire_ == nullptr) return true;
  fields_.clear();
  for (const wire::Field& trailer : piece.trailers) {
    if (wire::http2::is_trailer(trailer.name)) fields_.push_back(trailer);
  }
  response_ended_ = response_ended_ || piece.end;
  return session_.connection_.send_content(*wire_, piece.content, piece.end ? End::kYes : End::kNo, fields_,
                                           session_.write_limit());
}

void Http2Stream::answer(const Answer& answer) {
  if (wire_ == nullptr) return;
  begin_response(answer.status);
  const fmt::format_int length(answer.body.size());
  fields_.push_back({"content-type", answer.content_type});
  fields_.push_back({"content-length", {length.data(), length.size()}});
  if (!answer.error_code.empty()) fields_.push_back({"x-tokometer-error", answer.error_code});
  fields_.insert(fields_.end(), answer.fields.begin(), answer.fields.end());
  const bool end = head_request_ || answer.body.empty();
  response_ended_ = true;
  session_.connection_.send_head(*wire_, fields_, end);
  if (!end) {
    session_.connection_.send_content(*wire_, std::span(&answer.body, 1), End::kYes, {}, session_.write_limit());
  }
}

void Http2Stream::break_off() {
  if (wire_ == nullptr) return;
  response_ended_ = true;
  session_.connection_.send_content(*wire_, {}, End::kBroken, {}, session_.write_limit());
}

void Http2Stream::pause_request(bool paused) {
  paused_ = paused;
  if (paused || wire_ == nullptr) return;
  session_.connection_.consume(*wire_, std::exchange(unconsumed_, 0));
}

void Http2Stream::start_tunnel() {
  tunnel_ = true;
  if (!held_.empty() || ended_) session_.note_content(*this);
}

void Http2Stream::exchange_ended() {
  if (wire_ != nullptr) {
    // Nobody waits for the rest of the request, and somebody must for that of the response.
    if (unconsumed_ > 0) session_.connection_.consume(*wire_, std::exchange(unconsumed_, 0));
    arm(Timer::kBetweenBytes, context_->settings.timeouts.between_bytes);
    if (!ended_) arm(Timer::kDrain, kDiscardTime);
  }
  session_.note_over(*this);
}

// Time.

void Http2Stream::arm(Timer timer, std::chrono::milliseconds delay) {
  SteadyTime& deadline = deadlines_[static_cast<std::size_t>(timer)];
  deadline = delay.count() == 0 ? SteadyTime::max() : steady() + delay;
  session_.note_deadline(deadline);
}

UtcTime Http2Stream::now() const { return session_.driver_.now(); }
SteadyTime Http2Stream::steady() const { return session_.driver_.steady(); }

}  // namespace tokometer::proxy
