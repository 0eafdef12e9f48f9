#include "meter/estimate.h"

#include <gtest/gtest.h>

#include <string>

namespace tokometer::meter {
namespace {

// A token a byte; remembers how much it was asked to count.
class ByteCounter final : public TextCounter {
 public:
  void prepare(std::string_view) const override {}
  std::int64_t count(std::string_view, std::string_view text) const override {
    counted += text.size();
    return static_cast<std::int64_t>(text.size());
  }
  mutable std::size_t counted = 0;
};

TEST(Estimate, CountsTextAndTurns) {
  const ByteCounter counter;
  EXPECT_EQ(estimate_tokens(counter, "m", {.text = "hello", .turns = 2}), 5 + 2 * kTokensPerTurn);
}

TEST(Estimate, TakesTheMissingPartToBeLikeTheOneThatIsThere) {
  const ByteCounter counter;
  EXPECT_EQ(estimate_tokens(counter, "m", {.text = "hello", .turns = 0, .share = 0.25}), 20);
}

TEST(Estimate, CountsNoMoreThanItsLimitOfALongText) {
  const ByteCounter counter;
  EXPECT_EQ(estimate_tokens(counter, "m", {.text = std::string(1'000'000, 'x')}), 1'000'000);
  EXPECT_LE(counter.counted, kMaxCountedBytes);
}

TEST(Estimate, CutsLongTextsBetweenCharacters) {
  struct Checking final : TextCounter {
    void prepare(std::string_view) const override {}
    std::int64_t count(std::string_view, std::string_view text) const override {
      EXPECT_EQ(static_cast<unsigned char>(text.front()) & 0xC0U, 0xC0U);
      EXPECT_EQ(text.size() % 3, 0U);
      return 1;
    }
  };
  std::string text;
  for (int i = 0; i < 30'000; ++i) text += "\u4f60";
  EXPECT_GT(estimate_tokens(Checking(), "m", {.text = text}), 0);
}

// Counts by the length until it is loaded.
class SlowCounter final : public TextCounter {
 public:
  void prepare(std::string_view) const override {}
  State state(std::string_view) const override { return state_; }
  void load(std::string_view) const override { state_ = State::kReady; }
  std::int64_t count(std::string_view, std::string_view text) const override {
    return state_ == State::kReady ? static_cast<std::int64_t>(text.size()) : tokens_by_length(text);
  }
  mutable State state_ = State::kLoading;
};

TEST(Estimate, SaysThatItIsAGuessAndMakesItAnewOnceItCan) {
  const SlowCounter counter;
  LaterEstimate later;
  later.seen.input.text = "input";
  later.seen.output.text = "some output";
  later.stated.output_tokens = 1;
  Usage usage = later.stated;
  estimate_usage(counter, later.seen, false, usage);
  EXPECT_EQ(usage.step, UsageStep::kGuess);
  EXPECT_EQ(usage.input_tokens, 2);
  EXPECT_EQ(usage.output_tokens, 3);
  usage.service_tier = "flex";
  usage.tool_calls = {{"search", 1}};
  finish_estimate(counter, later, usage);
  EXPECT_EQ(usage.step, UsageStep::kEstimate);
  EXPECT_EQ(usage.input_tokens, 5);
  EXPECT_EQ(usage.output_tokens, 11);
  EXPECT_EQ(usage.service_tier, "flex");
  EXPECT_EQ(usage.tool_calls.size(), 1U);
}

// Of a total that was stated alone.
TEST(Estimate, FitsIntoATotal) {
  const LengthCounter counter;
  const auto fitted = [&](std::string_view input, std::string_view output, std::int64_t total, bool early = false) {
    Evidence seen;
    seen.input.text = input;
    seen.output.text = output;
    seen.stated_early = early;
    Usage usage;
    usage.total_tokens = total;
    estimate_usage(counter, seen, false, usage);
    return usage;
  };
  const Usage hidden = fitted("12345678", "1234", 100);
  EXPECT_EQ(hidden.input_tokens, 2);
  EXPECT_EQ(hidden.output_tokens, 98);
  EXPECT_EQ(hidden.total_tokens, 100);
  const Usage unseen = fitted("", "1234", 100);
  EXPECT_EQ(unseen.input_tokens, 99) << "the rest cannot be of what was seen";
  EXPECT_EQ(unseen.output_tokens, 1);
  EXPECT_EQ(unseen.estimated, EstimatedCounts::kBoth);
  const Usage input_alone = fitted("12345678", "", 100);
  EXPECT_EQ(input_alone.input_tokens, 100);
  EXPECT_EQ(input_alone.output_tokens, std::nullopt);
  const Usage early = fitted("12345678", "1234", 100, true);
  EXPECT_EQ(early.output_tokens, 1);
  EXPECT_EQ(early.total_tokens, std::nullopt) << "it may have grown since";
}

TEST(Estimate, WithoutATableIsAGuessForGood) {
  SlowCounter counter;
  counter.state_ = TextCounter::State::kMissing;
  Evidence seen;
  seen.output.text = "some output";
  Usage usage;
  estimate_usage(counter, seen, false, usage);
  EXPECT_EQ(usage.step, UsageStep::kGuess);
}

TEST(Estimate, CountsByLengthWithoutATokenizer) {
  EXPECT_EQ(tokens_by_length(""), 0);
  EXPECT_EQ(tokens_by_length("four"), 1);
  EXPECT_EQ(tokens_by_length("fifth"), 2);
  EXPECT_EQ(tokens_by_length("\u4f60\u597d\u4f60\u597d\u4f60"), 4);
}

}  // namespace
}  // namespace tokometer::meter
