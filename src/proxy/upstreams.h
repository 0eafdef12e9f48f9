// The connections to origins of one client's connection: whose they are, and what
// is spoken on them.
//
// In HTTP/1.1 each exchange has one of its own; in HTTP/2 those to the same origin
// share one. Which it is to be is known once a connection stands, so that
// exchanges that ask at the same time wait for the first's.
//
//   origin's stream ──connect──► Upstreams ──► Driver
//   Driver ──► session ──on_…──► Upstreams ──► the streams concerned
//
// Not here: the streams (http_origin.h), sockets and the pool (net/).
#pragma once

#include <memory>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "proxy/driver.h"
#include "proxy/http2_upstream.h"
#include "proxy/settings.h"
#include "wire/http1_decoder.h"

namespace tokometer::proxy {

class HttpOrigin;

class Upstreams {
 public:
  // Origins that are known to choose HTTP/1.1: past it the oldest is forgotten.
  static constexpr std::size_t kKnownOrigins = 8;

  Upstreams(Driver& driver, const Settings& settings);

  // What origins' streams ask for. The answer to `connect` comes later, as on_connected, on_http2 or on_closed.
  ConnId connect(HttpOrigin& stream, const Origin& to, Reuse reuse, Offer offer);
  // Of a connection in HTTP/1.1, or one that is not there yet.
  void release(ConnId conn);
  void close(ConnId conn, HttpOrigin& stream, Close how);
  Driver& driver() { return driver_; }
  // Reads requests that were held in HTTP/1.1's form.
  wire::http1::RequestDecoder& request_decoder() { return request_decoder_; }

  // What the session hears of connections that are not the client's.
  void on_connected(ConnId conn, Connected how);
  void on_bytes(ConnId conn, std::string_view bytes);
  void on_eof(ConnId conn);
  void on_closed(ConnId conn, NetError why);
  void on_drained(ConnId conn);
  // Ends every call into the session: sends what waits and lets go of what is done with.
  void settle();

 private:
  struct Slot {
    Origin to;                      // where it may be shared
    HttpOrigin* holder = nullptr;   // whose it is, in HTTP/1.1; or who asked for it
    std::vector<HttpOrigin*> also;  // who wait for what it turns out to be, or were just promised a stream
    std::unique_ptr<Http2Upstream> http2;
    bool connecting = true;
    bool reused = false;
  };

  bool is_http1(const Origin& to) const;
  void open_http2(ConnId conn, Slot& slot, std::unique_ptr<IdleConnection> idle);
  void give_streams(Slot& slot);
  void settle(ConnId conn);
  void erase(ConnId conn);

  Driver& driver_;
  const Limits limits_;
  const bool http2_;  // may be offered
  wire::http1::RequestDecoder request_decoder_;
  std::unordered_map<ConnId, Slot> slots_;
  std::vector<ConnId> shared_;  // in HTTP/2, or not known yet
  std::vector<Origin> http1_origins_;
};

}  // namespace tokometer::proxy
