// WebSocket: decodes what one side of a connection sends, after the handshake, into messages.
//
// RFC 6455, section 5, with the extension of RFC 7692 (permessage_deflate.h).
// Bytes in, messages out: no I/O. How the bytes are cut into chunks never
// changes which messages come out.
//
//   websocket::Decoder decoder(Sender::kServer, agreement ? &agreement->server : nullptr);
//   auto fed = decoder.feed(chunk, [&](const Message& message) { use(message.kind, message.data); });
//   auto ended = decoder.finish();
//
// Fragments are put together and masks taken off; control frames come out where
// they stand, also between fragments. A message that lies unmasked and
// uncompressed within one chunk is handed on without a copy. After bytes that
// break the protocol nothing can be found again: decoding has failed.
//
// Not here: the handshake (HTTP's), encoding, whether text is UTF-8 (5.6; who
// reads it sees), and what messages say.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/function_ref.h"
#include "wire/permessage_deflate.h"

namespace tokometer::wire::websocket {

struct Limits {
  // Of one message, decoded. Of a longer one nothing is kept, and it is marked.
  std::uint32_t max_message_bytes = std::uint32_t{32} << 20U;
  permessage_deflate::Limits deflate;
};

enum class Sender : std::uint8_t { kClient, kServer };

enum class Kind : std::uint8_t { kText, kBinary, kClose, kPing, kPong };

// The view is valid during the callback only.
struct Message {
  Kind kind = Kind::kText;
  std::string_view data;
  std::uint64_t wire_bytes = 0;  // of its payload as it was sent, compressed or not, in all its frames
  bool truncated = false;        // longer than the limit: nothing of it is here

  // Of a kClose: its status code (7.4), 1005 where it has none.
  std::uint16_t close_code() const;
};

// A message whose fragments are being gathered.
struct OpenMessage {
  Kind kind = Kind::kText;
  bool compressed = false;
  bool truncated = false;
  std::uint64_t wire_bytes = 0;
};

class Decoder {
 public:
  // `deflate` is null where the handshake agreed on no compression.
  Decoder(Sender sender, const permessage_deflate::Direction* deflate, const Limits& limits = {});

  // Calls `on_message` for each message that `chunk` completes. `on_message`
  // must not call the decoder. Fails with kInvalid where the bytes break the
  // protocol (the message names the clause) and with kTooLarge where compressed
  // data swells too much; every later call then fails the same way.
  Result<void> feed(std::string_view chunk, FunctionRef<void(const Message&)> on_message);

  // Fails with kInvalid where the bytes end within a frame or a message.
  Result<void> finish() const;

  // Whether the next `size` bytes may complete a message: false only within the payload of a frame that is longer.
  bool may_complete(std::size_t size) const { return !in_payload_ || left_ <= size; }

 private:
  // Of the frame that is being read (5.2).
  struct Frame {
    std::uint8_t opcode = 0;
    bool fin = false;
    bool compressed = false;  // RSV1
    std::array<char, 4> mask{};
  };
  static constexpr std::size_t kMaxHeadBytes = 14;
  static constexpr std::size_t kMaxControlBytes = 125;  // 5.5

  Result<void> take(std::string_view chunk, FunctionRef<void(const Message&)> on_message);
  Result<bool> take_head(std::string_view& chunk);
  Result<void> read_head();
  Result<void> begin_frame();
  Result<void> take_payload(std::string_view payload);
  Result<void> end_frame(FunctionRef<void(const Message&)> on_message);
  void keep(std::string_view payload);
  std::string_view unmasked(std::string_view payload);
  bool is_control() const { return (frame_.opcode & 0x8U) != 0; }

  const Sender sender_;
  const Limits limits_;
  std::optional<permessage_deflate::Inflater> inflater_;
  std::array<char, kMaxHeadBytes> head_{};
  std::size_t head_size_ = 0;
  std::size_t head_wanted_ = 2;
  Frame frame_;
  std::optional<OpenMessage> open_;
  std::uint64_t left_ = 0;    // of the frame's payload
  std::uint64_t length_ = 0;  // of the frame's payload
  bool in_payload_ = false;
  std::string held_;      // of the open message, decoded
  std::string control_;   // of a control frame
  std::string unmasked_;  // of the chunk
  std::optional<Error> failed_;
};

}  // namespace tokometer::wire::websocket
