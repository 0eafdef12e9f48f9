#include "tokenizer/merge.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "tokenizer/small_vocabulary.h"

namespace tokometer::tokenizer {
namespace {

// Byte pair encoding as it is defined, without any art.
std::vector<Token> merged_plainly(const Vocabulary& vocabulary, std::string_view piece) {
  std::vector<std::string> parts;
  for (const char one : piece) parts.emplace_back(1, one);
  for (;;) {
    std::size_t best = parts.size();
    Token lowest = kNoToken;
    for (std::size_t i = 0; i + 1 < parts.size(); ++i) {
      const Token rank = vocabulary.find(parts[i] + parts[i + 1]);
      if (rank < lowest) {
        lowest = rank;
        best = i;
      }
    }
    if (lowest == kNoToken) break;
    parts[best] += parts[best + 1];
    parts.erase(parts.begin() + static_cast<std::ptrdiff_t>(best) + 1);
  }
  std::vector<Token> tokens;
  for (const std::string& part : parts) tokens.push_back(vocabulary.find(part));
  return tokens;
}

TEST(Merger, MergesAsDefined) {
  const auto vocabulary = small_vocabulary();
  Merger merger(*vocabulary);
  std::mt19937 random(7);
  for (int round = 0; round < 600; ++round) {
    const std::size_t size = 1 + random() % (round % 20 == 0 ? 150 : 40);
    std::string piece;
    while (piece.size() < size) piece += "thegrinab \n\xC3\xA9\xFF"[random() % 14];
    // A piece that is a token stays one, as in tiktoken, whether or not merging would get there.
    const Token whole = vocabulary->find(piece);
    const auto expected = whole == kNoToken ? merged_plainly(*vocabulary, piece) : std::vector<Token>{whole};
    std::vector<Token> tokens;
    merger.encode(piece, tokens);
    EXPECT_EQ(tokens, expected) << piece;
    EXPECT_EQ(merger.count(piece), expected.size());
    EXPECT_EQ(merger.count(piece), expected.size()) << "the second time";
  }
}

TEST(Merger, TakesTheLeftmostOfEqualPairs) {
  const auto vocabulary = small_vocabulary();
  Merger merger(*vocabulary);
  std::vector<Token> tokens;
  merger.encode("aaa", tokens);
  EXPECT_EQ(tokens, (std::vector<Token>{vocabulary->find("aa"), vocabulary->find("a")}));
}

// The work grows with the length, whatever the text: n log n at most, and of the heap's steps only.
TEST(Merger, DoesBoundedWorkOnHostilePieces) {
  const auto vocabulary = small_vocabulary();
  for (const std::string_view unit : {"a", " ", "\n", "ab", "the", "\xC3\xA9", "!", "something"}) {
    std::uint64_t before = 0;
    for (const std::size_t size : {std::size_t{1} << 11, std::size_t{1} << 12, std::size_t{1} << 13}) {
      std::string piece;
      while (piece.size() < size) piece += unit;
      Merger merger(*vocabulary);
      const std::size_t count = merger.count(piece);
      EXPECT_GT(count, 0U);
      EXPECT_LE(merger.work(), 3 * piece.size());
      EXPECT_LE(merger.work(), before == 0 ? merger.work() : before * 2 + 64) << unit;
      before = merger.work();
    }
  }
}

TEST(Merger, TakesAPiecePastItsLimitAsSeveral) {
  const auto vocabulary = small_vocabulary();
  const std::size_t limit = 128;
  Merger merger(*vocabulary, {.max_piece_bytes = limit});
  const std::string piece(2 * limit + 8, 'a');
  EXPECT_EQ(merger.count(piece), piece.size() / 8);
  std::vector<Token> tokens;
  merger.encode(piece, tokens);
  EXPECT_EQ(tokens.size(), piece.size() / 8);
}

}  // namespace
}  // namespace tokometer::tokenizer
