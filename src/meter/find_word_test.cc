#include "meter/find_word.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace tokometer::meter {
namespace {

TEST(FindWord, FindsTheFirstPlace) {
  EXPECT_EQ(find_word(R"({"a":1,"usage":2,"usage":3})", R"("usage")"), 7U);
  EXPECT_EQ(find_word("", "ab"), std::string_view::npos);
  EXPECT_EQ(find_word("a", "ab"), std::string_view::npos);
  EXPECT_EQ(find_word("ab", "ab"), 0U);
}

TEST(FindWord, AgreesWithTheStandardLibrary) {
  std::mt19937 random(7);
  for (int round = 0; round < 20000; ++round) {
    std::string text(random() % 80, '\0');
    std::string word(2 + random() % 6, '\0');
    for (char& c : text) c = static_cast<char>('a' + random() % 3);
    for (char& c : word) c = static_cast<char>('a' + random() % 3);
    ASSERT_EQ(find_word(text, word), std::string_view(text).find(word)) << text << " " << word;
  }
}

}  // namespace
}  // namespace tokometer::meter
