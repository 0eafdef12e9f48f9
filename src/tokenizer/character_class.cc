#include "tokenizer/character_class.h"

#include <array>

namespace tokometer::tokenizer {
namespace {

// clang-format off
#include "tokenizer/character_class_table.inc"
// clang-format on

constexpr std::size_t kBlockBits = 7;

constexpr CharacterClass look_up(char32_t code_point) {
  const std::size_t block = code_point >> kBlockBits;
  const std::size_t packed = kBlockOf[block < kBlockOf.size() ? block : kBlockOf.size() - 1];
  const std::size_t within = code_point & ((1U << kBlockBits) - 1);
  const unsigned pair = kBlocks[((packed << kBlockBits) + within) / 2];
  return static_cast<CharacterClass>((within % 2 == 0 ? pair : pair >> 4U) & 0xFU);
}

// The header's own table of the most common characters says the same.
static_assert([] {
  for (std::size_t i = 0; i < kAsciiClasses.size(); ++i) {
    if (kAsciiClasses[i] != look_up(static_cast<char32_t>(i))) return false;
  }
  return true;
}());

constexpr bool is_continuation(unsigned byte) { return (byte & 0xC0U) == 0x80U; }

}  // namespace

CharacterClass class_of(char32_t code_point) {
  return code_point <= 0x10FFFF ? look_up(code_point) : CharacterClass::kOther;
}

// Well-formed sequences are those of table 3-7 of the Unicode standard.
Character beyond_ascii(std::string_view text, std::size_t at) {
  constexpr Character kInvalid{CharacterClass::kOther, 1};
  const auto byte = [&](std::size_t i) { return static_cast<unsigned>(static_cast<unsigned char>(text[at + i])); };
  const unsigned first = byte(0);
  const std::size_t left = text.size() - at;
  if (first < 0xC2 || first > 0xF4 || left < 2 || !is_continuation(byte(1))) return kInvalid;
  if (first < 0xE0) return {look_up((first & 0x1FU) << 6U | (byte(1) & 0x3FU)), 2};
  if (left < 3 || !is_continuation(byte(2))) return kInvalid;
  const unsigned low = (byte(1) & 0x3FU) << 6U | (byte(2) & 0x3FU);
  if (first < 0xF0) {
    const unsigned code_point = (first & 0xFU) << 12U | low;
    if (code_point < 0x800 || (code_point >= 0xD800 && code_point < 0xE000)) return kInvalid;
    return {look_up(code_point), 3};
  }
  if (left < 4 || !is_continuation(byte(3))) return kInvalid;
  const unsigned code_point = (first & 0x7U) << 18U | low << 6U | (byte(3) & 0x3FU);
  if (code_point < 0x10000 || code_point > 0x10FFFF) return kInvalid;
  return {look_up(code_point), 4};
}

}  // namespace tokometer::tokenizer
