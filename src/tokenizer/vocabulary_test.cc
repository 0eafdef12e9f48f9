#include "tokenizer/vocabulary.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tokenizer/small_vocabulary.h"
#include "wire/content_coding.h"

namespace tokometer::tokenizer {
namespace {

std::string packed(std::string_view head, const std::vector<std::string>& tokens) {
  std::string plain(head);
  for (const std::string& token : tokens) plain += static_cast<char>(token.size());
  for (const std::string& token : tokens) plain += token;
  return wire::content_coding::encode(wire::content_coding::Coding::kBrotli, plain);
}

std::vector<std::string> all_bytes() {
  std::vector<std::string> tokens;
  for (int byte = 0; byte < 256; ++byte) tokens.emplace_back(1, static_cast<char>(byte));
  return tokens;
}

TEST(Vocabulary, FindsEveryTokenAndNothingElse) {
  const std::vector<std::string> more{"ab", "abc", "abcd", "abcdefgh", "abcdefghi", std::string(100, 'x')};
  const auto vocabulary = Vocabulary::parse(small_table(more));
  ASSERT_TRUE(vocabulary) << vocabulary.error().message;
  for (std::size_t i = 0; i < more.size(); ++i) {
    EXPECT_EQ(vocabulary->find(more[i]), 256 + i);
    EXPECT_EQ(vocabulary->bytes_of(static_cast<Token>(256 + i)), more[i]);
  }
  EXPECT_EQ(vocabulary->longest(), 100U);
  for (const std::string_view other : {"", "ac", "abd", "abcde", "abcdefghj"}) {
    EXPECT_EQ(vocabulary->find(other), kNoToken) << other;
  }
  EXPECT_EQ(vocabulary->find(std::string(99, 'x')), kNoToken);
  EXPECT_EQ(vocabulary->find(std::string(101, 'x')), kNoToken);
  EXPECT_EQ(vocabulary->find(std::string_view("a\0", 2)), kNoToken);
  EXPECT_EQ(vocabulary->bytes_of(999), "");
}

TEST(Vocabulary, UnpacksWhatTheBuildPacked) {
  std::vector<std::string> tokens = all_bytes();
  tokens.emplace_back("hello");
  const std::vector<std::string> extra{"  ", "   "};
  const auto vocabulary = Vocabulary::unpack(packed("257\n", tokens), extra, 300);
  ASSERT_TRUE(vocabulary) << vocabulary.error().message;
  EXPECT_EQ(vocabulary->find("hello"), 256U);
  EXPECT_EQ(vocabulary->find("   "), 301U);
  EXPECT_EQ(vocabulary->bytes_of(299), "");
  EXPECT_EQ(vocabulary->size(), 302U);
}

TEST(Vocabulary, RefusesWhatIsNoTable) {
  EXPECT_FALSE(Vocabulary::unpack("no brotli"));
  EXPECT_FALSE(Vocabulary::unpack(packed("", {})));
  EXPECT_FALSE(Vocabulary::unpack(packed("99999999999999999999\n", all_bytes())));
  EXPECT_FALSE(Vocabulary::unpack(packed("999999\n", all_bytes()))) << "more tokens than bytes";
  EXPECT_FALSE(Vocabulary::unpack(packed("255\n", all_bytes()))) << "bytes behind the last token";
  const auto no_bytes = Vocabulary::unpack(packed("1\n", {"a"}));
  ASSERT_FALSE(no_bytes);
  EXPECT_EQ(no_bytes.error().message, "table of tokens: no token for byte 0");
  EXPECT_FALSE(Vocabulary::unpack(packed("257\n", all_bytes())));

  EXPECT_FALSE(Vocabulary::parse("QQ== x\n"));
  EXPECT_FALSE(Vocabulary::parse("QQ==\n"));
  EXPECT_FALSE(Vocabulary::parse("QQ== 99999999\n")) << "a rank past the limit";
  EXPECT_FALSE(Vocabulary::parse("QQ== 1\nQg== 1\n")) << "a rank twice";
  EXPECT_FALSE(Vocabulary::parse(" 1\n")) << "no bytes";
  EXPECT_FALSE(Vocabulary::parse(""));
  EXPECT_TRUE(Vocabulary::parse(small_table({std::string(255, 'x')})));
  EXPECT_FALSE(Vocabulary::parse(small_table({std::string(256, 'x')}))) << "a token that is too long";
  const auto line = Vocabulary::parse("QQ== 0\n?? 1\n");
  ASSERT_FALSE(line);
  EXPECT_EQ(line.error().message, "table of tokens: line 2 is not \"BASE64 RANK\"");
}

TEST(Vocabulary, RefusesATableCutAnywhere) {
  const std::string whole = packed("256\n", all_bytes());
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(Vocabulary::unpack(std::string_view(whole).substr(0, size))) << size;
  }
}

}  // namespace
}  // namespace tokometer::tokenizer
