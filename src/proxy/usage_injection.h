// The one case in which content is changed: `stream_usage: inject`.
//
// A request for a stream, to an endpoint whose spec says that usage comes only
// on request (`usage_on_request`), is held until it is whole and then asks for
// its usage; what the answer holds more for that reason is taken out on its way
// to the client, so that the client sees what it would have seen. The tap sees
// both as they are: the client's request, the origin's response.
//
// What is too large, coded, not JSON, or says itself what it wants of usage
// passes untouched.
//
// Not here: the changes to the texts (usage_request.h, usage_strip.h).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "proxy/head_rewrite.h"
#include "proxy/router.h"
#include "proxy/settings.h"
#include "proxy/streams.h"
#include "proxy/usage_strip.h"
#include "wire/http1_decoder.h"

namespace tokometer::proxy {

class UsageInjection {
 public:
  // Whether a request is to be held, as far as its head can tell.
  static bool applies(const Settings& settings, const Route& route, const RequestHead& head);

  // `head` is copied: it was read from bytes that go away before the content has come.
  UsageInjection(const RequestHead& head, std::string_view target, const Limits& limits);

  // Holds a piece of the request.
  void hold(const Piece& piece);
  // More is held than may be: it goes on as it is.
  bool is_full() const { return wire_.size() > max_bytes_; }
  bool holding() const { return holding_; }

  // What goes to the origin, when the request is `whole` or cannot be held any longer; holding() ends. Views live as
  // long as this object.
  struct Request {
    const RequestHead& head;
    std::string_view target;
    RequestChanges changes;
    std::string_view wire;
  };
  Request release(bool whole);

  // Whether the response's content is going to change: an event stream that answers a request that was changed.
  bool begin_response(const ResponseHead& head);
  bool strips() const { return strip_.has_value(); }
  // What the client gets of `piece`; views live until the next call.
  Piece strip(const Piece& piece);

 private:
  std::string raw_head_;
  std::string target_;
  wire::http1::RequestDecoder decoder_;
  std::uint64_t max_bytes_;
  std::string wire_;     // the request's content as it came, framing included
  std::string content_;  // without it, where it has any
  bool chunked_;
  bool holding_ = true;
  bool asked_ = false;
  std::optional<UsageStrip> strip_;
  bool frame_ = false;  // the client's content is in chunks
  std::string out_;
  std::string_view out_view_;
  std::string framed_;  // of a piece, either way
};

}  // namespace tokometer::proxy
