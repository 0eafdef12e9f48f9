// Splits text into the pieces within which tokens are merged.
//
// The regular expressions of tiktoken 0.14 (openai_public.py), Llama 3 and
// Mistral's Tekken, as scanners: each piece is found in time linear in its
// length and the run of characters that follows it. How such a pattern's
// alternatives and its going back come out is told where each is implemented.
//
//   for (std::size_t at = 0; at < text.size();) {
//     const std::size_t end = piece_end(Pattern::kO200k, text, at);
//     use(text.substr(at, end - at));
//     at = end;
//   }
//
// Pieces cover the text without gaps. Text that is not UTF-8 is split too (each
// such byte is a character that is neither letter, number nor space).
//
// Not here: tokens (vocabulary.h, merge.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace tokometer::tokenizer {

enum class Pattern : std::uint8_t {
  kR50k,    // r50k_base, p50k_base
  kCl100k,  // cl100k_base
  kLlama3,  // cl100k_base but for white space at the end of the text
  kO200k,   // o200k_base, o200k_harmony
  kTekken,  // o200k_base without English contractions, each digit alone
};

// Where the piece that starts at `at` (within the text) ends; always after `at`.
std::size_t piece_end(Pattern pattern, std::string_view text, std::size_t at);

// The last place in `text`, after `from`, where every pattern ends a piece
// whatever follows the text and whatever came before it; 0 if there is none.
std::size_t last_sure_cut(std::string_view text, std::size_t from);

}  // namespace tokometer::tokenizer
