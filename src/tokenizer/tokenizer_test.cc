#include "tokenizer/tokenizer.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "tokenizer/small_vocabulary.h"

namespace tokometer::tokenizer {
namespace {

std::size_t counted_in_parts(const Tokenizer& tokenizer, std::string_view text, std::size_t part,
                             const Counter::Limits& limits = {}) {
  Counter counter(tokenizer, limits);
  for (std::size_t at = 0; at < text.size(); at += part) counter.feed(text.substr(at, part));
  return counter.finish();
}

TEST(Tokenizer, CountsWhatItEncodes) {
  const Tokenizer tokenizer(Encoding::kO200kBase, small_vocabulary());
  const std::string text = "the thing, something: aaaaaaaaa 123\n\n\xFF\xC3\xA9 <|endoftext|>";
  const auto tokens = tokenizer.encode(text);
  EXPECT_EQ(tokenizer.count(text), tokens.size());
  EXPECT_EQ(tokenizer.decode(tokens), text);
  EXPECT_EQ(tokenizer.count(""), 0U);
}

TEST(Tokenizer, TakesSpecialTokensOnlyWhenAsked) {
  const Tokenizer tokenizer(Encoding::kO200kHarmony, small_vocabulary());
  EXPECT_EQ(tokenizer.encode_with_specials("<|start|><|reserved_200013|>"), (std::vector<Token>{200006, 200013}));
  EXPECT_EQ(tokenizer.encode_with_specials("a<|end|>").back(), 200007U);
  for (const std::string_view text : {"<|starts|>", "<|reserved_200002|>", "<|reserved_201088|>", "<|start", "<||>"}) {
    EXPECT_EQ(tokenizer.encode_with_specials(text), tokenizer.encode(text)) << text;
  }
  EXPECT_GT(tokenizer.encode("<|start|>").size(), 1U);
}

TEST(Counter, CountsTheSameHoweverTheTextIsCut) {
  const std::string sentence = "It's the thing\u00A0that we'll do; 12345 times:\n\n  \xC3\xA9 \xE4\xB8\xAD, aaaa\t\n ";
  std::string text;
  while (text.size() < 20'000) text += sentence;
  for (const Encoding encoding :
       {Encoding::kO200kBase, Encoding::kCl100kBase, Encoding::kR50kBase, Encoding::kTekken, Encoding::kLlama3}) {
    const Tokenizer tokenizer(encoding, small_vocabulary());
    const std::size_t whole = tokenizer.count(text);
    for (const std::size_t part : {std::size_t{1}, std::size_t{7}, std::size_t{4099}, text.size()}) {
      EXPECT_EQ(counted_in_parts(tokenizer, text, part, {.batch_bytes = 1000}), whole)
          << to_string(encoding) << " by " << part;
    }
  }
}

TEST(Counter, StartsAnewAfterTheEnd) {
  const Tokenizer tokenizer(Encoding::kO200kBase, small_vocabulary());
  Counter counter(tokenizer);
  counter.feed("the thing");
  EXPECT_EQ(counter.finish(), tokenizer.count("the thing"));
  EXPECT_EQ(counter.finish(), 0U);
  counter.feed("the");
  EXPECT_EQ(counter.finish(), 1U);
}

TEST(Counter, HoldsNoMoreThanItsLimit) {
  const Tokenizer tokenizer(Encoding::kO200kBase, small_vocabulary());
  const std::size_t limit = 1000;
  const Counter::Limits limits{.batch_bytes = 100, .max_open_bytes = limit};
  // Without a place to cut it is cut all the same: a token more at each cut at most.
  const std::string text(2 * limit + 3, 'a');
  EXPECT_LE(counted_in_parts(tokenizer, text, 7, limits), tokenizer.count(text) + 3);
  EXPECT_GE(counted_in_parts(tokenizer, text, 7, limits), tokenizer.count(text));
}

}  // namespace
}  // namespace tokometer::tokenizer
