#include "tokenizer/encoding.h"

namespace tokometer::tokenizer {

std::string_view to_string(Encoding encoding) {
  switch (encoding) {
    case Encoding::kO200kBase:
      return "o200k_base";
    case Encoding::kO200kHarmony:
      return "o200k_harmony";
    case Encoding::kCl100kBase:
      return "cl100k_base";
    case Encoding::kP50kBase:
      return "p50k_base";
    case Encoding::kR50kBase:
      return "r50k_base";
    case Encoding::kTekken:
      return "tekken";
    case Encoding::kLlama3:
      return "llama3";
  }
  return "";
}

std::optional<Encoding> encoding_named(std::string_view name) {
  for (const Encoding encoding : kEncodings) {
    if (to_string(encoding) == name) return encoding;
  }
  if (name == "gpt2") return Encoding::kR50kBase;
  return std::nullopt;
}

}  // namespace tokometer::tokenizer
