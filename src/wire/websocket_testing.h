// Frames for tests of what reads WebSockets: encoded by RFC 6455, 5.2, compressed by RFC 7692.
#pragma once

#include <zlib.h>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace tokometer::wire::websocket {

struct FrameOptions {
  bool fin = true;
  bool compressed = false;
  bool masked = false;
};

inline std::string frame(std::uint8_t opcode, std::string_view payload, FrameOptions options = {}) {
  std::string out;
  out += static_cast<char>((options.fin ? 0x80U : 0U) | (options.compressed ? 0x40U : 0U) | opcode);
  const std::uint8_t mask_bit = options.masked ? 0x80 : 0;
  const std::size_t size = payload.size();
  const int length_bytes = size < 126 ? 0 : size < 0x10000 ? 2 : 8;
  out += static_cast<char>(mask_bit | (length_bytes == 0 ? size : length_bytes == 2 ? 126U : 127U));
  for (int i = length_bytes; i > 0; --i) out += static_cast<char>(size >> (8 * (i - 1)) & 0xffU);
  if (!options.masked) return out.append(payload);
  constexpr std::array<char, 4> kMask = {'\x37', '\xfa', '\x21', '\x3d'};
  out.append(kMask.data(), kMask.size());
  for (std::size_t i = 0; i < size; ++i) out += static_cast<char>(payload[i] ^ kMask[i % 4]);
  return out;
}

// Compresses messages of one direction, one after the other, with context takeover.
class Deflater {
 public:
  Deflater() { deflateInit2(&stream_, 6, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY); }
  ~Deflater() { deflateEnd(&stream_); }
  Deflater(const Deflater&) = delete;
  Deflater& operator=(const Deflater&) = delete;

  std::string message(std::string_view text) {
    std::string out(deflateBound(&stream_, text.size()) + 64, '\0');
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
    stream_.avail_in = static_cast<uInt>(text.size());
    stream_.next_out = reinterpret_cast<Bytef*>(out.data());
    stream_.avail_out = static_cast<uInt>(out.size());
    deflate(&stream_, Z_SYNC_FLUSH);
    out.resize(out.size() - stream_.avail_out - 4);  // RFC 7692, 7.2.1
    return out;
  }

 private:
  z_stream stream_{};
};

}  // namespace tokometer::wire::websocket
