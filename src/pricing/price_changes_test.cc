#include "pricing/price_changes.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "pricing/price_file_text.h"

// g++ 12 warns of designated initializers that leave members at their defaults.
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

namespace tokometer::pricing {
namespace {

using ::testing::ElementsAre;
using ::testing::StartsWith;

const UtcTime kToday = *parse_rfc3339("2026-11-25");

constexpr std::string_view kOurs = R"({"provider": "p", "sources": {"s": "ours"}, "models": [
  {"id": "m", "aliases": ["grand"], "prices": [{"from": "2026-01-01", "sources": ["s"], "input": 1, "output": 2,
    "tiers": {"batch": {"input": 0.5}}}]},
  {"id": "n", "prices": [{"input": 7}]},
  {"id": "fees", "prices": [{"input": 1, "requests": [{"usage": "$.size", "is": "high", "price": 12}, {"price": 5}]}]}]})";

class PriceChanges : public testing::Test {
 protected:
  void SetUp() override { std::filesystem::create_directories(folder_); }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::shared_ptr<const Catalog> catalog() const {
    const embedded::File ours{"p.json", kOurs};
    auto loaded = Catalog::load(std::span(&ours, 1), {.imported = folder_, .user = {}});
    EXPECT_TRUE(loaded) << (loaded ? "" : loaded.error().message);
    return loaded ? *loaded : nullptr;
  }
  static PriceFile listed(std::string_view models) {
    json::Mistakes mistakes("list.json");
    PriceFile file = read_price_file(
        R"({"provider": "p", "sources": {"l": "list, 2026-11-25"}, "models": [)" + std::string(models) + "]}",
        Origin::kImported, mistakes);
    EXPECT_TRUE(mistakes.empty()) << (mistakes.empty() ? "" : mistakes.first().message);
    return file;
  }
  static std::string text_of(const std::vector<ModelChange>& changes) {
    std::string text;
    for (const ModelChange& change : changes) {
      text += std::string(1, "n*-"[static_cast<int>(change.kind)]) + change.model + ":";
      for (const FigureChange& figure : change.figures) {
        text += " " + figure.what + " " + figure.before + ">" + figure.after;
      }
      text += "\n";
    }
    return text;
  }
  // Writes what `models` change, from `from` on, and gives the changes.
  std::string import(std::string_view models, UtcTime from) {
    const PriceFile file = listed(models);
    const auto changes = price_changes(file, *catalog(), kToday, from);
    PriceFile before;
    if (std::ifstream old(folder_ / "p.json"); old) {
      json::Mistakes mistakes("p.json");
      before = read_price_file(std::string(std::istreambuf_iterator<char>(old), {}), Origin::kImported, mistakes);
    }
    std::ofstream(folder_ / "p.json") << price_file_text(with_changes(std::move(before), changes, from, file));
    return text_of(changes);
  }
  std::string input_price(std::string_view model, const char* time) const {
    const meter::Usage usage{.input_tokens = 1'000'000, .output_tokens = 0};
    const auto cost = catalog()->cost({"p", model, "", *parse_rfc3339(time)}, usage);
    return cost ? usd_text(cost->total) : "unknown";
  }

  const std::filesystem::path folder_ = std::filesystem::path(testing::TempDir()) / "tokometer_price_changes_test";
};

TEST_F(PriceChanges, NothingWhereAllIsKnown) {
  EXPECT_EQ(import(R"({"id": "M", "prices": [{"input": 1}]}, {"id": "grand", "prices": [{"output": 2}]},
                      {"id": "m-20260101", "prices": [{"input": 1}]})",
                   kToday),
            "");
}

TEST_F(PriceChanges, ANewModelHoldsForEver) {
  EXPECT_EQ(import(R"({"id": "x", "prices": [{"sources": ["l"], "input": 3}]})", kToday), "nx: input >3\n");
  EXPECT_EQ(input_price("x", "2020-01-01"), "3");
  EXPECT_EQ(import(R"({"id": "x", "prices": [{"sources": ["l"], "input": 3}]})", kToday), "");  // a second time
}

