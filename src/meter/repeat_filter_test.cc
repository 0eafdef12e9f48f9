#include "meter/repeat_filter.h"

#include <gtest/gtest.h>

#include <algorithm>
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

TEST(RepeatFilter, HoldsTwoOfTheLargestBatches) {
  RepeatFilter filter;
  for (int i = 0; i < 200'000; ++i) ASSERT_TRUE(filter.first("anthropic", "msg_" + std::to_string(i)));
  for (int i = 0; i < 200'000; ++i) ASSERT_FALSE(filter.first("anthropic", "msg_" + std::to_string(i)));
}

}  // namespace
}  // namespace tokometer::meter
