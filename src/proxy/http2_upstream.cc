#include "proxy/http2_upstream.h"

#include <algorithm>
#include <utility>

#include "proxy/http_origin.h"

namespace tokometer::proxy {

using wire::http2::Code;
using wire::http2::End;

Http2Upstream::Http2Upstream(const Limits& limits)
    : connection_(wire::http2::Role::kClient, limits.of_http2(), *this), max_streams_(limits.http2.max_streams) {}

void Http2Upstream::attach(Driver& driver, ConnId conn) {
  driver_ = &driver;
  conn_ = conn;
  full_ = false;
}

bool Http2Upstream::has_room(std::size_t more) const {
  return usable_ && !is_over() &&
         connection_.streams() + more <= std::min<std::size_t>(max_streams_, connection_.peer_max_streams());
}

wire::http2::Stream* Http2Upstream::open(HttpOrigin& user, wire::Fields head, bool end) {
  if (!has_room(1)) return nullptr;
  wire::http2::Stream* const stream = connection_.open(head, end, &user);
  if (stream != nullptr) {
    users_.push_back(&user);
  } else {
    usable_ = false;  // no stream ids are left
  }
  return stream;
}

bool Http2Upstream::send(wire::http2::Stream& stream, std::span<const std::string_view> content, bool end,
                         wire::Fields trailers) {
  return connection_.send_content(stream, content, end ? End::kYes : End::kNo, trailers, full_ ? 0 : kWriteBytes);
}

void Http2Upstream::leave(HttpOrigin& user, wire::http2::Stream* stream, bool finished) {
  std::erase(users_, &user);
  std::ranges::replace(to_tell_, &user, nullptr);
  std::ranges::replace(with_room_, &user, nullptr);
  if (stream == nullptr) return;
  stream->user = nullptr;
  if (!finished || stream->queued() > 0) connection_.reset(*stream, Code::kCancel);
}

void Http2Upstream::receive(std::string_view bytes, SteadyTime now) {
  connection_.receive(bytes, now);
  tell_users();
}

void Http2Upstream::drained() {
  full_ = false;
  write();
}

void Http2Upstream::lost(NetError why) {
  driver_ = nullptr;
  usable_ = false;
  to_tell_.clear();
  with_room_.clear();
  while (!users_.empty()) {
    HttpOrigin& user = *users_.back();
    users_.pop_back();
    user.http2_lost(why);
  }
}

void Http2Upstream::write() {
  while (driver_ != nullptr && !full_) {
    connection_.write(kWriteBytes);
    std::string& out = connection_.out();
    if (out.empty()) break;
    const bool more = out.size() >= kWriteBytes;
    full_ = !driver_->send(conn_, {out});
    out.clear();
    if (!more) break;
  }
  tell_users();
}

bool Http2Upstream::on_idle_bytes(std::string_view bytes, SteadyTime now, std::string& out) {
  connection_.receive(bytes, now);
  connection_.write(kWriteBytes);
  out = std::exchange(connection_.out(), {});
  return is_reusable();
}

// What streams tell.

void Http2Upstream::on_head(wire::http2::Stream& stream, const Head& head) {
  if (stream.user == nullptr) return;
  auto& user = *static_cast<HttpOrigin*>(stream.user);
  note(user);
  user.http2_head(head.fields, head.end, head.too_large);
}

void Http2Upstream::on_content(wire::http2::Stream& stream, std::string_view content) {
  if (stream.user == nullptr) {
    connection_.consume(stream, content.size());
    return;
  }
  auto& user = *static_cast<HttpOrigin*>(stream.user);
  note(user);
  user.http2_content(content);
}

void Http2Upstream::on_end(wire::http2::Stream& stream, wire::Fields trailers) {
  if (stream.user == nullptr) return;
  static_cast<HttpOrigin*>(stream.user)->http2_end(trailers);
}

void Http2Upstream::on_stream_closed(wire::http2::Stream& stream, std::uint32_t code) {
  if (stream.user == nullptr) return;
  auto& user = *static_cast<HttpOrigin*>(std::exchange(stream.user, nullptr));
  user.http2_closed(code);
  note(user);
}

void Http2Upstream::on_room(wire::http2::Stream& stream) {
  auto* const user = static_cast<HttpOrigin*>(stream.user);
  if (user != nullptr && std::ranges::find(with_room_, user) == with_room_.end()) with_room_.push_back(user);
}

// Streams beyond the last one that it took are closed as refused.
void Http2Upstream::on_goaway(std::int32_t /*last*/) { usable_ = false; }

void Http2Upstream::note(HttpOrigin& user) {
  if (to_tell_.empty() || to_tell_.back() != &user) to_tell_.push_back(&user);
}

// Once everything that came together is taken: exchanges get it in one piece.
void Http2Upstream::tell_users() {
  // A user may leave, and others with it, while one is told.
  for (std::size_t i = 0; i < to_tell_.size(); ++i) {
    if (to_tell_[i] != nullptr) to_tell_[i]->http2_deliver();
  }
  to_tell_.clear();
  for (std::size_t i = 0; i < with_room_.size(); ++i) {
    if (with_room_[i] != nullptr) with_room_[i]->on_drained();
  }
  with_room_.clear();
}

}  // namespace tokometer::proxy
