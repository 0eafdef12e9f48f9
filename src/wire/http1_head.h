// What HTTP/1.1 message heads say (RFC 9112, sections 2 to 6), as views.
//
// A head is one contiguous run of bytes, `raw`, with its start line and fields
// as views into it. Whoever passes a message on copies runs of `raw`, so that
// what is not changed stays as it was, byte for byte.
//
// Not here: making heads from bytes (http1_decoder.h), writing them
// (http1_encoder.h), what belongs to one connection only (proxy/).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "wire/fields.h"

namespace tokometer::wire::http1 {

// What one message may cost us. Beyond a limit it is refused, never cut.
struct Limits {
  std::size_t start_line_bytes = std::size_t{16} * 1024;      // else 414, or 502 for a status line
  std::size_t head_bytes = std::size_t{64} * 1024;            // start line and fields; else 431
  std::size_t fields = 500;                                   // else 431
  std::size_t chunk_extension_bytes = std::size_t{4} * 1024;  // a chunk
  std::size_t all_extension_bytes = std::size_t{64} * 1024;   // a message: extensions must not outweigh content
  std::size_t trailer_bytes = std::size_t{16} * 1024;         // the trailer section
};

// Why a message is not taken: nothing after it on the connection can be trusted.
struct Refusal {
  int status = 400;         // what to answer when it was a request
  const char* code = "";    // short and stable: "content_length_conflict"
  const char* reason = "";  // for a person: "content-length: several values"
};

// Fields that say something about the message's framing or its connection.
enum class KnownField : std::uint8_t {
  kOther,
  kHost,
  kContentLength,
  kTransferEncoding,
  kConnection,
  kKeepAlive,
  kProxy,  // Proxy-Connection, Proxy-Authenticate, Proxy-Authorization, …
  kTe,
  kUpgrade,
  kHttp2Settings,
  kExpect,
};

// How a message's content is delimited (RFC 9112, 6.3).
struct Framing {
  enum class Kind : std::uint8_t { kNone, kLength, kChunked, kUntilClose };
  Kind kind = Kind::kNone;
  std::uint64_t length = 0;  // kLength: at least 1

  bool has_content() const { return kind != Kind::kNone; }
};

// What both kinds of heads have.
struct Head {
  std::string_view raw;         // start line to the empty line, with both
  std::string_view start_line;  // without its CRLF
  Fields fields;
  std::span<const KnownField> known;  // of each field
  Framing framing;
  int minor_version = 1;            // HTTP/1.x
  bool keep_alive = true;           // the sender will keep its connection (RFC 9112, 9.3)
  bool connection_options = false;  // some Connection field is there
};

struct RequestHead : Head {
  std::string_view method;
  std::string_view target;     // origin-form or "*": an absolute-form is taken apart; of CONNECT "host:port"
  std::string_view scheme;     // of the absolute-form, "http" or "https"; else empty
  std::string_view authority;  // of the absolute-form or CONNECT, else of Host; may be empty in HTTP/1.0
  bool expect_continue = false;
  bool upgrade = false;  // Connection: upgrade with an Upgrade field
};

struct ResponseHead : Head {
  int status = 0;
  std::string_view reason;

  bool informational() const { return status < 200; }
};

}  // namespace tokometer::wire::http1
