#include "tokenizer/splitter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace tokometer::tokenizer {
namespace {

using testing::ElementsAre;

std::vector<std::string_view> pieces(Pattern pattern, std::string_view text) {
  std::vector<std::string_view> found;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = piece_end(pattern, text, at);
    EXPECT_GT(end, at);
    EXPECT_LE(end, text.size());
    if (end <= at) break;
    found.push_back(text.substr(at, end - at));
    at = end;
  }
  return found;
}

TEST(Splitter, KeepsTheSpaceWithItsWord) {
  for (const Pattern pattern : {Pattern::kR50k, Pattern::kCl100k, Pattern::kO200k, Pattern::kTekken}) {
    EXPECT_THAT(pieces(pattern, "hello world  again"), ElementsAre("hello", " world", " ", " again"));
  }
}

TEST(Splitter, SplitsContractions) {
  EXPECT_THAT(pieces(Pattern::kR50k, "don't WE'LL"), ElementsAre("don", "'t", " WE", "'", "LL"));
  EXPECT_THAT(pieces(Pattern::kCl100k, "don't WE'LL"), ElementsAre("don", "'t", " WE", "'LL"));
  EXPECT_THAT(pieces(Pattern::kO200k, "don't WE'LL"), ElementsAre("don't", " WE'LL"));
  EXPECT_THAT(pieces(Pattern::kTekken, "don't WE'LL"), ElementsAre("don", "'t", " WE", "'LL"));
  EXPECT_THAT(pieces(Pattern::kO200k, "a'\u017Fb"), ElementsAre("a'\u017F", "b"));  // the long s
  EXPECT_THAT(pieces(Pattern::kO200k, "I'dx"), ElementsAre("I'd", "x"));
}

TEST(Splitter, CountsDigits) {
  EXPECT_THAT(pieces(Pattern::kR50k, " 12345"), ElementsAre(" 12345"));
  EXPECT_THAT(pieces(Pattern::kCl100k, " 12345"), ElementsAre(" ", "123", "45"));
  EXPECT_THAT(pieces(Pattern::kO200k, "1234567"), ElementsAre("123", "456", "7"));
  EXPECT_THAT(pieces(Pattern::kTekken, "123"), ElementsAre("1", "2", "3"));
}

TEST(Splitter, SplitsWordsByCaseInO200k) {
  EXPECT_THAT(pieces(Pattern::kO200k, "camelCaseHTTPServer"), ElementsAre("camel", "Case", "HTTPServer"));
  EXPECT_THAT(pieces(Pattern::kO200k, "HTTP"), ElementsAre("HTTP"));
  EXPECT_THAT(pieces(Pattern::kO200k, "日本ABC"), ElementsAre("日本", "ABC"));
  EXPECT_THAT(pieces(Pattern::kO200k, "A日B日CD"), ElementsAre("A日B日", "CD"));
  // A mark in front: alone where no lower-case letter follows, as the first form goes before the second.
  EXPECT_THAT(pieces(Pattern::kO200k, "\u0301AB"), ElementsAre("\u0301", "AB"));
  EXPECT_THAT(pieces(Pattern::kO200k, "\u0301Ab"), ElementsAre("\u0301Ab"));
  EXPECT_THAT(pieces(Pattern::kO200k, "!AB"), ElementsAre("!AB"));
  EXPECT_THAT(pieces(Pattern::kCl100k, "camelCase"), ElementsAre("camelCase"));
}

TEST(Splitter, GivesSymbolsTheirNewlines) {
  EXPECT_THAT(pieces(Pattern::kR50k, "a);\n\nb"), ElementsAre("a", ");", "\n", "\n", "b"));
  EXPECT_THAT(pieces(Pattern::kCl100k, "a);\n\nb"), ElementsAre("a", ");\n\n", "b"));
  EXPECT_THAT(pieces(Pattern::kO200k, "a //\n/\nb"), ElementsAre("a", " //\n/\n", "b"));
}

TEST(Splitter, LeavesTheLastSpaceToTheWord) {
  EXPECT_THAT(pieces(Pattern::kO200k, "a \n  \n   b"), ElementsAre("a", " \n  \n", "  ", " b"));
  EXPECT_THAT(pieces(Pattern::kR50k, "a \n  b"), ElementsAre("a", " \n ", " b"));
  EXPECT_THAT(pieces(Pattern::kO200k, "a\t\tb"), ElementsAre("a", "\t", "\tb"));
  EXPECT_THAT(pieces(Pattern::kR50k, "a\t\tb"), ElementsAre("a", "\t", "\t", "b"));
}

TEST(Splitter, DiffersInWhiteSpaceAtTheEnd) {
  EXPECT_THAT(pieces(Pattern::kCl100k, "a\n  "), ElementsAre("a", "\n  "));
  EXPECT_THAT(pieces(Pattern::kLlama3, "a\n  "), ElementsAre("a", "\n", "  "));
  EXPECT_THAT(pieces(Pattern::kO200k, "a\n  "), ElementsAre("a", "\n", "  "));
  EXPECT_THAT(pieces(Pattern::kR50k, "a\n  "), ElementsAre("a", "\n  "));
}

TEST(Splitter, CutsOnlyWherePiecesEnd) {
  const std::string text = "It's a_b cd\n  éf  'll go x\t y 12 !, A B\u00A0c d's e";
  for (const Pattern pattern :
       {Pattern::kR50k, Pattern::kCl100k, Pattern::kLlama3, Pattern::kO200k, Pattern::kTekken}) {
    const auto whole = pieces(pattern, text);
    for (std::size_t size = 1; size <= text.size(); ++size) {
      const std::size_t cut = last_sure_cut(std::string_view(text).substr(0, size), 0);
      if (cut == 0) continue;
      auto parts = pieces(pattern, std::string_view(text).substr(0, cut));
      for (const std::string_view piece : pieces(pattern, std::string_view(text).substr(cut))) parts.push_back(piece);
      EXPECT_EQ(parts, whole) << cut;
    }
  }
  EXPECT_EQ(last_sure_cut("nothing", 0), 0U);
  EXPECT_EQ(last_sure_cut("é x", 0), 0U);
  EXPECT_EQ(last_sure_cut("a b c", 0), 3U);
  EXPECT_EQ(last_sure_cut("a b c", 3), 0U);
}

}  // namespace
}  // namespace tokometer::tokenizer
