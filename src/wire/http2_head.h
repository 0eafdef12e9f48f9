// Message heads of HTTP/2 (RFC 9113, 8) written as HTTP/1.1 has them, so that one
// decoder reads, checks and describes all heads (http1_decoder.h), and an origin
// of either version can be asked.
//
//   std::string text;
//   if (auto refusal = write_request(fields, end, key, text)) …
//   decoder.read(text);
//
// Content whose length is not told is in chunks there. What is not fit for
// HTTP/1.1 is refused, so that no value can become a second field.
//
// Not here: what an HTTP/2 peer is sent (proxy/head_rewrite.h).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "wire/fields.h"
#include "wire/http1_head.h"

namespace tokometer::wire::http2 {

// Appends the head of a request; `end`: it has no content. Crumbs of Cookie are joined (8.2.3), ":authority" becomes
// Host. An extended CONNECT for a WebSocket (RFC 8441) becomes an Upgrade with `websocket_key`.
std::optional<http1::Refusal> write_request(Fields fields, bool end, std::string_view websocket_key, std::string& out);

// Whether it is an extended CONNECT: its stream is opaque once the request is accepted.
bool is_extended_connect(Fields fields);

// Appends the head of a response; `end`: nothing follows it; `head_request`: the request was a HEAD.
std::optional<http1::Refusal> write_response(Fields fields, bool end, bool head_request, std::string& out);

// Whether a trailer may go from one version to the other: it says nothing of framing, routing or the connection
// (RFC 9110, 6.5.1).
bool is_trailer(std::string_view name);

}  // namespace tokometer::wire::http2
