// AWS event stream: decodes an application/vnd.amazon.eventstream body into messages.
//
// The format is Smithy's (smithy.io, "Amazon Event Stream Specification"):
//
//   total length u32 | headers length u32 | CRC-32 of these | headers | payload | CRC-32 of all before
//
// with numbers in network byte order. Bytes in, messages out: no I/O. How the
// body is cut into chunks never changes which messages come out.
//
//   aws_event_stream::Decoder decoder;
//   decoder.feed(chunk, [&](const Message& message) { use(message.type(), message.payload); });
//   decoder.finish();
//
// A message that lies within one chunk is handed on without a copy. After a
// checksum that is wrong nothing can be found again: decoding has failed.
//
// Not here: what a payload says, and base64 within it (base64.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/function_ref.h"

namespace tokometer::wire::aws_event_stream {

struct Limits {
  // Of one message with all around it. A longer one is passed over and marked.
  std::uint32_t max_message_bytes = 1U << 20U;
};

enum class HeaderType : std::uint8_t {
  kTrue,
  kFalse,
  kByte,
  kShort,
  kInteger,
  kLong,
  kBytes,
  kString,
  kTimestamp,  // milliseconds since 1970
  kUuid,
};

struct Header {
  std::string_view name;
  HeaderType type = HeaderType::kString;
  std::string_view value;  // as on the wire, without the length of bytes and strings

  // Of kByte to kLong and kTimestamp, sign extended; of kTrue 1; else 0.
  std::int64_t number() const;
};

// The views are valid during the callback only.
struct Message {
  std::string_view headers;  // as on the wire; known to be well formed
  std::string_view payload;
  bool truncated = false;  // longer than the limit: nothing of it is here

  // Calls `visit` for each header, in order.
  void for_each_header(FunctionRef<void(const Header&)> visit) const;
  // The string header of that name; empty if there is none.
  std::string_view header(std::string_view name) const;
  // What it is about: its ":event-type", ":exception-type" or ":error-code".
  std::string_view type() const;
};

class Decoder {
 public:
  explicit Decoder(const Limits& limits = {}) : limits_(limits) {}

  // Calls `on_message` for each message that `chunk` completes. `on_message`
  // must not call the decoder. Fails with kCorrupt where a checksum is wrong and
  // with kInvalid where lengths or headers contradict themselves; every later call
  // then fails the same way.
  Result<void> feed(std::string_view chunk, FunctionRef<void(const Message&)> on_message);

  // Fails with kInvalid where the body ends within a message.
  Result<void> finish() const;

 private:
  Result<void> take(std::string_view chunk, FunctionRef<void(const Message&)> on_message);

  std::string held_;               // the head of a message that was cut by the end of a chunk
  std::uint64_t passed_over_ = 0;  // bytes that are still to come of a message that is too long
  std::optional<Error> failed_;
  Limits limits_;
};

}  // namespace tokometer::wire::aws_event_stream
