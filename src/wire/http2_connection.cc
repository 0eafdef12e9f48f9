#include "wire/http2_connection.h"

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace tokometer::wire::http2 {
namespace {

// Streams kept to be used again: their queues keep their memory.
constexpr std::size_t kSpareStreams = 16;
constexpr std::size_t kSpareQueueBytes = std::size_t{16} * 1024;

// Runs of ids left out by the client that are remembered: few ever leave out any.
constexpr std::size_t kSkippedKept = 16;

// A bomb of fields is dropped as it is unpacked, up to this many times the limit: beyond, the connection ends.
constexpr std::size_t kBombFactor = 10;

struct OptionDeleter {
  void operator()(nghttp2_option* option) const { nghttp2_option_del(option); }
  void operator()(nghttp2_session_callbacks* callbacks) const { nghttp2_session_callbacks_del(callbacks); }
};

std::string_view text(const std::uint8_t* bytes, std::size_t size) {
  return {reinterpret_cast<const char*>(bytes), size};
}

nghttp2_nv pair(const Field& field) {
  // nghttp2 copies both, and writes to neither.
  return {.name = reinterpret_cast<std::uint8_t*>(const_cast<char*>(field.name.data())),
          .value = reinterpret_cast<std::uint8_t*>(const_cast<char*>(field.value.data())),
          .namelen = field.name.size(),
          .valuelen = field.value.size(),
          .flags = NGHTTP2_NV_FLAG_NONE};
}

std::vector<nghttp2_nv> pairs(Fields fields) {
  std::vector<nghttp2_nv> made;
  made.reserve(fields.size());
  for (const Field& field : fields) made.push_back(pair(field));
  return made;
}

}  // namespace

// What nghttp2 calls.
struct Connection::Callbacks {
  static Connection& of(void* user) { return *static_cast<Connection*>(user); }
  static Stream* stream(nghttp2_session* session, std::int32_t id) {
    return static_cast<Stream*>(nghttp2_session_get_stream_user_data(session, id));
  }

  static int begin_frame(nghttp2_session* /*session*/, const nghttp2_frame_hd* frame, void* user) {
    of(user).on_frame_begin(frame->type, frame->length, frame->flags, frame->stream_id);
    return 0;
  }

  static int begin_headers(nghttp2_session* session, const nghttp2_frame* frame, void* user) {
    Connection& self = of(user);
    self.head_.clear();
    self.head_spans_.clear();
    self.head_bytes_ = 0;
    self.head_too_large_ = false;
    if (self.terminated_) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    if (frame->headers.cat == NGHTTP2_HCAT_REQUEST) {
      self.note_skipped(frame->hd.stream_id);
      Stream& opened = self.add_stream(frame->hd.stream_id);
      nghttp2_session_set_stream_user_data(session, frame->hd.stream_id, &opened);
    }
    return 0;
  }

  static int header(nghttp2_session* /*session*/, const nghttp2_frame* /*frame*/, const std::uint8_t* name,
                    std::size_t name_size, const std::uint8_t* value, std::size_t value_size, std::uint8_t /*flags*/,
                    void* user) {
    if (of(user).add_field(text(name, name_size), text(value, value_size))) return 0;
    of(user).flood();
    return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  }

  // A field that HTTP forbids makes the message malformed (RFC 9113, 8.1.1); nghttp2 would drop the field alone.
  static int invalid_header(nghttp2_session* session, const nghttp2_frame* frame, const std::uint8_t* /*name*/,
                            std::size_t /*name_size*/, const std::uint8_t* /*value*/, std::size_t /*value_size*/,
                            std::uint8_t /*flags*/, void* /*user*/) {
    nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, frame->hd.stream_id, NGHTTP2_PROTOCOL_ERROR);
    return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  }

  static int frame_received(nghttp2_session* session, const nghttp2_frame* frame, void* user) {
    Connection& self = of(user);
    if (self.terminated_) return 0;
    const bool end = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
    switch (frame->hd.type) {
      case NGHTTP2_HEADERS: {
        Stream* const on = stream(session, frame->hd.stream_id);
        if (on == nullptr) return 0;
        on->received_end_ = on->received_end_ || end;
        // Of trailers only the category tells, and of a final response after 1xx that no END_STREAM is there:
        // nghttp2 calls both HEADERS.
        const bool trailers = frame->headers.cat == NGHTTP2_HCAT_HEADERS &&
                              (self.role_ == Role::kServer || !self.head_.starts_with(":status"));
        const Fields fields = self.collected();
        if (trailers) {
          self.events_.on_end(*on, self.head_too_large_ ? Fields() : fields);
        } else {
          self.events_.on_head(*on, {.fields = fields, .end = end, .too_large = self.head_too_large_});
        }
        return 0;
      }
      case NGHTTP2_DATA:
        if (Stream* const on = end ? stream(session, frame->hd.stream_id) : nullptr) {
          on->received_end_ = true;
          self.events_.on_end(*on, {});
        }
        return 0;
      case NGHTTP2_RST_STREAM:
        if (self.role_ == Role::kServer && !self.guard_.take(FloodGuard::Kind::kReset, self.now_)) self.flood();
        return 0;
      case NGHTTP2_PING:
        if ((frame->hd.flags & NGHTTP2_FLAG_ACK) != 0) self.events_.on_pong();
        return 0;
      case NGHTTP2_GOAWAY:
        self.events_.on_goaway(frame->goaway.last_stream_id);
        return 0;
      default:
        return 0;
    }
  }

  // What breaks a stream costs its sender nothing either.
  static int invalid_frame(nghttp2_session* /*session*/, const nghttp2_frame* /*frame*/, int /*error*/, void* user) {
    Connection& self = of(user);
    if (!self.guard_.take(FloodGuard::Kind::kReset, self.now_)) self.flood();
    return 0;
  }

  static int content(nghttp2_session* session, std::uint8_t /*flags*/, std::int32_t id, const std::uint8_t* data,
                     std::size_t size, void* user) {
    Connection& self = of(user);
    Stream* const on = stream(session, id);
    if (on == nullptr || self.terminated_) {
      nghttp2_session_consume(session, id, size);
      return 0;
    }
    on->unconsumed_ += size;
    self.events_.on_content(*on, text(data, size));
    return 0;
  }

  static int stream_closed(nghttp2_session* session, std::int32_t id, std::uint32_t code, void* user) {
    if (Stream* const on = stream(session, id)) of(user).close_stream(*on, code);
    return 0;
  }

  static int frame_sent(nghttp2_session* /*session*/, const nghttp2_frame* frame, void* user) {
    if (frame->hd.type == NGHTTP2_DATA) of(user).guard_.give(FloodGuard::Kind::kWindowUpdate, 2);
    return 0;
  }

  // How much of a DATA frame there is to send; send_content appends it.
  static ssize_t read_content(nghttp2_session* session, std::int32_t id, std::uint8_t* /*buffer*/, std::size_t size,
                              std::uint32_t* flags, nghttp2_data_source* source, void* user) {
    Stream& on = *static_cast<Stream*>(source->ptr);
    const std::size_t queued = on.queued();
    *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
    if (queued == 0 && on.end_ == End::kNo) {
      on.deferred_ = true;
      return NGHTTP2_ERR_DEFERRED;
    }
    if (queued == 0 && on.end_ == End::kBroken) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    if (queued <= size && on.end_ == End::kYes) {
      *flags |= NGHTTP2_DATA_FLAG_EOF;
      if (!on.trailers_.empty()) {
        *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
        const auto trailers = pairs(of(user).trailers_of(on));
        nghttp2_submit_trailer(session, id, trailers.data(), trailers.size());
      }
    }
    return static_cast<ssize_t>(std::min(queued, size));
  }

  static int send_content(nghttp2_session* /*session*/, nghttp2_frame* /*frame*/, const std::uint8_t* head,
                          std::size_t size, nghttp2_data_source* source, void* user) {
    Connection& self = of(user);
    if (self.out_.size() >= self.write_limit_) return NGHTTP2_ERR_WOULDBLOCK;
    self.out_ += text(head, 9);
    self.append_content(*static_cast<Stream*>(source->ptr), size);
    return 0;
  }

  static const nghttp2_session_callbacks* table() {
    static const auto callbacks = [] {
      nghttp2_session_callbacks* made = nullptr;
      TOKOMETER_CHECK(nghttp2_session_callbacks_new(&made) == 0);
      nghttp2_session_callbacks_set_on_begin_frame_callback(made, begin_frame);
      nghttp2_session_callbacks_set_on_begin_headers_callback(made, begin_headers);
      nghttp2_session_callbacks_set_on_header_callback(made, header);
      nghttp2_session_callbacks_set_on_invalid_header_callback(made, invalid_header);
      nghttp2_session_callbacks_set_on_frame_recv_callback(made, frame_received);
      nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(made, invalid_frame);
      nghttp2_session_callbacks_set_on_data_chunk_recv_callback(made, content);
      nghttp2_session_callbacks_set_on_stream_close_callback(made, stream_closed);
      nghttp2_session_callbacks_set_on_frame_send_callback(made, frame_sent);
      nghttp2_session_callbacks_set_send_data_callback(made, send_content);
      return std::unique_ptr<nghttp2_session_callbacks, OptionDeleter>(made);
    }();
    return callbacks.get();
  }

  static nghttp2_data_provider provider(Stream& stream) {
    return {.source = {.ptr = &stream}, .read_callback = read_content};
  }
};

