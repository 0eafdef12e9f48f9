#include "tokenizer/character_class.h"

#include <gtest/gtest.h>

#include <string>

#include "json/text.h"

namespace tokometer::tokenizer {
namespace {

TEST(CharacterClass, KnowsEachKind) {
  using enum CharacterClass;
  EXPECT_EQ(class_of(U'A'), kUpper);
  EXPECT_EQ(class_of(U'\u01C5'), kUpper);  // a title-case letter
  EXPECT_EQ(class_of(U'ß'), kLower);
  EXPECT_EQ(class_of(U'中'), kLetter);
  EXPECT_EQ(class_of(U'\u02B0'), kLetter);  // a modifier letter
  EXPECT_EQ(class_of(U'\u0301'), kMark);
  EXPECT_EQ(class_of(U'٣'), kNumber);
  EXPECT_EQ(class_of(U'½'), kNumber);
  EXPECT_EQ(class_of(U'\u2028'), kSpace);
  EXPECT_EQ(class_of(U'\u0085'), kSpace);
  EXPECT_EQ(class_of(U'\u001C'), kOther);  // no White_Space, though a separator
  EXPECT_EQ(class_of(U'\n'), kNewline);
  EXPECT_EQ(class_of(U'👍'), kOther);
  EXPECT_EQ(class_of(U'\U000E0100'), kMark);
  EXPECT_EQ(class_of(U'\U0010FFFF'), kOther);
  EXPECT_EQ(class_of(char32_t{0x110000}), kOther);
}

TEST(CharacterClass, ReadsEveryCodePointWhole) {
  for (char32_t code_point = 0; code_point <= 0x10FFFF; ++code_point) {
    if (code_point >= 0xD800 && code_point < 0xE000) continue;
    std::string text;
    json::append_code_point(code_point, text);
    const Character character = character_at(text, 0);
    ASSERT_EQ(character.size, text.size()) << static_cast<std::uint32_t>(code_point);
    ASSERT_EQ(character.kind, class_of(code_point)) << static_cast<std::uint32_t>(code_point);
  }
}

TEST(CharacterClass, TakesWhatIsNoUtf8ByteByByte) {
  for (const std::string_view text : {"\x80", "\xC0\x80", "\xC3", "\xE4\xB8", "\xED\xA0\x80", "\xE0\x80\x80",
                                      "\xF0\x80\x80\x80", "\xF4\x90\x80\x80", "\xF0\x9F\x91", "\xFF", "\xE4\xB8z"}) {
    EXPECT_EQ(character_at(text, 0).size, 1U);
    EXPECT_EQ(character_at(text, 0).kind, CharacterClass::kOther);
  }
}

}  // namespace
}  // namespace tokometer::tokenizer
