// Special tokens: texts that stand for one token where the caller allows it,
// as models' chat templates put them in. In what users write they are text.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "tokenizer/encoding.h"
#include "tokenizer/vocabulary.h"

namespace tokometer::tokenizer {

struct Special {
  std::size_t at;    // in the text
  std::size_t size;  // in bytes
  Token token;
};

// The first special token of `encoding` in `text` at or after `from`.
std::optional<Special> find_special(Encoding encoding, std::string_view text, std::size_t from);

}  // namespace tokometer::tokenizer
