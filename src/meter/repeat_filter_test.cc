#include "meter/repeat_filter.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <deque>
#include <random>
#include <string>

namespace tokometer::meter {
namespace {

TEST(RepeatFilter, CountsAResponseOnce) {
  RepeatFilter filter;
  EXPECT_TRUE(filter.first("openai", "resp_1"));
  EXPECT_FALSE(filter.first("openai", "resp_1"));
  EXPECT_TRUE(filter.first("openai", "resp_2"));
  EXPECT_TRUE(filter.first("azure", "resp_1"));
}

TEST(RepeatFilter, KnowsNothingOfNamelessResponses) {
  RepeatFilter filter;
  EXPECT_TRUE(filter.first("openai", ""));
  EXPECT_TRUE(filter.first("openai", ""));
}

TEST(RepeatFilter, ForgetsTheOldest) {
  RepeatFilter filter(2);
  EXPECT_TRUE(filter.first("p", "1"));
  EXPECT_TRUE(filter.first("p", "2"));
  EXPECT_TRUE(filter.first("p", "3"));
  EXPECT_FALSE(filter.first("p", "2"));
  EXPECT_FALSE(filter.first("p", "3"));
  EXPECT_TRUE(filter.first("p", "1"));
}

// Against a plain list of the last responses: whatever the table does when it grows and when entries go.
TEST(RepeatFilter, RemembersExactlyTheLast) {
  constexpr int kCapacity = 100;
  RepeatFilter filter(kCapacity);
  std::deque<int> last;
  std::mt19937 random(7);
  for (int i = 0; i < 20'000; ++i) {
    const int id = static_cast<int>(random() % 300);
    const bool known = std::ranges::find(last, id) != last.end();
    ASSERT_EQ(filter.first("p", std::to_string(id)), !known) << i;
    if (known) continue;
    last.push_back(id);
    if (last.size() > kCapacity) last.pop_front();
  }
}

TEST(RepeatFilter, GivesTheEventThatCountsAResponseWithoutItsUsageOnce) {
  RepeatFilter filter;
  Uuid event;
  event.bytes[0] = 7;
  filter.note_provisional("openai", "resp_1", event);
  filter.note_provisional("openai", "resp_1", Uuid());
  EXPECT_TRUE(filter.knows("openai", "resp_1"));
  EXPECT_FALSE(filter.knows("azure", "resp_1"));
  EXPECT_TRUE(filter.first("openai", "resp_1"));
  EXPECT_EQ(filter.take_provisional("openai", "resp_1"), event);
  EXPECT_EQ(filter.take_provisional("openai", "resp_1"), std::nullopt);
  // What stated its usage needs no other event.
  filter.note_provisional("openai", "resp_1", event);
  EXPECT_EQ(filter.take_provisional("openai", "resp_1"), std::nullopt);
  EXPECT_TRUE(filter.knows("openai", "resp_1"));
}

TEST(RepeatFilter, KnowsNothingOfNamelessEvents) {
  RepeatFilter filter;
  filter.note_provisional("openai", "", Uuid());
  EXPECT_FALSE(filter.knows("openai", ""));
}

TEST(RepeatFilter, ForgetsTheOldestEventsWithoutUsage) {
  RepeatFilter filter;
  for (std::size_t i = 0; i <= RepeatFilter::kProvisional; ++i) {
    filter.note_provisional("p", std::to_string(i), Uuid());
  }
  EXPECT_FALSE(filter.knows("p", "0"));
  EXPECT_TRUE(filter.knows("p", "1"));
  EXPECT_TRUE(filter.knows("p", std::to_string(RepeatFilter::kProvisional)));
}

TEST(RepeatFilter, RemembersAnEarlierRun) {
  RepeatFilter filter;
  Uuid event;
  event.bytes[0] = 7;
  const std::array stated = {RepeatFilter::key("p", "1")};
  const std::array provisional = {RepeatFilter::Provisional{RepeatFilter::key("p", "1"), Uuid()},
                                  RepeatFilter::Provisional{RepeatFilter::key("p", "2"), event}};
  filter.remember(stated, provisional);
  EXPECT_FALSE(filter.first("p", "1"));
  EXPECT_EQ(filter.take_provisional("p", "1"), std::nullopt);
  EXPECT_EQ(filter.take_provisional("p", "2"), event);
}

TEST(RepeatFilter, KnowsWhetherAPollSaidItFirst) {
  using By = RepeatFilter::By;
  RepeatFilter filter;
  EXPECT_FALSE(filter.knows_by_poll("p", "1"));
  EXPECT_TRUE(filter.first("p", "1", By::kPoll));
  EXPECT_FALSE(filter.first("p", "1", By::kCall));
  EXPECT_TRUE(filter.knows_by_poll("p", "1"));
  EXPECT_TRUE(filter.first("p", "2", By::kCall));
  EXPECT_FALSE(filter.first("p", "2", By::kPoll));
  EXPECT_FALSE(filter.knows_by_poll("p", "2"));
  EXPECT_FALSE(filter.knows_by_poll("p", ""));
  const std::array stated = {RepeatFilter::key("p", "3", By::kPoll)};
  filter.remember(stated, {});
  EXPECT_TRUE(filter.knows_by_poll("p", "3"));
}

// Those of calls and of polls are one and the same when the table grows and when entries go.
TEST(RepeatFilter, ForgetsPollsAsItDoesCalls) {
  using By = RepeatFilter::By;
  RepeatFilter filter(2);
  EXPECT_TRUE(filter.first("p", "1", By::kPoll));
  EXPECT_TRUE(filter.first("p", "2", By::kCall));
  EXPECT_TRUE(filter.first("p", "3", By::kPoll));
  EXPECT_FALSE(filter.knows("p", "1"));
  EXPECT_TRUE(filter.knows("p", "2"));
  EXPECT_TRUE(filter.knows_by_poll("p", "3"));
}

TEST(RepeatFilter, HoldsTwoOfTheLargestBatches) {
  RepeatFilter filter;
  for (int i = 0; i < 200'000; ++i) ASSERT_TRUE(filter.first("anthropic", "msg_" + std::to_string(i)));
  for (int i = 0; i < 200'000; ++i) ASSERT_FALSE(filter.first("anthropic", "msg_" + std::to_string(i)));
}

}  // namespace
}  // namespace tokometer::meter
