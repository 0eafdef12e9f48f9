#include "base/count.h"

#include <gtest/gtest.h>

namespace tokometer {
namespace {

constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kMin = std::numeric_limits<std::int64_t>::min();

TEST(AddSaturated, EndsAtTheLimits) {
  EXPECT_EQ(add_saturated(2, 3), 5);
  EXPECT_EQ(add_saturated(kMax, 1), kMax);
  EXPECT_EQ(add_saturated(kMax, kMax), kMax);
  EXPECT_EQ(add_saturated(kMin, -1), kMin);
  EXPECT_EQ(add_saturated(kMin, kMax), -1);
}

TEST(AddCount, StaysAbsentUntilOneIsStated) {
  std::optional<std::int64_t> sum;
  add_count(sum, std::nullopt);
  EXPECT_EQ(sum, std::nullopt);
  add_count(sum, 0);
  EXPECT_EQ(sum, 0);
  add_count(sum, 7);
  add_count(sum, std::nullopt);
  EXPECT_EQ(sum, 7);
}

TEST(AddCount, AnAbsurdCountSpoilsNoSum) {
  std::optional<std::int64_t> sum = 5;
  add_count(sum, 9223372036854775800);
  add_count(sum, 9223372036854775800);
  EXPECT_EQ(sum, 2 * kMaxCount + 5);
  add_count(sum, -3);
  EXPECT_EQ(sum, 2 * kMaxCount + 5);
}

}  // namespace
}  // namespace tokometer
