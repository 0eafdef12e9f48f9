#include "pricing/catalog_check.h"
#include "pricing/builtin_prices.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tokometer::pricing {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> problems_of(std::string_view prices) {
  const std::string content = R"({"provider": "p", "models": [{"id": "m", "prices": [)" + std::string(prices) + "]}]}";
  const embedded::File file{"p.json", content};
  std::vector<std::string> result;
  for (const Problem& problem : check_files({&file, 1})) result.push_back(problem.where + ": " + problem.what);
  return result;
}

TEST(CatalogCheck, NothingToSayOfSoundFigures) {
  EXPECT_THAT(problems_of(R"({"input": 1, "output": 2, "cache_read": 0.1, "tiers": {"batch": {"input": 0.5}}})"),
              IsEmpty());
  EXPECT_THAT(problems_of(R"({"until": "2026-01-01", "input": 1}, {"from": "2026-01-01", "input": 2})"), IsEmpty());
}

TEST(CatalogCheck, FindsOverlapsAndGaps) {
  EXPECT_THAT(problems_of(R"({"until": "2026-01-01", "input": 1}, {"from": "2026-02-01", "input": 2})"),
              ElementsAre("p/m: no entry holds between 2026-01-01 and 2026-02-01"));
  EXPECT_THAT(problems_of(R"({"until": "2026-03-01", "input": 1}, {"from": "2026-02-01", "input": 2})"),
              ElementsAre("p/m: two entries hold from 2026-02-01 to 2026-03-01"));
  EXPECT_THAT(problems_of(R"({"input": 1}, {"input": 2})"), ElementsAre("p/m: two entries hold from the same date"));
}

TEST(CatalogCheck, FindsAbsurdFigures) {
  EXPECT_THAT(problems_of(R"({"input": 2500, "output": 2})"),
              ElementsAre("p/m: input costs 2500 USD a million: is that the price of a single token?"));
  EXPECT_THAT(problems_of(R"({"input": 1, "cache_read": 1.5})"),
              ElementsAre("p/m: reading from the cache costs more than input"));
  EXPECT_THAT(problems_of(R"({"input": 1, "tiers": {"batch": {"input": 2}}})"),
              ElementsAre("p/m: input costs more in a batch"));
  EXPECT_THAT(problems_of(R"({"input": 1, "long_context": [{"above": 10, "input": 0.5}]})"),
              ElementsAre("p/m: input costs less above 10 tokens"));
  EXPECT_THAT(problems_of(R"({"output": 1})"), ElementsAre("p/m: no price for input: calls have no cost"));
  EXPECT_THAT(problems_of(R"({"input": 1, "disputed": "input: a 1, b 2"})"),
              ElementsAre("p/m: sources disagree: input: a 1, b 2"));
}

TEST(CatalogCheck, FindsNamesThatTwoFilesClaim) {
  const embedded::File files[] = {
      {"a.json", R"({"provider": "p", "also": ["q"], "models": [{"id": "m", "prices": [{"input": 1}]}]})"},
      {"b.json", R"({"provider": "p", "also": ["q"], "models": [{"id": "n", "aliases": ["M"],
                    "prices": [{"input": 1}]}]})"}};
  std::vector<std::string> result;
  for (const Problem& problem : check_files(files)) result.push_back(problem.where + ": " + problem.what);
  EXPECT_THAT(result, ElementsAre("p: \"q\" is another provider's too", "p/n: \"M\" is a name of m too"));
}

TEST(CatalogCheck, TellsEveryMistakeAsAnError) {
  const embedded::File file{"a.json", "{\"provider\": \"p\",\n\"a\": 1,\n\"b\": 2}"};
  const auto problems = check_files({&file, 1});
  ASSERT_EQ(problems.size(), 2u);
  EXPECT_EQ(problems[1].severity, Problem::Severity::kError);
  EXPECT_EQ(problems[1].where, "a.json:3");
}

TEST(CatalogCheck, OurOwnFilesHaveNoMistakes) {
  for (const Problem& problem : check_files(BuiltinPrices())) {
    EXPECT_EQ(problem.severity, Problem::Severity::kWarning) << problem.where << ": " << problem.what;
    EXPECT_TRUE(problem.what.starts_with("sources disagree") || problem.what.ends_with("in a batch") ||
                problem.what.starts_with("cache_write costs less above"))
        << problem.where << ": " << problem.what;
  }
}

}  // namespace
}  // namespace tokometer::pricing
