#include "app/usage_guess.h"

#include <gtest/gtest.h>

namespace tokometer::app {
namespace {

std::string rules(const char* usage) {
  const auto document = json::Document::parse(usage);
  return guess_counts(document->root()).rules_json();
}

std::string doubt(const char* usage, std::string_view name) {
  const auto document = json::Document::parse(usage);
  for (const auto& count : guess_counts(document->root()).counts) {
    if (count.name == name) return count.doubt;
  }
  return "no such count";
}

TEST(UsageGuess, FindsTheObjectWithTheMostCounts) {
  const auto document = json::Document::parse(
      R"({"input_tokens": 1, "steps": [{"usage": {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7}}]})");
  const auto found = find_usage(document->root());
  ASSERT_TRUE(found);
  EXPECT_EQ(found->query, "$.steps[0].usage");
  EXPECT_EQ(found->score, 3);
}

TEST(UsageGuess, FindsNothingWhereNoCountIs) {
  const auto document = json::Document::parse(R"({"tokens": ["a"], "usage": {"seconds": 3}, "total_tokens": 4})");
  EXPECT_FALSE(find_usage(document->root()));
}

TEST(UsageGuess, TellsByTheTotalWhatContainsWhat) {
  // 100 + 10 = 110: the cache is within the input.
  EXPECT_EQ(rules(R"({"in": 0, "prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110,
                      "prompt_tokens_details": {"cached_tokens": 60}})"),
            R"({"input_tokens":"$.prompt_tokens","cache_read_input_tokens":"$.prompt_tokens_details.cached_tokens",)"
            R"("output_tokens":"$.completion_tokens","total_tokens":"$.total_tokens"})");
  // 100 + 10 + 60 = 170: it is not.
  EXPECT_EQ(rules(R"({"inputTokens": 100, "outputTokens": 10, "totalTokens": 170, "cachedTokens": 60})"),
            R"({"input_tokens":{"sum":["$.inputTokens","$.cachedTokens"]},"cache_read_input_tokens":"$.cachedTokens",)"
            R"("output_tokens":"$.outputTokens","total_tokens":"$.totalTokens"})");
  // Reasoning beside the output, as xAI has it.
  EXPECT_EQ(rules(R"({"prompt_tokens": 100, "completion_tokens": 10, "reasoning_tokens": 5, "total_tokens": 115})"),
            R"({"input_tokens":"$.prompt_tokens","output_tokens":{"sum":["$.completion_tokens","$.reasoning_tokens"]},)"
            R"("reasoning_output_tokens":"$.reasoning_tokens","total_tokens":"$.total_tokens"})");
  EXPECT_EQ(doubt(R"({"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110,
                      "cached_tokens": 60})",
                  "input_tokens"),
            "");
}

TEST(UsageGuess, SaysWhatTheNumbersDoNotTell) {
  EXPECT_EQ(doubt(R"({"input_tokens": 100, "output_tokens": 10, "cached_tokens": 60})", "input_tokens"),
            "taken to contain what was cached");
  EXPECT_EQ(doubt(R"({"input_tokens": 100, "output_tokens": 10, "cache_read_input_tokens": 60})", "input_tokens"),
            "taken to leave the cache out, by its name");
  // More was cached than went in: no doubt.
  EXPECT_EQ(doubt(R"({"input_tokens": 4, "output_tokens": 10, "cached_tokens": 60})", "input_tokens"), "");
  EXPECT_EQ(doubt(R"({"input_tokens": 4, "output_tokens": 10, "reasoning_tokens": 6})", "output_tokens"),
            "taken to contain reasoning");
  // 10 + 5 + 5 fits in two ways.
  EXPECT_EQ(doubt(R"({"input_tokens": 10, "output_tokens": 5, "cached_tokens": 5, "reasoning_tokens": 5,
                      "total_tokens": 20})",
                  "input_tokens"),
            "taken to contain what was cached");
}

TEST(UsageGuess, TellsCountsByTheWordsOfTheirNames) {
  const auto document = json::Document::parse(
      R"({"max_output_tokens": 4096, "token_usage": {"in_tokens": 7, "nTokensOut": 3, "cached-tokens-written": 2,
          "tokens_from_cache": 1, "sum_of_tokens": 10, "thoughtTokens": 1}})");
  const auto found = find_usage(document->root());
  ASSERT_TRUE(found);
  EXPECT_EQ(found->query, "$.token_usage");
  EXPECT_EQ(guess_counts(found->object).rules_json(),
            R"({"input_tokens":"$.in_tokens","cache_read_input_tokens":"$.tokens_from_cache",)"
            R"("cache_creation_input_tokens":"$['cached-tokens-written']","output_tokens":"$.nTokensOut",)"
            R"("reasoning_output_tokens":"$.thoughtTokens","total_tokens":"$.sum_of_tokens"})");
  EXPECT_EQ(doubt(R"({"in_tokens": 7, "out_tokens": 3})", "input_tokens"), "told by the words of its name");
  // A name that is known goes before.
  EXPECT_EQ(rules(R"({"prompt_tokens_billed": 9, "prompt_tokens": 8, "completion_tokens": 1})"),
            R"({"input_tokens":"$.prompt_tokens","output_tokens":"$.completion_tokens"})");
  for (const char* none : {R"({"max_tokens_out": 1})", R"({"input_audio_tokens": 1})", R"({"input": 1, "output": 2})",
                           R"({"remaining_input_tokens": 5})", R"({"tokens": 5})"}) {
    EXPECT_EQ(rules(none), "{}") << none;
  }
}

TEST(UsageGuess, QuotesNamesThatNeedIt) {
  EXPECT_EQ(member_query("$", "a_b1"), "$.a_b1");
  EXPECT_EQ(member_query("$.x", "a-b"), "$.x['a-b']");
  EXPECT_EQ(member_query("$", "it's"), "$['it\\'s']");
  EXPECT_EQ(member_query("$", ""), "$['']");
}

}  // namespace
}  // namespace tokometer::app