TEST_F(PriceChanges, AChangedPriceHoldsFromItsDateOn) {
  EXPECT_EQ(import(R"({"id": "m", "prices": [{"sources": ["l"], "input": 4, "cache_read": 0.1}]})", kToday),
            "*m: cache_read >0.1 input 1>4 batch input 0.5>2\n");
  EXPECT_EQ(input_price("m", "2026-11-24"), "1");
  EXPECT_EQ(input_price("m", "2026-11-25"), "4");
  // What the list does not know stays: the alias, and what share of it a batch costs.
  EXPECT_EQ(input_price("grand", "2026-11-25"), "4");
  const auto batch =
      catalog()->cost({"p", "m", "", kToday}, {.input_tokens = 1'000'000, .output_tokens = 0, .service_tier = "batch"});
  EXPECT_EQ(usd_text(batch->total), "2");
  // The same day again, another figure: the one of today is replaced, the past stays.
  EXPECT_EQ(import(R"({"id": "m", "prices": [{"sources": ["l"], "input": 5}]})", kToday),
            "*m: input 4>5 batch input 2>2.5\n");
  EXPECT_EQ(input_price("m", "2026-11-25"), "5");
  EXPECT_EQ(input_price("m", "2026-11-24"), "1");
  EXPECT_EQ(catalog()->find("p", "m")->entries.size(), 2u);
}

TEST_F(PriceChanges, ATierThatTheListStatesIsItsOwn) {
  EXPECT_EQ(
      import(R"({"id": "m", "prices": [{"sources": ["l"], "input": 4, "tiers": {"batch": {"input": 0.5}}}]})", kToday),
      "*m: input 1>4\n");
  EXPECT_EQ(
      import(R"({"id": "m", "prices": [{"sources": ["l"], "input": 4, "tiers": {"batch": {"input": 3}}}]})", kToday),
      "*m: batch input 0.5>3\n");
}

TEST_F(PriceChanges, SourcesAreThoseOfEachFigure) {
  // The output is ours still, the price of batches follows from the list's.
  import(R"({"id": "m", "prices": [{"sources": ["l"], "input": 4}]})", kToday);
  EXPECT_THAT(catalog()->find("p", "m")->entries.front().sources,
              ElementsAre("list, 2026-11-25", StartsWith("in proportion to"), "ours"));
  import(R"({"id": "m", "prices": [{"sources": ["l"], "input": 5, "output": 9, "tiers": {"batch": {"input": 3}}}]})",
         kToday);
  EXPECT_THAT(catalog()->find("p", "m")->entries.front().sources, ElementsAre("list, 2026-11-25"));
}

TEST_F(PriceChanges, PricesByTheHourAreTakenOverTogether) {
  const std::string_view both = R"({"id": "m", "prices": [{"hours": "00:30-16:30", "sources": ["l"], "input": 4},
                                                          {"sources": ["l"], "input": 0.5}]})";
  EXPECT_EQ(import(both, kToday),
            "*m: input 1>0.5 batch input 0.5>0.25 00:30-16:30 input 1>4 00:30-16:30 batch input 0.5>2\n");
  EXPECT_EQ(input_price("m", "2026-11-25T12:00:00Z"), "4");
  EXPECT_EQ(input_price("m", "2026-11-25T20:00:00Z"), "0.5");
  EXPECT_EQ(input_price("m", "2026-11-24T12:00:00Z"), "1");
  EXPECT_EQ(import(both, kToday), "");
  // One of them changes: the other stays as it is.
  EXPECT_EQ(import(R"({"id": "m", "prices": [{"hours": "00:30-16:30", "sources": ["l"], "input": 6},
                                             {"sources": ["l"], "input": 0.5}]})",
                   kToday),
            "*m: 00:30-16:30 input 4>6 00:30-16:30 batch input 2>3\n");
  EXPECT_EQ(input_price("m", "2026-11-25T12:00:00Z"), "6");
  EXPECT_EQ(input_price("m", "2026-11-25T20:00:00Z"), "0.5");
}

