// What kind of character a code point is, as far as the splitters' patterns ask (splitter.h).
//
// The Unicode general categories as the regular expressions of tiktoken see
// them: the table is made from those (tools/unicode_classes.py).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace tokometer::tokenizer {

enum class CharacterClass : std::uint8_t {
  kOther,
  kUpper,    // Lu, Lt
  kLower,    // Ll
  kLetter,   // Lm, Lo: a letter without case
  kMark,     // M
  kNumber,   // N
  kSpace,    // White_Space but \r and \n
  kNewline,  // \r, \n
};

struct Character {
  CharacterClass kind;
  std::uint8_t size;  // in bytes
};

// The class of a code point; kOther past U+10FFFF.
CharacterClass class_of(char32_t code_point);

// The character at `at`, which must be within `text`. A byte that is not part
// of valid UTF-8 is one character of class kOther.
inline Character character_at(std::string_view text, std::size_t at);

// The same of a byte that is not ASCII.
Character beyond_ascii(std::string_view text, std::size_t at);

inline constexpr std::array<CharacterClass, 128> kAsciiClasses = [] {
  std::array<CharacterClass, 128> classes{};
  for (std::size_t c = 'A'; c <= 'Z'; ++c) classes[c] = CharacterClass::kUpper;
  for (std::size_t c = 'a'; c <= 'z'; ++c) classes[c] = CharacterClass::kLower;
  for (std::size_t c = '0'; c <= '9'; ++c) classes[c] = CharacterClass::kNumber;
  for (const char c : std::string_view("\t\v\f ")) classes[static_cast<unsigned char>(c)] = CharacterClass::kSpace;
  for (const char c : std::string_view("\r\n")) classes[static_cast<unsigned char>(c)] = CharacterClass::kNewline;
  return classes;
}();

inline Character character_at(std::string_view text, std::size_t at) {
  const auto byte = static_cast<unsigned char>(text[at]);
  if (byte < kAsciiClasses.size()) return {kAsciiClasses[byte], 1};
  return beyond_ascii(text, at);
}

}  // namespace tokometer::tokenizer
