#include "json/text.h"

#include <gtest/gtest.h>

namespace tokometer::json {
namespace {

std::string unescaped(std::string_view raw) {
  std::string out;
  append_unescaped(raw, out);
  return out;
}

std::string quoted(std::string_view text) {
  std::string out;
  append_quoted(text, out);
  return out;
}

std::string mended(std::string_view text) {
  std::string out;
  append_valid_utf8(text, out);
  return out;
}

#define FFFD "\xef\xbf\xbd"

TEST(Text, Utf8) {
  EXPECT_TRUE(is_valid_utf8(""));
  EXPECT_TRUE(is_valid_utf8("0123456789abcdef\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\xf4\x8f\xbf\xbf"));
  EXPECT_EQ(valid_utf8_prefix("0123456789\xff"), 10U);
  for (const char* bad : {"\x80", "\xc0\x80", "\xc1\xbf", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xf0\x8f\xbf\xbf",
                          "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xc3", "\xe2\x82", "\xf0\x9f\x98", "\xff"}) {
    EXPECT_FALSE(is_valid_utf8(bad)) << bad;
  }
}

TEST(Text, MendsAsBrowsersDo) {
  EXPECT_EQ(mended("a\xff\xfeg"), "a" FFFD FFFD "g");
  EXPECT_EQ(mended("\xe2\x82z"), FFFD "z");           // a prefix that could have gone on: one
  EXPECT_EQ(mended("\xed\xa0\x80"), FFFD FFFD FFFD);  // one that could not: a byte each
  EXPECT_EQ(mended("\xf0\x9f\x98"), FFFD);
  EXPECT_EQ(mended("\xc3\xc3\xa9"), FFFD "\xc3\xa9");
}

TEST(Text, Unescapes) {
  EXPECT_EQ(unescaped(R"(a\"\\\/\b\f\n\r\t)"), "a\"\\/\b\f\n\r\t");
  EXPECT_EQ(unescaped(R"(\u0041\u00E9\u20ac\ud83D\uDe00)"), "A\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80");
  EXPECT_EQ(unescaped(R"(\u0000)"), std::string("\0", 1));
  EXPECT_EQ(unescaped(R"(\ud83d)"), FFFD);
  EXPECT_EQ(unescaped(R"(\ude00\ud83d)"), FFFD FFFD);
  EXPECT_EQ(unescaped(R"(\ud83d\ud83d\ude00)"), FFFD "\xf0\x9f\x98\x80");
  EXPECT_EQ(unescaped(R"(\ud83dx)"), FFFD "x");
  std::string out;
  EXPECT_TRUE(append_unescaped("\\n\xc3\xa9", out));
  EXPECT_FALSE(append_unescaped("\\ud800", out));
  EXPECT_FALSE(append_unescaped("\xff", out));
}

TEST(Text, Quotes) {
  EXPECT_EQ(quoted(""), "\"\"");
  EXPECT_EQ(quoted("plain text that is longer than a block \xc3\xa9"),
            "\"plain text that is longer than a block \xc3\xa9\"");
  EXPECT_EQ(quoted("a\"\\/\b\f\n\r\t"), R"("a\"\\/\b\f\n\r\t")");
  EXPECT_EQ(quoted(std::string_view("\0\x1f\x7f", 3)), "\"\\u0000\\u001f\x7f\"");
  EXPECT_EQ(quoted("\xff\n"), "\"" FFFD "\\n\"");
}

TEST(Text, CountsCodePoints) { EXPECT_EQ(count_code_points("a\xc3\xa9\xf0\x9f\x98\x80"), 3U); }

}  // namespace
}  // namespace tokometer::json
