// What an image counts by the rule of its model's provider (model_file.h).
#pragma once

#include <cstdint>
#include <optional>

#include "tokenizer/image_size.h"
#include "tokenizer/model_file.h"

namespace tokometer::tokenizer {

enum class Detail : std::uint8_t { kHigh, kLow };  // as OpenAI's requests say; only kTiles knows the low one

// Nothing where the rule goes by the size and that is not known.
std::optional<std::int64_t> image_tokens(const ImageRule& rule, std::optional<ImageSize> size, Detail detail);

}  // namespace tokometer::tokenizer
