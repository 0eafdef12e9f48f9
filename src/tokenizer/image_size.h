// The size of an image in pixels, from the first bytes of its file: PNG, GIF, JPEG and WebP.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace tokometer::tokenizer {

struct ImageSize {
  std::int64_t width;
  std::int64_t height;

  friend bool operator==(const ImageSize&, const ImageSize&) = default;
};

// Nothing for other formats, a file that is cut short before its size, and a size of 0.
std::optional<ImageSize> image_size(std::string_view file);

}  // namespace tokometer::tokenizer
