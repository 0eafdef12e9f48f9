// The encodings that Tokometer knows: each a splitter and a table of tokens.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace tokometer::tokenizer {

enum class Encoding : std::uint8_t {
  kO200kBase,     // GPT-4o, GPT-4.1, GPT-5, o1 and later
  kO200kHarmony,  // gpt-oss: o200k_base with other special tokens
  kCl100kBase,    // GPT-4, GPT-3.5 Turbo, embeddings
  kP50kBase,      // text-davinci-003, Codex
  kR50kBase,      // GPT-3; the same tokens as gpt2
  kTekken,        // Mistral Nemo and later
  kLlama3,        // Llama 3 to 3.3; its table is not in the binary (docs/tokenizers.md)
};

inline constexpr std::array kEncodings{Encoding::kO200kBase, Encoding::kO200kHarmony, Encoding::kCl100kBase,
                                       Encoding::kP50kBase,  Encoding::kR50kBase,     Encoding::kTekken,
                                       Encoding::kLlama3};

// "o200k_base", as tiktoken names them.
std::string_view to_string(Encoding encoding);
// By that name; "gpt2" is r50k_base.
std::optional<Encoding> encoding_named(std::string_view name);

}  // namespace tokometer::tokenizer
