#include "app/budgets.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace tokometer::app {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr std::int64_t kDollar = 1'000'000'000'000;

class BudgetsTest : public ::testing::Test {
 protected:
  static client::CallContext context(const std::string& run, std::string_view budget) {
    return {.run = run, .budget = client::parse_budget(budget).value()};
  }
  static event::Event call(const std::string& run, std::int64_t picodollars, std::int64_t tokens) {
    event::Event event;
    event.run = run;
    event.cost_picodollars = picodollars;
    event.usage.total_tokens = tokens;
    return event;
  }

  std::vector<std::string> lines;
  Log log{LogLevel::kWarn, [this](LogLevel, std::string_view line) { lines.emplace_back(line); }};
  Budgets budgets{log};
};

TEST_F(BudgetsTest, RefusesOnceMoneyIsUsedUp) {
  const auto run = context("r", "1usd hard");
  EXPECT_FALSE(budgets.refuse(run));
  budgets.add(call("r", kDollar - 1, 5));
  EXPECT_FALSE(budgets.refuse(run));
  budgets.add(call("r", 1, 5));
  const auto refusal = budgets.refuse(run);
  ASSERT_TRUE(refusal);
  EXPECT_EQ(refusal->status, 402);
  EXPECT_EQ(refusal->code, "budget_exceeded");
  EXPECT_THAT(refusal->message, HasSubstr("$1.00 of $1"));
}

TEST_F(BudgetsTest, RefusesOnceTokensAreUsedUp) {
  const auto run = context("r", "10tok 9usd hard");
  EXPECT_FALSE(budgets.refuse(run));
  event::Event event = call("r", 0, 0);
  event.usage.total_tokens.reset();
  event.usage.input_tokens = 7;
  event.usage.output_tokens = 3;
  budgets.add(event);
  EXPECT_THAT(budgets.refuse(run)->message, HasSubstr("10 of 10 tokens"));
}

TEST_F(BudgetsTest, ASoftBudgetIsOnlyTold) {
  const auto run = context("r", "10tok");
  EXPECT_FALSE(budgets.refuse(run));
  budgets.add(call("r", 0, 10));
  budgets.add(call("r", 0, 10));
  EXPECT_FALSE(budgets.refuse(run));
  EXPECT_THAT(lines, ElementsAre(HasSubstr("run r: its budget is used up: 10 of 10 tokens")));
}

TEST_F(BudgetsTest, ExactFiguresCountOnlyWhatIsMoreThanTheirEstimate) {
  const auto run = context("r", "10tok 1usd hard");
  EXPECT_FALSE(budgets.refuse(run));
  budgets.add(call("r", kDollar / 2, 6));
  budgets.add(call("r", kDollar / 2, 4), {.tokens = 6, .picodollars = kDollar / 2, .run = "r"});
  EXPECT_FALSE(budgets.refuse(run));
  budgets.add(call("r", 0, 10), {.tokens = 6, .run = "r"});
  EXPECT_THAT(budgets.refuse(run)->message, HasSubstr("$0.50 of $1, 10 of 10 tokens"));
}

TEST_F(BudgetsTest, AnEstimateCountedForItsOwnRunOnly) {
  EXPECT_FALSE(budgets.refuse(context("a", "10tok hard")));
  EXPECT_FALSE(budgets.refuse(context("b", "10tok hard")));
  budgets.add(call("a", 0, 9));
  budgets.add(call("b", 0, 10), {.tokens = 9, .run = "a"});
  EXPECT_FALSE(budgets.refuse(context("a", "10tok hard")));
  EXPECT_TRUE(budgets.refuse(context("b", "10tok hard")));
}

TEST_F(BudgetsTest, RunsDoNotMix) {
  EXPECT_FALSE(budgets.refuse(context("a", "10tok hard")));
  EXPECT_FALSE(budgets.refuse(context("b", "10tok hard")));
  budgets.add(call("a", 0, 10));
  budgets.add(call("c", 0, 10));
  EXPECT_TRUE(budgets.refuse(context("a", "10tok hard")));
  EXPECT_FALSE(budgets.refuse(context("b", "10tok hard")));
  EXPECT_FALSE(budgets.refuse({.run = "a"})) << "without a budget nothing is refused";
  EXPECT_FALSE(budgets.refuse(context("", "10tok hard")));
}

TEST_F(BudgetsTest, WhatARunWithinARunUsesCountsForBoth) {
  auto outer = context("o", "10tok hard");
  auto inner = client::context_within(outer, "i").value();
  inner.budget = client::parse_budget("100tok hard").value();
  EXPECT_FALSE(budgets.refuse(inner)) << "the outer one has made no call of its own";
  budgets.add(call(inner.run, 0, 10));
  EXPECT_THAT(budgets.refuse(inner)->message, HasSubstr("10 of 10 tokens"));
  EXPECT_TRUE(budgets.refuse(outer));
  inner.outer.clear();
  EXPECT_FALSE(budgets.refuse(inner)) << "its own has room";
  budgets.add(call("other", 0, 1));
  budgets.add(call(inner.run, 0, 90));
  EXPECT_THAT(budgets.refuse(inner)->message, HasSubstr("100 of 100 tokens"));
}

TEST_F(BudgetsTest, SaysWhatIsSpent) {
  const auto spent = [](std::string_view budget, std::int64_t picodollars, std::int64_t tokens) {
    return spent_text(client::parse_budget(budget).value(), picodollars, tokens);
  };
  EXPECT_EQ(spent("0.001usd", 4'250'000'000, 0), "$0.00425 of $0.001");
  EXPECT_EQ(spent("0.50usd", kDollar / 4, 0), "$0.25 of $0.50");
  EXPECT_EQ(spent("5usd", 0, 0), "$0.00 of $5");
  EXPECT_EQ(spent("2000usd", 1'234 * kDollar + kDollar / 2 + kDollar / 1'000, 0), "$1,234.50 of $2,000");
  EXPECT_EQ(spent("1tok", 0, 3'000), "3,000 of 1 token");
  EXPECT_EQ(spent("1usd 2Mtok", kDollar - 1, 1'200), "$0.999999 of $1, 1,200 of 2,000,000 tokens") << "not yet used up";
}

TEST_F(BudgetsTest, WhatBillsNothingAddsNothing) {
  EXPECT_FALSE(budgets.refuse(context("r", "10tok hard")));
  event::Event event = call("r", 0, 100);
  event.billable = false;
  budgets.add(event);
  EXPECT_FALSE(budgets.refuse(context("r", "10tok hard")));
}

TEST_F(BudgetsTest, ForgetsTheRunThatWasNotUsedForLongest) {
  Budgets small(log, {.runs = 2});
  for (const std::string run : {"a", "b"}) {
    EXPECT_FALSE(small.refuse(context(run, "10tok hard")));
    small.add(call(run, 0, 10));
  }
  EXPECT_TRUE(small.refuse(context("a", "10tok hard")));
  EXPECT_FALSE(small.refuse(context("c", "10tok hard")));
  EXPECT_EQ(small.runs(), 2U);
  EXPECT_TRUE(small.refuse(context("a", "10tok hard"))) << "used since";
  EXPECT_FALSE(small.refuse(context("b", "10tok hard"))) << "forgotten";
}

}  // namespace
}  // namespace tokometer::app
