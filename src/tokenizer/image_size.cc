#include "tokenizer/image_size.h"

#include <cstddef>

namespace tokometer::tokenizer {
namespace {

std::int64_t byte_at(std::string_view file, std::size_t at) {
  return at < file.size() ? static_cast<std::int64_t>(static_cast<unsigned char>(file[at])) : 0;
}
std::int64_t big(std::string_view file, std::size_t at, std::size_t bytes) {
  std::int64_t value = 0;
  for (std::size_t i = 0; i < bytes; ++i) value = value * 256 + byte_at(file, at + i);
  return value;
}
std::int64_t little(std::string_view file, std::size_t at, std::size_t bytes) {
  std::int64_t value = 0;
  for (std::size_t i = bytes; i > 0; --i) value = value * 256 + byte_at(file, at + i - 1);
  return value;
}

// JPEG (ISO 10918-1): segments of a marker and a length, up to the frame header.
ImageSize jpeg_size(std::string_view file) {
  std::size_t at = 2;
  while (at + 9 <= file.size() && byte_at(file, at) == 0xFF) {
    const std::int64_t marker = byte_at(file, at + 1);
    if (marker == 0xFF) {  // a fill byte
      ++at;
      continue;
    }
    const bool frame = marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC;
    if (frame) return {big(file, at + 7, 2), big(file, at + 5, 2)};
    at += 2 + static_cast<std::size_t>(big(file, at + 2, 2));
  }
  return {0, 0};
}

// WebP (RFC 9649): lossy, lossless or extended, told by the first chunk.
ImageSize webp_size(std::string_view file) {
  const std::string_view chunk = file.substr(12, 4);
  if (chunk == "VP8X") return {little(file, 24, 3) + 1, little(file, 27, 3) + 1};
  if (chunk == "VP8 ") return {little(file, 26, 2) & 0x3FFF, little(file, 28, 2) & 0x3FFF};
  if (chunk == "VP8L") {
    const std::int64_t bits = little(file, 21, 4);
    return {(bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1};
  }
  return {0, 0};
}

ImageSize stated_size(std::string_view file) {
  constexpr std::size_t kShortest = 30;  // up to the size in WebP's longest form
  if (file.starts_with("\x89PNG\r\n\x1A\n") && file.size() >= 24) return {big(file, 16, 4), big(file, 20, 4)};
  if (file.starts_with("GIF8") && file.size() >= 10) return {little(file, 6, 2), little(file, 8, 2)};
  if (file.starts_with("\xFF\xD8")) return jpeg_size(file);
  if (file.starts_with("RIFF") && file.size() >= kShortest && file.substr(8, 4) == "WEBP") return webp_size(file);
  return {0, 0};
}

}  // namespace

std::optional<ImageSize> image_size(std::string_view file) {
  const ImageSize size = stated_size(file);
  if (size.width <= 0 || size.height <= 0) return std::nullopt;
  return size;
}

}  // namespace tokometer::tokenizer
