#include "meter/usage_reader.h"

#include <gmock/gmock.h>

#include "provider/format_file.h"

namespace tokometer::meter {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

provider::UsageRules rules_of(std::string_view text) {
  const auto document = json::Document::parse(std::string(text));
  EXPECT_TRUE(document) << text;
  provider::Mistakes mistakes;
  auto rules = provider::compile_usage(provider::Merged::of("x.json", document->root()), mistakes);
  EXPECT_THAT(mistakes.messages(), IsEmpty()) << text;
  return rules;
}

// What `rules` read as input_tokens.
Count read_input(std::string_view expression, std::string_view details) {
  const auto rules = rules_of("{\"input_tokens\": " + std::string(expression) + "}");
  return read_usage(rules, details).usage.input_tokens;
}

TEST(UsageReader, TellsAbsentFromZero) {
  EXPECT_EQ(read_input(R"("$.a")", R"({"a": 0})"), 0);
  EXPECT_EQ(read_input(R"("$.a")", R"({"b": 0})"), std::nullopt);
  EXPECT_EQ(read_input(R"("$.a")", R"({"a": null})"), std::nullopt);
}

TEST(UsageReader, TakesTheFirstAlternativeThatIsThere) {
  EXPECT_EQ(read_input(R"(["$.a", "$.b"])", R"({"a": 1, "b": 2})"), 1);
  EXPECT_EQ(read_input(R"(["$.a", "$.b"])", R"({"b": 2})"), 2);
  EXPECT_EQ(read_input(R"(["$.a", "$.b"])", R"({"a": null, "b": 2})"), 2);
}

TEST(UsageReader, SumsWhatIsThere) {
  EXPECT_EQ(read_input(R"({"sum": ["$.a", "$.b"]})", R"({"a": 1, "b": 2})"), 3);
  EXPECT_EQ(read_input(R"({"sum": ["$.a", "$.b"]})", R"({"b": 2})"), 2);
  EXPECT_EQ(read_input(R"({"sum": ["$.a", "$.b"]})", R"({})"), std::nullopt);
  EXPECT_EQ(read_input(R"({"sum": ["$.a", ["$.c", "$.b"]]})", R"({"a": 1, "b": 2})"), 3);
  EXPECT_EQ(read_input(R"({"sum": ["$.a", "$.b"]})", R"({"a": 9223372036854775807, "b": 1})"), std::nullopt);
}

TEST(UsageReader, SubtractsAPartOfAWhole) {
  EXPECT_EQ(read_input(R"({"difference": ["$.total", "$.out"]})", R"({"total": 10, "out": 4})"), 6);
  EXPECT_EQ(read_input(R"({"difference": ["$.total", "$.out"]})", R"({"total": 4, "out": 10})"), std::nullopt);
  EXPECT_EQ(read_input(R"({"difference": ["$.total", "$.out"]})", R"({"total": 4})"), std::nullopt);
}

TEST(UsageReader, LeavesOutAWholeThatIsLessThanItsPart) {
  EXPECT_EQ(read_input(R"({"at_least": ["$.in", "$.cached"]})", R"({"in": 10, "cached": 10})"), 10);
  EXPECT_EQ(read_input(R"({"at_least": ["$.in", "$.cached"]})", R"({"in": 10, "cached": 11})"), std::nullopt);
  EXPECT_EQ(read_input(R"({"at_least": ["$.in", "$.cached"]})", R"({"in": 10})"), 10);
  EXPECT_EQ(read_input(R"({"at_least": ["$.in", "$.cached"]})", R"({"cached": 10})"), std::nullopt);
}

TEST(UsageReader, AddsUpWhatAQuerySelects) {
  EXPECT_EQ(
      read_input(R"("$.d[?@.m=='A'].n")", R"({"d": [{"m": "A", "n": 1}, {"m": "B", "n": 2}, {"m": "A", "n": 4}]})"), 5);
  EXPECT_EQ(read_input(R"("$.d[*].n")", R"({"d": [{"n": 1}, {"n": 2}]})"), 3);
  EXPECT_EQ(read_input(R"("$.d[?@.m=='A'].n")", R"({"d": []})"), std::nullopt);
}

TEST(UsageReader, TakesCountsThatAreWrittenOtherwise) {
  EXPECT_EQ(read_input(R"("$.a")", R"({"a": "12"})"), 12);
  EXPECT_EQ(read_input(R"("$.a")", R"({"a": 12.0})"), 12);
}

TEST(UsageReader, LeavesOutWhatIsNoCount) {
  for (const char* bad :
       {R"({"a": -1})", R"({"a": 1.5})", R"({"a": "many"})", R"({"a": true})", R"({"a": {}})", R"({"a": 1e30})"}) {
    EXPECT_EQ(read_input(R"("$.a")", bad), std::nullopt) << bad;
    EXPECT_TRUE(read_usage(rules_of(R"({"input_tokens": "$.a"})"), bad).bad_count) << bad;
  }
  EXPECT_FALSE(read_usage(rules_of(R"({"input_tokens": "$.a"})"), R"({"a": 1})").bad_count);
}

TEST(UsageReader, SaysWhichAlternativeGaveTheCounts) {
  const auto step = [](std::string_view rules, std::string_view details) {
    return read_usage(rules_of(rules), details).usage.step;
  };
  constexpr const char* kRules = R"({"input_tokens": ["$.a", "$.b"], "output_tokens": {"sum": [["$.o", "$.p"], "$.r"]},
                                    "cache_read_input_tokens": ["$.c", "$.d"]})";
  EXPECT_EQ(step(kRules, R"({"a": 1, "b": 2, "o": 1})"), UsageStep::kSpec);
  EXPECT_EQ(step(kRules, R"({"b": 2, "o": 1})"), UsageStep::kAlternative);
  EXPECT_EQ(step(kRules, R"({"a": 1, "p": 1})"), UsageStep::kAlternative);
  EXPECT_EQ(step(kRules, R"({"a": 1, "d": 1})"), UsageStep::kSpec) << "a part decides nothing";
  EXPECT_EQ(step(kRules, R"({"d": 1})"), UsageStep::kNone);
}

