#include "base/format.h"

#include <gtest/gtest.h>

namespace tokometer::format {
namespace {

using namespace std::chrono_literals;

constexpr std::int64_t kMax = INT64_MAX;

TEST(Count, GroupsByThousands) {
  EXPECT_EQ(count(0), "0");
  EXPECT_EQ(count(999), "999");
  EXPECT_EQ(count(1000), "1,000");
  EXPECT_EQ(count(1234567), "1,234,567");
  EXPECT_EQ(count(-1234), "-1,234");
  EXPECT_EQ(count(INT64_MIN), "-9,223,372,036,854,775,808");
  EXPECT_EQ(count(std::optional<std::int64_t>()), "-");
}

TEST(ShortCount, TakesAtMostFiveCharacters) {
  EXPECT_EQ(short_count(0), "0");
  EXPECT_EQ(short_count(999), "999");
  EXPECT_EQ(short_count(1000), "1.0k");
  EXPECT_EQ(short_count(12345), "12.3k");
  EXPECT_EQ(short_count(99949), "99.9k");
  EXPECT_EQ(short_count(99950), "100k");
  EXPECT_EQ(short_count(999499), "999k");
  EXPECT_EQ(short_count(999500), "1.0M");
  EXPECT_EQ(short_count(1'200'000), "1.2M");
  EXPECT_EQ(short_count(5'000'000'000), "5.0G");
  EXPECT_EQ(short_count(std::optional<std::int64_t>()), "-");
  for (std::int64_t value = 1; value < 900'000'000'000'000; value = value * 3 + 1) {
    EXPECT_LE(short_count(value).size(), 5U) << value;
  }
  EXPECT_EQ(short_count(kMax), "9.2E");
}

TEST(Usd, IsExactToSixDecimalsAndNeverZeroForSomething) {
  EXPECT_EQ(usd(0), "$0.000000");
  EXPECT_EQ(usd(1'234'000'000), "$0.001234");
  EXPECT_EQ(usd(1'234'500'000), "$0.001235");
  EXPECT_EQ(usd(1'234'499'999), "$0.001234");
  EXPECT_EQ(usd(500'000), "$0.000001");
  EXPECT_EQ(usd(499'999), "<$0.000001");
  EXPECT_EQ(usd(1), "<$0.000001");
  EXPECT_EQ(usd(999'999'999'999), "$1.000000");
  EXPECT_EQ(usd(1'234'500'000'000'000), "$1,234.500000");
  EXPECT_EQ(usd(-1'500'000'000'000), "-$1.500000");
  EXPECT_EQ(usd(kMax), "$9,223,372.036855");
  EXPECT_EQ(usd(std::nullopt), "?");
}

TEST(ShortUsd, HasTwoDecimalsFromOneDollar) {
  EXPECT_EQ(short_usd(0), "$0.00");
  EXPECT_EQ(short_usd(1'000'000'000'000), "$1.00");
  EXPECT_EQ(short_usd(12'345'678'900'000), "$12.35");
  EXPECT_EQ(short_usd(12'345'000'000), "$0.0123");
  EXPECT_EQ(short_usd(1), "<$0.0001");
  EXPECT_EQ(short_usd(std::nullopt), "?");
}

TEST(Duration, HasFewCharacters) {
  EXPECT_EQ(duration(0us), "0ms");
  EXPECT_EQ(duration(499us), "0ms");
  EXPECT_EQ(duration(850ms), "850ms");
  EXPECT_EQ(duration(999'500us), "1.0s");
  EXPECT_EQ(duration(8450ms), "8.4s");
  EXPECT_EQ(duration(59'949ms), "59.9s");
  EXPECT_EQ(duration(59'950ms), "1m00s");
  EXPECT_EQ(duration(125s), "2m05s");
  EXPECT_EQ(duration(62min), "1h02m");
  EXPECT_EQ(duration(76h), "3d04h");
  EXPECT_EQ(duration(std::optional<std::int64_t>(850'000)), "850ms");
  EXPECT_EQ(duration(std::nullopt), "-");
}

TEST(Bytes, UsesBinaryUnits) {
  EXPECT_EQ(bytes(0), "0 B");
  EXPECT_EQ(bytes(1023), "1023 B");
  EXPECT_EQ(bytes(1536), "1.5 KiB");
  EXPECT_EQ(bytes(16 << 20), "16 MiB");
}

TEST(Share, IsAbsentWithoutAWhole) {
  EXPECT_EQ(share(1, 3), "33.3%");
  EXPECT_EQ(share(0, 5), "0.0%");
  EXPECT_EQ(share(0, 0), "-");
}

// A panel that others print shows 65,234 tokens in 8.45 s as 7,719 a second; it is 7,720.
TEST(Rate, IsTokensASecond) {
  EXPECT_EQ(rate(65234, 8450ms), "7720");
  EXPECT_EQ(rate(845, 8200ms), "103");
  EXPECT_EQ(rate(99, 1s), "99.0");
  EXPECT_EQ(rate(99'999, 1s), "99999");
  EXPECT_EQ(rate(100'000, 1s), "100k");
  EXPECT_EQ(rate(9223372036854775800, 1us), "9.0E");
  EXPECT_EQ(rate(0, 1s), "0.0");
  EXPECT_EQ(rate(5, 0s), "-");
  EXPECT_EQ(rate(std::nullopt, 1s), "-");
}

}  // namespace
}  // namespace tokometer::format