Connection::Connection(Role role, const Limits& limits, Events& events)
    : role_(role), limits_(limits), events_(events), guard_(limits) {
  nghttp2_option* made = nullptr;
  TOKOMETER_CHECK(nghttp2_option_new(&made) == 0);
  const std::unique_ptr<nghttp2_option, OptionDeleter> option(made);
  nghttp2_option_set_no_auto_window_update(made, 1);
  nghttp2_option_set_max_outbound_ack(made, limits.queued_frames);
  // nghttp2 counts a frame once more for each cut in its head; ours counts frames.
  nghttp2_option_set_max_continuations(made, limits.continuations * 10);
  // Ours come first, and say what it was.
  nghttp2_option_set_stream_reset_rate_limit(made, std::uint64_t{limits.resets} * 2, limits.resets_a_second * 2);
  // Until the peer says what it takes.
  nghttp2_option_set_peer_max_concurrent_streams(made, 100);
  const auto open = role == Role::kServer ? nghttp2_session_server_new2 : nghttp2_session_client_new2;
  TOKOMETER_CHECK(open(&session_, Callbacks::table(), this, made) == 0);

  std::vector<nghttp2_settings_entry> settings = {
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, limits.stream_window},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, static_cast<std::uint32_t>(limits.head_bytes)}};
  if (role == Role::kServer) {
    settings.push_back({NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, limits.max_streams});
    settings.push_back({NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL, 1});
  } else {
    settings.push_back({NGHTTP2_SETTINGS_ENABLE_PUSH, 0});
  }
  nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, settings.data(), settings.size());
  nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, 0,
                                        static_cast<std::int32_t>(limits.connection_window));
}

