#include "json/i_regexp.h"

#include <gtest/gtest.h>

#include <string>

namespace tokometer::json {
namespace {

bool matches(std::string_view pattern, std::string_view text) {
  const auto regexp = IRegexp::compile(pattern);
  EXPECT_TRUE(regexp) << pattern;
  return regexp && regexp->matches(text);
}

TEST(IRegexp, Matches) {
  EXPECT_TRUE(matches("", ""));
  EXPECT_TRUE(matches("a|bc*|", "bccc"));
  EXPECT_FALSE(matches("a|b", "ab"));
  EXPECT_TRUE(matches("(ab){2,3}c?", "abab"));
  EXPECT_FALSE(matches("(ab){2}", "ababab"));
  EXPECT_TRUE(matches("a{2,}", "aaaa"));
  EXPECT_TRUE(matches("[^a-c\\]-]+", "xyz"));
  EXPECT_FALSE(matches("[^a-c\\]-]+", "x-z"));
  EXPECT_TRUE(matches("[-a]+[b-]", "a--"));
  EXPECT_TRUE(matches("\\p{Lu}\\P{Lu}[\\p{Nd}\\P{L}]", "\xc3\x89\x61\x37"));
  EXPECT_TRUE(matches("\\(\\[\\{\\.\\n\\^\\|", "([{.\n^|"));
}

TEST(IRegexp, ADotIsNoLineEnd) {
  EXPECT_TRUE(matches(".", "\xe2\x80\xa8"));
  EXPECT_TRUE(matches(".", "\xf0\x9f\x98\x80"));
  EXPECT_FALSE(matches(".", "\n"));
  EXPECT_FALSE(matches(".", "\r"));
}

TEST(IRegexp, UnassignedCodePoints) {
  EXPECT_TRUE(matches("\\p{Cn}", "\xcd\xb8"));  // U+0378
  EXPECT_FALSE(matches("\\p{Cn}", "a"));
  EXPECT_TRUE(matches("\\p{C}\\p{C}", "\xcd\xb8\x01"));
  EXPECT_TRUE(matches("\\P{C}[\\P{C}]", "ab"));
  EXPECT_FALSE(IRegexp::compile("[\\p{C}]"));
}

TEST(IRegexp, RefusesWhatOtherDialectsHave) {
  for (const char* pattern :
       {"a**",  "(?:a)",   "\\d",         "\\w", "\\bx",       "[a",      "a]",      "(a",       "a)",
        "{2}",  "a{,2}",   "a{2",         "[]",  "[a-\\p{L}]", "[a--]",   "[a-b-c]", "\\p{Foo}", "\\p{IsGreek}",
        "\\pL", "\\u0041", "[[:alpha:]]", "a??", "[z-a]",      "a{1001}", "\\",      "*",        "\\p{L Lu}"}) {
    EXPECT_FALSE(IRegexp::compile(pattern)) << pattern;
  }
  EXPECT_FALSE(IRegexp::compile(std::string(IRegexp::kMaxPatternBytes + 1, 'a')));
  EXPECT_FALSE(IRegexp::compile(std::string(1000, '(') + std::string(1000, ')')));
  EXPECT_FALSE(IRegexp::compile("((((((a{100}){100}){100}){100}){100}){100})"));
}

TEST(IRegexp, Finds) {
  const auto regexp = IRegexp::compile("b+");
  ASSERT_TRUE(regexp);
  EXPECT_TRUE(regexp->found_in("abbc"));
  EXPECT_FALSE(regexp->found_in("ac"));
}

}  // namespace
}  // namespace tokometer::json
