#include "meter/repeat_filter.h"

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace tokometer::meter