Connection::~Connection() { nghttp2_session_del(session_); }

// Receiving.

void Connection::receive(std::string_view bytes, SteadyTime now) {
  TOKOMETER_CHECK(!receiving_ && !writing_);
  if (dead_ || terminated_) return;
  now_ = now;
  receiving_ = true;
  const auto taken =
      nghttp2_session_mem_recv(session_, reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  receiving_ = false;
  if (taken < 0) {
    // No preface, or too many acknowledgements that wait. Nothing more can be said in order, but why we leave.
    dead_ = true;
  } else if (nghttp2_session_get_outbound_queue_size(session_) > limits_.queued_frames) {
    flood();
  }
}

void Connection::on_frame_begin(std::uint8_t type, std::size_t length, std::uint8_t flags, std::int32_t stream) {
  bool fine = true;
  switch (type) {
    case NGHTTP2_DATA:
      if (length == 0 && (flags & NGHTTP2_FLAG_END_STREAM) == 0) {
        fine = guard_.take(FloodGuard::Kind::kIdleFrame, now_);
      }
      break;
    case NGHTTP2_HEADERS: {
      continuations_ = 0;
      // RFC 9113, 5.1.1: ids that were left out stay closed.
      const auto holds = [stream](const Skipped& gap) { return gap.first <= stream && stream <= gap.last; };
      if (std::ranges::any_of(skipped_, holds)) terminate(Code::kProtocolError);
      break;
    }
    case NGHTTP2_CONTINUATION:
      fine = ++continuations_ <= limits_.continuations;
      break;
    case NGHTTP2_RST_STREAM:
      break;
    case NGHTTP2_WINDOW_UPDATE:
      fine = guard_.take(FloodGuard::Kind::kWindowUpdate, now_);
      break;
    default:
      fine = guard_.take(FloodGuard::Kind::kIdleFrame, now_);
  }
  if (!fine) flood();
}

void Connection::note_skipped(std::int32_t id) {
  if (id > last_id_ + 2) {
    if (skipped_.size() == kSkippedKept) skipped_.erase(skipped_.begin());
    skipped_.push_back({last_id_ + 2, id - 2});
  }
  last_id_ = id;
}

void Connection::flood() { terminate(Code::kEnhanceYourCalm); }

bool Connection::add_field(std::string_view name, std::string_view value) {
  head_bytes_ += name.size() + value.size() + 32;
  if (head_bytes_ > limits_.head_bytes || head_spans_.size() >= limits_.fields) {
    head_too_large_ = true;
    return head_bytes_ <= limits_.head_bytes * kBombFactor;
  }
  const auto at = static_cast<std::uint32_t>(head_.size());
  head_.append(name).append(value);
  head_spans_.push_back({at, static_cast<std::uint32_t>(name.size()), at + static_cast<std::uint32_t>(name.size()),
                         static_cast<std::uint32_t>(value.size())});
  return true;
}

Fields Connection::collected() {
  const std::string_view all = head_;
  fields_.clear();
  for (const Span& span : head_spans_) {
    fields_.push_back({all.substr(span.name, span.name_size), all.substr(span.value, span.value_size)});
  }
  return fields_;
}

void Connection::consume(Stream& stream, std::size_t bytes) {
  TOKOMETER_CHECK(bytes <= stream.unconsumed_);
  stream.unconsumed_ -= bytes;
  if (bytes > 0) nghttp2_session_consume(session_, stream.id_, bytes);
}

// Sending.

void Connection::write(std::size_t limit) {
  // From within a callback nothing can be written; what is queued goes with the next call.
  if (receiving_ || writing_ || dead_) return;
  writing_ = true;
  write_limit_ = limit;
  while (out_.size() < limit) {
    const std::uint8_t* bytes = nullptr;
    const auto size = nghttp2_session_mem_send(session_, &bytes);
    if (size < 0) dead_ = true;
    if (size <= 0) break;
    out_ += text(bytes, static_cast<std::size_t>(size));
  }
  writing_ = false;
}

bool Connection::wants_write() const { return !dead_ && (!out_.empty() || nghttp2_session_want_write(session_) != 0); }

bool Connection::finished() const {
  return dead_ || (nghttp2_session_want_read(session_) == 0 && nghttp2_session_want_write(session_) == 0);
}

Stream* Connection::open(Fields head, bool end, void* user) {
  if (dead_ || terminated_ || nghttp2_session_check_request_allowed(session_) == 0) return nullptr;
  const auto fields = pairs(head);
  Stream& made = add_stream(0);
  made.user = user;
  const nghttp2_data_provider provider = Callbacks::provider(made);
  const std::int32_t id =
      nghttp2_submit_request(session_, nullptr, fields.data(), fields.size(), end ? nullptr : &provider, &made);
  if (id < 0) {
    streams_.pop_back();
    return nullptr;
  }
  made.id_ = id;
  made.provided_ = !end;
  return &made;
}

std::uint32_t Connection::peer_max_streams() const {
  return nghttp2_session_get_remote_settings(session_, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS);
}

void Connection::send_informational(Stream& stream, Fields head) {
  const auto fields = pairs(head);
  nghttp2_submit_headers(session_, NGHTTP2_FLAG_NONE, stream.id_, nullptr, fields.data(), fields.size(), nullptr);
}

void Connection::send_head(Stream& stream, Fields head, bool end) {
  const auto fields = pairs(head);
  const nghttp2_data_provider provider = Callbacks::provider(stream);
  stream.provided_ = !end;
  nghttp2_submit_response(session_, stream.id_, fields.data(), fields.size(), end ? nullptr : &provider);
}

bool Connection::send_content(Stream& stream, std::span<const std::string_view> content, End end, Fields trailers,
                              std::size_t limit) {
  if (!stream.provided_ || stream.end_ != End::kNo) return true;
  stream.end_ = end;
  for (const Field& trailer : trailers) {
    stream.trailers_.append(trailer.name).push_back('\0');
    stream.trailers_.append(trailer.value).push_back('\0');
  }
  stream.now_ = content;
  stream.now_offset_ = 0;
  for (const std::string_view piece : content) stream.now_bytes_ += piece.size();
  if (stream.now_bytes_ == 0 && end == End::kNo) return !stream.full_;
  resume(stream);
  const std::int32_t id = stream.id_;
  const std::size_t index = stream.index_;
  write(limit);
  // Its end may have gone out, and the stream with it.
  if (index >= streams_.size() || streams_[index].get() != &stream || stream.id_ != id) return true;
  keep_rest(stream);
  if (stream.queued() > kHighWaterBytes) stream.full_ = true;
  return !stream.full_;
}

// What could not go at once is copied: its bytes are the caller's.
void Connection::keep_rest(Stream& stream) {
  if (stream.now_bytes_ > 0) {
    for (const std::string_view piece : stream.now_) {
      stream.queue_.append(piece.substr(stream.now_offset_));
      stream.now_offset_ = 0;
    }
  }
  stream.now_ = {};
  stream.now_offset_ = stream.now_bytes_ = 0;
}

void Connection::resume(Stream& stream) {
  if (!std::exchange(stream.deferred_, false)) return;
  nghttp2_session_resume_data(session_, stream.id_);
}

// Appends the next `size` bytes of a stream's content to out().
void Connection::append_content(Stream& stream, std::size_t size) {
  const std::size_t from_queue = std::min(size, stream.queue_.size() - stream.queue_sent_);
  if (from_queue > 0) {
    out_.append(stream.queue_, stream.queue_sent_, from_queue);
    stream.queue_sent_ += from_queue;
    size -= from_queue;
    if (stream.queue_sent_ == stream.queue_.size()) {
      stream.queue_.clear();
      stream.queue_sent_ = 0;
    } else if (stream.queue_sent_ > stream.queue_.size() / 2) {
      stream.queue_.erase(0, stream.queue_sent_);
      stream.queue_sent_ = 0;
    }
  }
  stream.now_bytes_ -= size;
  while (size > 0) {
    const std::string_view piece = stream.now_.front().substr(stream.now_offset_, size);
    out_ += piece;
    size -= piece.size();
    stream.now_offset_ += piece.size();
    if (stream.now_offset_ == stream.now_.front().size()) {
      stream.now_ = stream.now_.subspan(1);
      stream.now_offset_ = 0;
    }
  }
  if (stream.full_ && stream.queued() < kLowWaterBytes) {
    stream.full_ = false;
    events_.on_room(stream);
  }
}

const std::vector<Field>& Connection::trailers_of(const Stream& stream) {
  fields_.clear();
  std::string_view rest = stream.trailers_;
  const auto next = [&rest] {
    const std::size_t end = rest.find('\0');
    const std::string_view found = rest.substr(0, end);
    rest.remove_prefix(end + 1);
    return found;
  };
  while (!rest.empty()) {
    const std::string_view name = next();
    fields_.push_back({name, next()});
  }
  return fields_;
}

void Connection::reset(Stream& stream, Code code) {
  stream.end_ = End::kBroken;
  nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, stream.id_, static_cast<std::uint32_t>(code));
}

