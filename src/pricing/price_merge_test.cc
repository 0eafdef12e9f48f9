#include "pricing/price_merge.h"

#include <gtest/gtest.h>

#include "pricing/figures.h"
#include "pricing/price_file_text.h"

namespace tokometer::pricing {
namespace {

const ListKind kFirst{.name = "first", .title = "First", .url = "", .format = {}, .providers = {}};
const ListKind kSecond{.name = "second", .title = "Second", .url = "", .format = {}, .providers = {}};
const ListKind kThird{.name = "third", .title = "Third", .url = "", .format = {}, .providers = {}};

PriceList list_of(const ListKind& kind, std::string_view models) {
  json::Mistakes mistakes("list.json");
  PriceList list;
  list.kind = &kind;
  list.files.push_back(
      read_price_file(R"({"provider": "p", "models": [)" + std::string(models) + "]}", Origin::kImported, mistakes));
  EXPECT_TRUE(mistakes.empty()) << (mistakes.empty() ? "" : mistakes.first().message);
  return list;
}

MergedPrices merged(std::string_view first, std::string_view second, std::string_view third = "") {
  const PriceList lists[] = {list_of(kFirst, first), list_of(kSecond, second), list_of(kThird, third)};
  const DatedList dated[] = {{&lists[0], "2026-01-01"}, {&lists[1], "2026-01-02"}, {&lists[2], "2026-01-03"}};
  auto result = merge_price_lists(dated);
  EXPECT_EQ(result.size(), 1u);
  return result.empty() ? MergedPrices() : std::move(result[0]);
}

// The lines of the models.
std::string models_of(const MergedPrices& prices) {
  const std::string text = price_file_text(prices.file);
  const auto from = text.find("[\n") + 2;
  return text.substr(from, text.rfind("\n]}") - from);
}

TEST(PriceMerge, WhatAllSayIsIt) {
  const std::string_view one = R"({"id": "m", "prices": [{"input": 1, "output": 2}]})";
  const MergedPrices prices = merged(one, one, one);
  EXPECT_EQ(models_of(prices), R"({"id":"m","prices":[{"sources":["first","second","third"],"input":1,"output":2}]})");
  EXPECT_EQ(prices.agreed_by_three, 1u);
  EXPECT_EQ(prices.file.sources[0], (std::pair<std::string, std::string>{"first", "First, 2026-01-01"}));
}

TEST(PriceMerge, TwoOutvoteOne) {
  const MergedPrices prices = merged(R"({"id": "m", "prices": [{"input": 1, "output": 2}]})",
                                     R"({"id": "M", "prices": [{"input": 1, "output": 2, "cache_read": 0.1}]})",
                                     R"({"id": "m", "prices": [{"input": 1, "output": 3, "cache_write": 9}]})");
  // What only the outvoted list says of the model is not taken.
  EXPECT_EQ(models_of(prices),
            R"({"id":"m","prices":[{"sources":["first","second"],)"
            R"("disputed":"output: first 2, second 2, third 3","input":1,"cache_read":0.1,"output":2}]})");
  EXPECT_EQ(prices.disputed, 1u);
}

TEST(PriceMerge, AListOfBeforeAPriceHeldHasNoVoteOnIt) {
  const std::string_view old = R"({"id": "m", "prices": [{"input": 2, "cache_write_1h": 4}]})";
  const MergedPrices prices =
      merged(old, old, R"({"id": "m", "prices": [{"input": 2}, {"from": "2026-02-01", "input": 3}]})");
  EXPECT_EQ(models_of(prices),
            R"({"id":"m","prices":[{"from":"2026-02-01","sources":["third"],)"
            R"("disputed":"input: first 2, second 2, third 3","input":3},{"sources":["third"],"input":2}]})");
  // From a day that the others know, they have one.
  const MergedPrices known =
      merged(old, old, R"({"id": "m", "prices": [{"input": 2}, {"from": "2025-12-01", "input": 3}]})");
  EXPECT_EQ(figures_of(known.file.models[0].entries[0]).at("input"),
            figures_of(prices.file.models[0].entries[1]).at("input"));
}

TEST(PriceMerge, OfTwoThatDisagreeTheNewerIsTaken) {
  const MergedPrices prices =
      merged(R"({"id": "m", "prices": [{"input": 1}]})", R"({"id": "m", "prices": [{"input": 4}]})");
  EXPECT_EQ(models_of(prices),
            R"({"id":"m","prices":[{"sources":["second"],"disputed":"input: first 1, second 4","input":4}]})");
}

TEST(PriceMerge, ReleasesThatCostTheSameAreOneModel) {
  const MergedPrices prices = merged(R"({"id": "m", "prices": [{"input": 1}]})",
                                     R"({"id": "m-20250101", "prices": [{"input": 1}]},
                                        {"id": "m-20240101", "prices": [{"input": 5}]})",
                                     R"({"id": "m", "prices": [{"input": 1}]})");
  EXPECT_EQ(models_of(prices), R"({"id":"m","prices":[{"sources":["first","third"],"input":1}]},)"
                               "\n"
                               R"({"id":"m-20240101","prices":[{"sources":["second"],"input":5}]})");
}

TEST(PriceMerge, OneReleaseAloneKeepsItsName) {
  EXPECT_EQ(models_of(merged(R"({"id": "m-20250101", "prices": [{"input": 1}]})", "")),
            R"({"id":"m-20250101","prices":[{"sources":["first"],"input":1}]})");
}

TEST(PriceMerge, OtherNamesAreAliasesWhereTheyCostTheSame) {
  EXPECT_EQ(models_of(merged(R"({"id": "m", "aliases": ["n", "o"], "prices": [{"input": 1}]})",
                             R"({"id": "o", "prices": [{"input": 2}]})")),
            R"({"id":"m","aliases":["n"],"prices":[{"sources":["first"],"input":1}]},)"
            "\n"
            R"({"id":"o","prices":[{"sources":["second"],"disputed":"input: first 1, second 2","input":2}]})");
}

TEST(PriceMerge, TheBeginningOfAReleaseIsThatOfItsModel) {
  const MergedPrices prices =
      merged(R"({"id": "ft:m-2024-08-06", "prefixes": ["ft:m-2024-08-06"], "prices": [{"input": 1}]})",
             R"({"id": "ft:m", "prefixes": ["ft:m-2024"], "prices": [{"input": 1}]})");
  EXPECT_EQ(models_of(prices),
            R"({"id":"ft:m","prefixes":["ft:m","ft:m-2024"],"prices":[{"sources":["first","second"],"input":1}]})");
}

TEST(PriceMerge, ABeginningOfNamesHasOneModel) {
  const MergedPrices prices =
      merged(R"({"id": "ft:m-2024-08-06", "prefixes": ["ft:m-2024-08-06"], "prices": [{"input": 1}]},
                {"id": "ft:m-2024-11-20", "prefixes": ["ft:m-2024-11-20"], "prices": [{"input": 2}]})",
             "");
  EXPECT_EQ(models_of(prices),
            R"({"id":"ft:m-2024-08-06","prefixes":["ft:m-2024-08-06"],"prices":[{"sources":["first"],"input":1}]},)"
            "\n"
            R"({"id":"ft:m-2024-11-20","prefixes":["ft:m-2024-11-20"],"prices":[{"sources":["first"],"input":2}]})");
}

TEST(PriceMerge, KeepsWhatOneListKnowsOfThePast) {
  EXPECT_EQ(models_of(merged(R"({"id": "m", "prices": [{"from": "2026-01-01", "input": 1}, {"input": 3}]})",
                             R"({"id": "m", "prices": [{"input": 1}]})")),
            R"({"id":"m","prices":[{"from":"2026-01-01","sources":["first","second"],"input":1},)"
            R"({"sources":["first"],"input":3}]})");
}

}  // namespace
}  // namespace tokometer::pricing