TEST_F(PriceChanges, CanBeDatedBackOnceTakenOver) {
  const std::string_view one = R"({"id": "m", "prices": [{"sources": ["l"], "input": 4}]})";
  EXPECT_EQ(import(one, kToday), "*m: input 1>4 batch input 0.5>2\n");
  EXPECT_EQ(import(one, *parse_rfc3339("2026-10-01")), "*m: input 1>4 batch input 0.5>2\n");
  EXPECT_EQ(input_price("m", "2026-10-02"), "4");
  EXPECT_EQ(input_price("m", "2026-09-30"), "1");
  EXPECT_EQ(import(one, *parse_rfc3339("2026-10-01")), "");
}

TEST_F(PriceChanges, AListOfBeforeThePriceInForceChangesNothing) {
  const auto changes = [&](std::string_view source, std::string_view model) {
    json::Mistakes mistakes("list.json");
    const PriceFile file = read_price_file(fmt::format(R"({{"provider": "p", "sources": {{"l": "{}"}}, "models": [
          {{"id": "{}", "prices": [{{"sources": ["l"], "input": 9}}]}}]}})",
                                                       source, model),
                                           Origin::kImported, mistakes);
    return text_of(price_changes(file, *catalog(), kToday, kToday));
  };
  EXPECT_EQ(changes("list, 2025-12-31", "m"), "");
  EXPECT_EQ(changes("list, 2026-01-01", "m"), "*m: input 1>9 batch input 0.5>4.5\n");
  EXPECT_EQ(changes("list", "m"), "*m: input 1>9 batch input 0.5>4.5\n");
  // What was imported is as old as its list, not as its first day.
  import(R"({"id": "m", "prices": [{"sources": ["l"], "input": 4}]})", kToday);
  EXPECT_EQ(changes("list, 2026-11-24", "m"), "");
  EXPECT_EQ(changes("list, 2026-11-25", "m"), "*m: input 4>9 batch input 2>4.5\n");
}

TEST_F(PriceChanges, NoOutputBecomesFreeBesideAnInputThatIsNot) {
  const PriceFile file = listed(R"({"id": "m", "prices": [{"sources": ["l"], "input": 1, "output": 0,
      "long_context": [{"above": 128000, "input": 2, "output": 0}]}]})");
  EXPECT_EQ(text_of(price_changes(file, *catalog(), kToday, kToday)), "*m: input >128000 >2\n");
}

TEST_F(PriceChanges, AListOfAGuessedDayLeavesPricesThatHaveADay) {
  const PriceFile file = listed(R"({"id": "m", "prices": [{"sources": ["l"], "input": 9}]},
                                   {"id": "n", "prices": [{"sources": ["l"], "input": 9}]},
                                   {"id": "new", "prices": [{"sources": ["l"], "input": 9}]})");
  EXPECT_EQ(text_of(price_changes(file, *catalog(), kToday, kToday, ListDay::kGuessed)),
            "*n: input 7>9\nnnew: input >9\n");
  EXPECT_EQ(text_of(price_changes(file, *catalog(), kToday, kToday)),
            "*m: input 1>9 batch input 0.5>4.5\n*n: input 7>9\nnnew: input >9\n");
}

