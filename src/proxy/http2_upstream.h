// A connection to an origin in HTTP/2: streams of exchanges on it, and what it
// says while it is idle in the pool.
//
// Several exchanges of one client's connection share it; it is given to the pool
// when none is left, with its state.
//
// Not here: which exchange gets which connection (upstreams.h), what a stream
// means to its exchange (http_origin.h), frames (wire/http2_connection.h).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/driver.h"
#include "proxy/settings.h"
#include "wire/http2_connection.h"

namespace tokometer::proxy {

class HttpOrigin;

class Http2Upstream final : public IdleConnection, private wire::http2::Events {
 public:
  explicit Http2Upstream(const Limits& limits);

  // The driver's connection that carries it from now on. Idle, it has none.
  void attach(Driver& driver, ConnId conn);
  void detach() { driver_ = nullptr; }

  // Whether `more` streams may be opened now.
  bool has_room(std::size_t more) const;
  bool is_unused() const { return users_.empty(); }
  // It can be used again, and no stream is open.
  bool is_reusable() const { return usable_ && !is_over() && is_unused() && connection_.streams() == 0; }
  bool is_over() const { return connection_.finished() || connection_.broken(); }

  // Opens a stream; null when there is no room.
  wire::http2::Stream* open(HttpOrigin& user, wire::Fields head, bool end);
  bool send(wire::http2::Stream& stream, std::span<const std::string_view> content, bool end, wire::Fields trailers);
  void consume(wire::http2::Stream& stream, std::size_t bytes) { connection_.consume(stream, bytes); }
  // `user` wants no more of its stream (null: it has been closed), which is reset unless it is `finished`.
  void leave(HttpOrigin& user, wire::http2::Stream* stream, bool finished);

  // What the connection tells.
  void receive(std::string_view bytes, SteadyTime now);
  void drained();
  // The connection is gone: every user is told.
  void lost(NetError why);
  // Sends what is to be sent.
  void write();

  bool on_idle_bytes(std::string_view bytes, SteadyTime now, std::string& out) override;

 private:
  static constexpr std::size_t kWriteBytes = std::size_t{64} * 1024;

  void on_head(wire::http2::Stream& stream, const Head& head) override;
  void on_content(wire::http2::Stream& stream, std::string_view content) override;
  void on_end(wire::http2::Stream& stream, wire::Fields trailers) override;
  void on_stream_closed(wire::http2::Stream& stream, std::uint32_t code) override;
  void on_room(wire::http2::Stream& stream) override;
  void on_pong() override {}
  void on_goaway(std::int32_t last) override;

  void tell_users();
  void note(HttpOrigin& user);

  wire::http2::Connection connection_;
  std::size_t max_streams_;
  Driver* driver_ = nullptr;
  ConnId conn_ = kClient;
  std::vector<HttpOrigin*> users_;    // whose streams are open, or have just closed
  std::vector<HttpOrigin*> to_tell_;  // who have something to deliver
  std::vector<HttpOrigin*> with_room_;
  bool usable_ = true;  // the origin takes new streams
  bool full_ = false;   // the connection takes nothing at present
};

}  // namespace tokometer::proxy