TEST(UsageReader, SaysWhetherAnythingWasReported) {
  constexpr const char* kRules = R"({"input_tokens": "$.i", "output_tokens": "$.o", "total_tokens": "$.t"})";
  const auto rules = rules_of(kRules);
  EXPECT_EQ(read_usage(rules, R"({"i": 0})").usage.source, UsageSource::kReported);
  EXPECT_EQ(read_usage(rules, R"({"o": 3})").usage.source, UsageSource::kReported);
  EXPECT_EQ(read_usage(rules, R"({"t": 3})").usage.source, UsageSource::kNone);
  EXPECT_EQ(read_usage(rules, R"({"t": 3})").usage.total_tokens, 3);
  EXPECT_EQ(read_usage(rules, R"({"seconds": 3})").usage.details, R"({"seconds": 3})");
}

TEST(UsageReader, ReadsToolCallsAndCost) {
  const auto rules = rules_of(
      R"({"tool_calls": {"web_search": "$.searches"}, "cost_usd": {"from": ["$.usd", "$.ticks"], "scale": 10}})");
  const Usage usage = read_usage(rules, R"({"searches": 2, "ticks": 232856000})").usage;
  EXPECT_THAT(usage.tool_calls, ElementsAre(Pair("web_search", 2)));
  EXPECT_EQ(usage.provider_cost_usd, "0.0232856");
}

TEST(UsageReader, AddsUpACostOfSeveralNumbers) {
  const auto rules = rules_of(R"({"cost_usd": {"from": [{"sum": ["$.fee", "$.upstream"]}, "$.cost"]}})");
  const auto cost = [&](std::string_view details) { return read_usage(rules, details).usage.provider_cost_usd; };
  EXPECT_EQ(cost(R"({"fee": 0.0001, "upstream": 0.0025})"), "0.0026");
  EXPECT_EQ(cost(R"({"fee": 0, "upstream": 9.99})"), "9.99");
  EXPECT_EQ(cost(R"({"fee": 0.01, "upstream": 9.99})"), "10");
  EXPECT_EQ(cost(R"({"fee": 1e-7, "upstream": 12})"), "12.0000001");
  EXPECT_EQ(cost(R"({"fee": 99999999999999999999, "upstream": 1})"), "100000000000000000000");
  // Not unless both are there.
  EXPECT_EQ(cost(R"({"fee": 1, "upstream": null, "cost": 7})"), "7");
  EXPECT_EQ(cost(R"({"upstream": 1})"), "");
  EXPECT_EQ(cost(R"({"fee": 1, "upstream": -1})"), "");
}

TEST(PlainDecimal, MovesThePointExactly) {
  EXPECT_EQ(plain_decimal("232856000", 10), "0.0232856");
  EXPECT_EQ(plain_decimal("0.00041", 0), "0.00041");
  EXPECT_EQ(plain_decimal("1.5e-7", 0), "0.00000015");
  EXPECT_EQ(plain_decimal("2.5E+3", 0), "2500");
  EXPECT_EQ(plain_decimal("0", 5), "0");
  EXPECT_EQ(plain_decimal("10.00", 0), "10");
  EXPECT_EQ(plain_decimal("1e3", 2), "10");
  EXPECT_EQ(plain_decimal("-1", 0), "");
  EXPECT_EQ(plain_decimal("1e999999999", 0), "");
  EXPECT_EQ(plain_decimal("1e60", 0), "");
}

}  // namespace
}  // namespace tokometer::meter