TEST_F(PriceChanges, AListOfBeforeAllSourcesOfAPriceChangesNothing) {
  constexpr std::string_view kSourced = R"({"provider": "p",
    "sources": {"a": "list, 2026-05-01", "b": "page, 2026-11-26"},
    "models": [{"id": "m", "prices": [{"sources": ["a", "b"], "input": 1}]}]})";
  const embedded::File ours{"p.json", kSourced};
  const auto sourced = Catalog::load(std::span(&ours, 1), {});
  ASSERT_TRUE(sourced);
  const auto changes = [&](std::string_view day) {
    json::Mistakes mistakes("list.json");
    const PriceFile file = read_price_file(fmt::format(R"({{"provider": "p", "sources": {{"l": "list, {}"}}, "models": [
          {{"id": "m", "prices": [{{"sources": ["l"], "input": 9}}]}}]}})",
                                                       day),
                                           Origin::kImported, mistakes);
    return text_of(price_changes(file, **sourced, kToday, kToday));
  };
  EXPECT_EQ(changes("2026-04-30"), "");
  EXPECT_EQ(changes("2026-05-01"), "*m: input 1>9\n");
}

TEST_F(PriceChanges, FeesThatDependOnTheRequestStay) {
  EXPECT_EQ(import(R"({"id": "fees", "prices": [{"input": 1, "tools": {"web_search": 8},
                      "requests": [{"price": 12}]}]})",
                   kToday),
            "");
  EXPECT_EQ(import(R"({"id": "fees", "prices": [{"input": 2, "requests": [{"price": 12}]}]})", kToday),
            "*fees: input 1>2\n");
  EXPECT_EQ(catalog()->find("p", "fees")->entries.front().requests.size(), 2u);
}

TEST_F(PriceChanges, LeavesOutWhatSaysNothing) {
  EXPECT_EQ(import(R"({"id": "n", "prices": [{"input": 7, "output": 0}]})", kToday), "");
  EXPECT_EQ(import(R"({"id": "m", "prices": [{"input": 1, "tiers": {"batch": {"input": 0.5, "output": 0}}}]})", kToday),
            "");
  EXPECT_EQ(import(R"({"id": "m", "prices": [{"output": 2, "reasoning": 2}]})", kToday), "");
  EXPECT_EQ(import(R"({"id": "m", "prices": [{"output": 2, "reasoning": 3}]})", kToday), "*m: reasoning >3\n");
  EXPECT_EQ(import(R"({"id": "e", "prices": [{"input": 7, "output": 0}]})", kToday), "ne: input >7\n-m:\n");
}

TEST_F(PriceChanges, SaysWhichFiguresAreDisputed) {
  const auto changes = price_changes(listed(R"({"id": "m", "prices": [
      {"disputed": "cache_read: a 1, b 2; input: a 4, b 5", "input": 5, "output": 3}]})"),
                                     *catalog(), kToday, kToday);
  ASSERT_EQ(changes.size(), 1u);
  ASSERT_EQ(changes[0].figures.size(), 3u);
  EXPECT_EQ(changes[0].figures[0].disputed, "a 4, b 5");
  EXPECT_EQ(changes[0].figures[1].disputed, "");
}

TEST_F(PriceChanges, OursOfALaterDateWins) {
  EXPECT_EQ(import(R"({"id": "m", "prices": [{"input": 9}]})", *parse_rfc3339("2025-06-01")),
            "*m: input 1>9 batch input 0.5>4.5\n");
  EXPECT_EQ(input_price("m", "2025-07-01"), "9");
  EXPECT_EQ(input_price("m", "2026-01-02"), "1");
}

TEST_F(PriceChanges, AReleaseWithAPriceOfItsOwnIsKeptApart) {
  EXPECT_EQ(import(R"({"id": "m-20260601", "prices": [{"input": 8}]})", kToday),
            "*m-20260601: input 1>8 batch input 0.5>4\n");
  EXPECT_EQ(input_price("m-20260601", "2026-12-01"), "8");
  EXPECT_EQ(input_price("m", "2026-12-01"), "1");
}

TEST_F(PriceChanges, WhatIsGoneIsSaidAndKept) {
  import(R"({"id": "x", "prices": [{"input": 3}]})", kToday);
  EXPECT_EQ(import(R"({"id": "n", "prices": [{"input": 7}]})", kToday), "-x:\n");
  EXPECT_EQ(input_price("x", "2026-12-01"), "3");
}

}  // namespace
}  // namespace tokometer::pricing
