#include "proxy/http2_session.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "wire/base64.h"
#include "wire/http2_head.h"

namespace tokometer::proxy {

using std::chrono::milliseconds;
using wire::http2::Code;

Http2Session::Http2Session(Driver& driver, const ContextSource& contexts, const Destination* to,
                           std::shared_ptr<const client::CallContext> said)
    : driver_(driver),
      contexts_(contexts),
      to_(to),
      said_(std::move(said)),
      context_(contexts.current()),
      connection_(wire::http2::Role::kServer, context_->settings.limits.of_http2(), *this),
      upstreams_(driver, context_->settings),
      decoder_(context_->settings.limits.http1) {
  driver_.arm(Timer::kHead, context_->settings.timeouts.head);
  settle();
}

// What the driver tells.

void Http2Session::on_connected(ConnId conn, Connected how) {
  upstreams_.on_connected(conn, std::move(how));
  settle();
}

void Http2Session::on_bytes(ConnId conn, std::string_view bytes) {
  if (conn == kClient) {
    connection_.receive(bytes, driver_.steady());
  } else {
    upstreams_.on_bytes(conn, bytes);
  }
  settle();
}

void Http2Session::on_eof(ConnId conn) {
  if (conn == kClient) {
    // Nothing in HTTP/2 is ended by a FIN: who sends it has left.
    close(Close::kGraceful);
  } else {
    upstreams_.on_eof(conn);
  }
  settle();
}

void Http2Session::on_closed(ConnId conn, NetError why) {
  if (conn == kClient) {
    open_ = false;
    for (const auto& stream : streams_) {
      if (why == NetError::kStopped) {
        stream->stop();
      } else {
        stream->client_gone();
      }
    }
  } else {
    upstreams_.on_closed(conn, why);
  }
  settle();
}

void Http2Session::on_drained(ConnId conn) {
  if (conn == kClient) {
    client_full_ = false;
    write();
  } else {
    upstreams_.on_drained(conn);
  }
  settle();
}

void Http2Session::on_timer(Timer timer) {
  if (timer == Timer::kHead || timer == Timer::kIdle) {
    if (open_ && std::ranges::none_of(streams_, &Http2Stream::running)) leave();
  } else {
    deadline_ = SteadyTime::max();
    const SteadyTime now = driver_.steady();
    SteadyTime next = SteadyTime::max();
    for (const auto& stream : streams_) {
      stream->tick(now);
      next = std::min(next, stream->next_deadline());
    }
    note_deadline(next);
  }
  settle();
}

void Http2Session::on_turn_end() {
  turn_asked_ = false;
  write();
  settle();
}

void Http2Session::on_shutdown() {
  if (!std::exchange(shutting_down_, true) && open_) {
    if (streams_.empty()) {
      leave();
    } else {
      // Streams that are on their way are still served: what the ping finds answered has come after them.
      connection_.announce_goaway();
      connection_.ping();
      for (const auto& stream : streams_) stream->shut_down();
    }
  }
  settle();
}

bool Http2Session::done() const { return !open_ && streams_.empty(); }

// What the client's streams tell.

void Http2Session::on_head(wire::http2::Stream& stream, const Head& head) {
  Http2Stream& own = take_stream();
  stream.user = &own;
  driver_.arm(Timer::kHead, milliseconds::zero());
  if (std::exchange(idle_timed_, false)) driver_.arm(Timer::kIdle, milliseconds::zero());
  head_timed_ = false;
  context_ = contexts_.current();
  const bool opaque = wire::http2::is_extended_connect(head.fields);

  std::optional<wire::http1::Refusal> refusal;
  decoder_.next();
  head_text_.clear();
  if (head.too_large) {
    refusal = {.status = 431, .code = "head_too_large", .reason = "head: too large or too many fields"};
  } else {
    refusal = wire::http2::write_request(head.fields, head.end, opaque ? websocket_key() : "", head_text_);
  }
  if (!refusal) {
    std::string_view text = head_text_;
    const wire::http1::Read read = decoder_.read(text);
    if (read == wire::http1::Read::kHead) {
      own.begin(stream, context_, decoder_.head(), opaque, {.to = to_, .context = said_});
      if (shutting_down_) own.shut_down();
      if (head.end) own.end({});
      return;
    }
    refusal = decoder_.refusal();
  }
  std::string buffer;
  const std::string_view method = wire::find(head.fields, ":method").value_or("");
  const Route route = context_->router.route(method, wire::find(head.fields, ":path").value_or(""), {}, buffer);
  if (context_->taps != nullptr) context_->taps->refused(refusal->code);
  own.refuse(stream, route.spec, *refusal, method == "HEAD");
}

void Http2Session::on_content(wire::http2::Stream& stream, std::string_view content) {
  if (stream.user == nullptr) {
    connection_.consume(stream, content.size());
    return;
  }
  static_cast<Http2Stream*>(stream.user)->content(content);
}

void Http2Session::on_end(wire::http2::Stream& stream, wire::Fields trailers) {
  if (stream.user != nullptr) static_cast<Http2Stream*>(stream.user)->end(trailers);
}

void Http2Session::on_stream_closed(wire::http2::Stream& stream, std::uint32_t /*code*/) {
  if (stream.user != nullptr) static_cast<Http2Stream*>(std::exchange(stream.user, nullptr))->closed();
}

void Http2Session::on_room(wire::http2::Stream& stream) {
  auto* const own = static_cast<Http2Stream*>(stream.user);
  if (own != nullptr && !std::exchange(own->has_room, true)) with_room_.push_back(own);
}

void Http2Session::on_pong() {
  if (shutting_down_) connection_.goaway(Code::kNoError);
}

void Http2Session::on_goaway(std::int32_t /*last*/) {}  // a client's: we open no streams

// What streams ask for.

void Http2Session::note_deadline(SteadyTime deadline) {
  if (deadline >= deadline_) return;
  deadline_ = deadline;
  const auto delay = std::chrono::ceil<milliseconds>(deadline - driver_.steady());
  driver_.arm(Timer::kBetweenBytes, std::max(delay, milliseconds(1)));
}

void Http2Session::note_content(Http2Stream& stream) {
  if (!std::exchange(stream.has_content, true)) with_content_.push_back(&stream);
}

void Http2Session::note_over(Http2Stream& stream) {
  if (!std::exchange(stream.may_be_over, true)) maybe_over_.push_back(&stream);
}

// What every happening ends with: hands on what has come, lets go of what is over, and has the rest written.
void Http2Session::settle() {
  do {
    for (Http2Stream* const stream : std::exchange(with_content_, {})) {
      stream->has_content = false;
      stream->deliver();
    }
    for (Http2Stream* const stream : std::exchange(with_room_, {})) {
      stream->has_room = false;
      stream->room();
    }
    upstreams_.settle();
  } while (!with_content_.empty() || !with_room_.empty());
  retire();
  if (!open_) return;
  if (connection_.broken()) {
    connection_.write(kWriteBytes);
    if (!connection_.out().empty()) driver_.send(kClient, {connection_.out()});
    close(Close::kGraceful);
    retire();
    return;
  }
  if (connection_.finished()) {
    write();
    close(Close::kGraceful);
    retire();
    return;
  }
  if (shutting_down_ && streams_.empty()) return leave();
  if (streams_.empty() && !idle_timed_ && !head_timed_) {
    idle_timed_ = true;
    driver_.arm(Timer::kIdle, context_->settings.timeouts.idle);
  }
  if (!client_full_ && connection_.wants_write() && !std::exchange(turn_asked_, true)) driver_.call_at_turn_end();
}

void Http2Session::retire() {
  for (Http2Stream* const stream : std::exchange(maybe_over_, {})) {
    stream->may_be_over = false;
    if (!stream->over()) continue;
    const auto found = std::ranges::find(streams_, stream, &std::unique_ptr<Http2Stream>::get);
    std::swap(*found, streams_.back());
    if (spare_.size() < kSpareStreams) {
      streams_.back()->recycle();
      spare_.push_back(std::move(streams_.back()));
    }
    streams_.pop_back();
  }
}

void Http2Session::write() {
  while (open_ && !client_full_) {
    connection_.write(kWriteBytes);
    std::string& out = connection_.out();
    if (out.empty()) return;
    const bool more = out.size() >= kWriteBytes;
    client_full_ = !driver_.send(kClient, {out});
    out.clear();
    if (out.capacity() > 4 * kWriteBytes) out.shrink_to_fit();
    if (!more) return;
  }
}

// Ends an idle connection.
void Http2Session::leave() {
  connection_.goaway(Code::kNoError);
  connection_.write(kWriteBytes);
  if (!connection_.out().empty()) driver_.send(kClient, {connection_.out()});
  connection_.out().clear();
  close(Close::kGraceful);
  retire();
}

void Http2Session::close(Close how) {
  if (!std::exchange(open_, false)) return;
  for (const Timer timer : {Timer::kHead, Timer::kIdle}) driver_.arm(timer, milliseconds::zero());
  driver_.close(kClient, how);
  for (const auto& stream : streams_) stream->client_gone();
  upstreams_.settle();
}

Http2Stream& Http2Session::take_stream() {
  if (spare_.empty()) {
    streams_.push_back(std::make_unique<Http2Stream>(*this, upstreams_, context_->settings.limits));
  } else {
    streams_.push_back(std::move(spare_.back()));
    spare_.pop_back();
  }
  return *streams_.back();
}

// RFC 6455, 4.1: of 16 bytes.
std::string Http2Session::websocket_key() {
  const Uuid id = keys_.make(driver_.now());
  return wire::base64::encode({reinterpret_cast<const char*>(id.bytes.data()), id.bytes.size()});
}

}  // namespace tokometer::proxy
