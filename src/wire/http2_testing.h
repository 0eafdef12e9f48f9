// For tests: frames of HTTP/2 by hand, also such as nobody should send, and a
// look at those that came back.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "wire/fields.h"
#include "wire/http2_connection.h"

namespace tokometer::wire::http2 {

enum FrameType : std::uint8_t {
  kData,
  kHeaders,
  kPriority,
  kRstStream,
  kSettings,
  kPushPromise,
  kPing,
  kGoaway,
  kWindowUpdate,
  kContinuation
};
inline constexpr std::uint8_t kEndStream = 1;
inline constexpr std::uint8_t kAck = 1;
inline constexpr std::uint8_t kEndHeaders = 4;
inline constexpr std::uint8_t kPadded = 8;
inline constexpr std::uint8_t kHasPriority = 32;

inline std::string big_endian(std::uint64_t number, int bytes) {
  std::string text;
  while (bytes-- > 0) text += static_cast<char>(number >> (8 * bytes) & 0xFFU);
  return text;
}

inline std::string frame(std::uint8_t type, std::uint8_t flags, std::uint32_t stream, std::string_view payload = {}) {
  std::string made = big_endian(payload.size(), 3);
  made += static_cast<char>(type);
  made += static_cast<char>(flags);
  return made.append(big_endian(stream, 4)).append(payload);
}

// RFC 7541, 6.2.2, without Huffman; lengths below 127 plus 2^14.
inline std::string literal(std::string_view name, std::string_view value) {
  const auto length = [](std::size_t size) {
    std::string text;
    if (size < 127) return text += static_cast<char>(size);
    text += '\x7F';
    for (size -= 127; size >= 128; size >>= 7U) text += static_cast<char>(0x80U | (size & 0x7FU));
    return text += static_cast<char>(size);
  };
  std::string made(1, '\0');
  return made.append(length(name.size())).append(name).append(length(value.size())).append(value);
}

inline std::string block(const std::vector<Field>& fields) {
  std::string made;
  for (const auto& [name, value] : fields) made += literal(name, value);
  return made;
}

inline std::string request_block(std::vector<Field> more = {}, std::string_view method = "GET",
                                 std::string_view path = "/") {
  std::vector<Field> fields = {{":method", method}, {":scheme", "http"}, {":path", path}, {":authority", "localhost"}};
  fields.insert(fields.end(), more.begin(), more.end());
  return block(fields);
}

// What a client begins with.
inline std::string hello() { return std::string(kPreface) + frame(kSettings, 0, 0); }

struct Frame {
  std::uint8_t type = 0;
  std::uint8_t flags = 0;
  std::uint32_t stream = 0;
  std::string payload;

  std::uint32_t number(std::size_t at = 0) const {
    std::uint32_t value = 0;
    for (std::size_t i = at; i < at + 4 && i < payload.size(); ++i) {
      value = value << 8U | static_cast<unsigned char>(payload[i]);
    }
    return value;
  }
};

inline std::vector<Frame> frames(std::string_view bytes) {
  std::vector<Frame> found;
  while (bytes.size() >= 9) {
    const auto byte = [&](std::size_t at) { return static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[at])); };
    const std::size_t size = byte(0) << 16U | byte(1) << 8U | byte(2);
    if (bytes.size() < 9 + size) break;
    found.push_back({.type = static_cast<std::uint8_t>(byte(3)),
                     .flags = static_cast<std::uint8_t>(byte(4)),
                     .stream = byte(5) << 24U | byte(6) << 16U | byte(7) << 8U | byte(8),
                     .payload = std::string(bytes.substr(9, size))});
    bytes.remove_prefix(9 + size);
  }
  return found;
}

inline std::optional<Frame> find_frame(std::string_view bytes, std::uint8_t type) {
  for (Frame& each : frames(bytes)) {
    if (each.type == type && !(type == kSettings && (each.flags & kAck) != 0)) return std::move(each);
  }
  return std::nullopt;
}

}  // namespace tokometer::wire::http2