void Connection::announce_goaway() { nghttp2_submit_shutdown_notice(session_); }

void Connection::ping() { nghttp2_submit_ping(session_, NGHTTP2_FLAG_NONE, nullptr); }

void Connection::goaway(Code code) {
  nghttp2_submit_goaway(session_, NGHTTP2_FLAG_NONE, nghttp2_session_get_last_proc_stream_id(session_),
                        static_cast<std::uint32_t>(code), nullptr, 0);
}

void Connection::terminate(Code code) {
  if (std::exchange(terminated_, true)) return;
  nghttp2_session_terminate_session(session_, static_cast<std::uint32_t>(code));
}

// Streams.

Stream& Connection::add_stream(std::int32_t id) {
  if (spare_.empty()) {
    streams_.push_back(std::make_unique<Stream>());
  } else {
    streams_.push_back(std::move(spare_.back()));
    spare_.pop_back();
  }
  Stream& added = *streams_.back();
  added.id_ = id;
  added.index_ = streams_.size() - 1;
  return added;
}

void Connection::close_stream(Stream& stream, std::uint32_t code) {
  const std::size_t unconsumed = std::exchange(stream.unconsumed_, 0);
  if (unconsumed > 0) nghttp2_session_consume_connection(session_, unconsumed);
  events_.on_stream_closed(stream, code);
  const std::size_t index = stream.index_;
  std::swap(streams_[index], streams_.back());
  streams_[index]->index_ = index;
  std::unique_ptr<Stream> closed = std::move(streams_.back());
  streams_.pop_back();
  if (spare_.size() >= kSpareStreams) return;
  std::string queue = std::move(closed->queue_);
  std::string trailers = std::move(closed->trailers_);
  *closed = Stream();
  queue.clear();
  trailers.clear();
  if (queue.capacity() <= kSpareQueueBytes) closed->queue_ = std::move(queue);
  closed->trailers_ = std::move(trailers);
  spare_.push_back(std::move(closed));
}

}  // namespace tokometer::wire::http2
