// One HTTP/2 connection (RFC 9113), of either side, as a state machine: bytes in,
// events out, frames to send appended to a string.
//
//   Connection connection(Role::kServer, limits, events);
//   connection.receive(bytes, now);              // calls events.on_head, on_content, …
//   connection.send_head(stream, fields, false);
//   connection.send_content(stream, views, End::kYes, {});
//   connection.write(64 * 1024);                 // as far as windows and this limit allow
//   send(connection.out());                      // and clear it
//
// Framing, HPACK, windows and the states of streams are nghttp2's, which is
// included by http2_connection.cc only. Ours are the queues of content, the
// limits on what a peer may make us do (http2_limits.h), and that a stream ends
// as its message did: one that broke off ends by RST_STREAM, never as if whole.
//
// Content that comes counts against its stream's window until it is consumed,
// so that who does not consume one stream stops that one only. Content that is
// to go waits here while the peer's windows are closed; `queued` says how much.
//
// Callbacks come from receive and write; within one, everything but these two
// may be called. A Stream lives until its on_stream_closed has returned.
//
// Not here: what heads mean (http2_head.h), sockets, time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "wire/fields.h"
#include "wire/http2_flood.h"
#include "wire/http2_limits.h"

struct nghttp2_session;

namespace tokometer::wire::http2 {

enum class Role : std::uint8_t { kServer, kClient };

// RFC 9113, 7: those that we name.
enum class Code : std::uint32_t {
  kNoError = 0,
  kProtocolError = 1,
  kInternalError = 2,
  kRefusedStream = 7,
  kCancel = 8,
  kEnhanceYourCalm = 11,
};

// What every client's connection begins with (RFC 9113, 3.4).
inline constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

// How content goes on after a piece.
enum class End : std::uint8_t {
  kNo,
  kYes,
  kBroken,  // it breaks off here: RST_STREAM once everything before it has gone
};

class Connection;

// One stream as its user sees it.
class Stream {
 public:
  std::int32_t id() const { return id_; }
  // Content that waits to be sent.
  std::size_t queued() const { return queue_.size() - queue_sent_ + now_bytes_; }
  // The peer has ended its side.
  bool received_end() const { return received_end_; }
  void* user = nullptr;

 private:
  friend class Connection;

  std::int32_t id_ = 0;
  std::size_t index_ = 0;  // among the connection's streams
  std::string queue_;      // content that waits, from queue_sent_ on
  std::size_t queue_sent_ = 0;
  std::span<const std::string_view> now_;  // content that goes on before send_content returns, or is queued
  std::size_t now_offset_ = 0;             // sent of now_'s first
  std::size_t now_bytes_ = 0;
  std::size_t unconsumed_ = 0;
  std::string trailers_;  // serialized: name, value, each ended by a NUL
  End end_ = End::kNo;
  bool provided_ = false;  // nghttp2 asks us for content
  bool deferred_ = false;  // it waits until there is some
  bool full_ = false;      // its user was told that too much waits
  bool received_end_ = false;
};

class Events {
 public:
  // Views are valid during the call.
  struct Head {
    Fields fields;  // pseudo-fields first
    bool end = false;
    bool too_large = false;  // fields are not all there
  };
  // A request on a new stream (user is null), or a response, 1xx included.
  virtual void on_head(Stream& stream, const Head& head) = 0;
  // A view of what receive was given: valid until that returns.
  virtual void on_content(Stream& stream, std::string_view content) = 0;
  // Everything has come. Not called where on_head said so.
  virtual void on_end(Stream& stream, Fields trailers) = 0;
  // Over both ways, or reset by one side. Comes for every stream, also for one whose head was too bad to be told of.
  virtual void on_stream_closed(Stream& stream, std::uint32_t code) = 0;
  // Less than the low-water mark waits again, after more than the high-water mark did.
  virtual void on_room(Stream& stream) = 0;
  // Our ping() was answered.
  virtual void on_pong() = 0;
  // The peer takes no stream after `last`.
  virtual void on_goaway(std::int32_t last) = 0;

 protected:
  ~Events() = default;
};

class Connection {
 public:
  // Content that waits of one stream; more is taken, but its user is told to stop.
  static constexpr std::size_t kHighWaterBytes = std::size_t{64} * 1024;
  static constexpr std::size_t kLowWaterBytes = std::size_t{16} * 1024;

  Connection(Role role, const Limits& limits, Events& events);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void receive(std::string_view bytes, SteadyTime now);
  // Appends frames to out() until there are none that may go, or out() has `limit` bytes.
  void write(std::size_t limit);
  std::string& out() { return out_; }
  bool wants_write() const;
  // The peer's fault ended it: write what there is once more, and close it.
  bool broken() const { return dead_ || terminated_; }
  // Nothing more will be read or written: close it once out() has gone.
  bool finished() const;

  // Client: opens a stream. Null when the peer takes no more.
  Stream* open(Fields head, bool end, void* user);
  // How many streams may be open at once by the peer's word.
  std::uint32_t peer_max_streams() const;

  // Server: a response's head, or one of 1xx (never with `end`).
  void send_informational(Stream& stream, Fields head);
  void send_head(Stream& stream, Fields head, bool end);
  // Content in order. What can't go at once, within the windows and until out() has `limit` bytes, is copied. Returns
  // whether more should come; if not, on_room follows.
  bool send_content(Stream& stream, std::span<const std::string_view> content, End end, Fields trailers,
                    std::size_t limit);
  void reset(Stream& stream, Code code);
  // `bytes` of content that came are done with.
  void consume(Stream& stream, std::size_t bytes);

  // Asks the peer to open no more streams; those on their way are still taken (RFC 9113, 6.8).
  void announce_goaway();
  void ping();
  // The last stream is the last one seen.
  void goaway(Code code);
  // Ends the connection for a fault of the peer's: GOAWAY, and nothing more is read.
  void terminate(Code code);

  // Streams that are open.
  std::size_t streams() const { return streams_.size(); }

 private:
  struct Callbacks;

  Stream& add_stream(std::int32_t id);
  void close_stream(Stream& stream, std::uint32_t code);
  bool add_field(std::string_view name, std::string_view value);
  Fields collected();
  void on_frame_begin(std::uint8_t type, std::size_t length, std::uint8_t flags, std::int32_t stream);
  void note_skipped(std::int32_t id);
  void flood();
  void append_content(Stream& stream, std::size_t size);
  void keep_rest(Stream& stream);
  void resume(Stream& stream);
  const std::vector<Field>& trailers_of(const Stream& stream);

  const Role role_;
  const Limits limits_;
  Events& events_;
  nghttp2_session* session_ = nullptr;
  std::vector<std::unique_ptr<Stream>> streams_;
  std::vector<std::unique_ptr<Stream>> spare_;
  std::string out_;
  std::size_t write_limit_ = 0;

  // The head or trailers that are being received: they never mix with another stream's.
  struct Span {
    std::uint32_t name, name_size, value, value_size;
  };
  std::string head_;
  std::vector<Span> head_spans_;
  std::size_t head_bytes_ = 0;
  bool head_too_large_ = false;
  std::vector<Field> fields_;

  struct Skipped {
    std::int32_t first, last;
  };
  std::vector<Skipped> skipped_;  // ids that the client left out
  std::int32_t last_id_ = -1;
  std::size_t continuations_ = 0;  // of the head that is being received
  FloodGuard guard_;
  SteadyTime now_{};
  bool receiving_ = false;
  bool writing_ = false;
  bool dead_ = false;        // nghttp2 can't go on
  bool terminated_ = false;  // what still comes is dropped
};

}  // namespace tokometer::wire::http2
