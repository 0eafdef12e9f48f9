#include "pricing/decimal.h"

#include <gtest/gtest.h>

#include <limits>

namespace tokometer::pricing {
namespace {

constexpr std::int64_t kLargest = std::numeric_limits<std::int64_t>::max();

TEST(UsdText, IsExactWithoutTrailingZeros) {
  EXPECT_EQ(usd_text(0), "0");
  EXPECT_EQ(usd_text(1), "0.000000000001");
  EXPECT_EQ(usd_text(251'250'000), "0.00025125");
  EXPECT_EQ(usd_text(12'000'000'000'000), "12");
  EXPECT_EQ(usd_text(120'500'000'000'000), "120.5");
  EXPECT_EQ(usd_text(-500'000'000'000), "-0.5");
  EXPECT_EQ(usd_text(kLargest), "9223372.036854775807");
  EXPECT_EQ(usd_text(std::numeric_limits<std::int64_t>::min()), "-9223372.036854775808");
}

TEST(ParseUsd, ReadsWhatJsonWrites) {
  EXPECT_EQ(parse_usd("0.00014"), 140'000'000);
  EXPECT_EQ(parse_usd("1.4e-4"), 140'000'000);
  EXPECT_EQ(parse_usd("1.4E-04"), 140'000'000);
  EXPECT_EQ(parse_usd("1e2"), 100'000'000'000'000);
  EXPECT_EQ(parse_usd("-0.5"), -500'000'000'000);
  EXPECT_EQ(parse_usd("0"), 0);
  EXPECT_EQ(parse_usd("9223372.036854775807"), kLargest);
}

TEST(ParseUsd, RoundsOnceHalfAwayFromZero) {
  EXPECT_EQ(parse_usd("0.0000000000014"), 1);
  EXPECT_EQ(parse_usd("0.0000000000015"), 2);
  EXPECT_EQ(parse_usd("-0.0000000000015"), -2);
  EXPECT_EQ(parse_usd("0.00000000000149999999999"), 1);
  EXPECT_EQ(parse_usd("5e-13"), 1);
  EXPECT_EQ(parse_usd("9e-14"), 0);
  EXPECT_EQ(parse_usd("1e-400"), 0);
  EXPECT_EQ(parse_usd("0.00018360000000000002"), 183'600'000);  // what JavaScript prints for a sum
}

TEST(ParseUsd, RefusesOtherText) {
  for (const char* text : {"", "-", ".5", "1.", "01", "1e", "0x1", "1,5", "$1", "NaN", " 1", "9223372.036854775808",
                           "1e300", "1e999999999999", "-9223372.036854775809"}) {
    EXPECT_EQ(parse_usd(text), std::nullopt) << text;
  }
}

TEST(Price, NeverPassesThroughBinaryFloatingPoint) {
  // 0.1 + 0.2 is not 0.3 in binary floating point.
  EXPECT_EQ(*Price::parse("0.1")->times(1) + *Price::parse("0.2")->times(1), *Price::parse("0.3")->times(1));
  EXPECT_EQ(Price::parse("0.003625")->picodollars_per_million(), 3'625'000'000);
  EXPECT_EQ(Price::parse("0.000000000001")->picodollars_per_million(), 1);
  EXPECT_EQ(Price::parse("3e-6")->picodollars_per_million(), 3'000'000);
}

TEST(Price, RefusesWhatItCannotHoldExactly) {
  for (const char* text : {"0.0000000000001", "-1", "9300000", "", "3 ", "three"}) {
    EXPECT_FALSE(Price::parse(text)) << text;
  }
  EXPECT_FALSE(Price::parse("9300", 1'000));
}

TEST(Price, RoundsAnAmountToTheNearestPicodollar) {
  const auto price = *Price::parse("0.0000005");  // half a picodollar a token
  EXPECT_EQ(price.times(1), 1);
  EXPECT_EQ(price.times(2), 1);
  EXPECT_EQ(price.times(3), 2);
  EXPECT_EQ(Price::parse("0.0000004")->times(1), 0);
}

TEST(Price, SaysWhenSixtyFourBitsDoNotHoldTheAmount) {
  EXPECT_EQ(Price::parse("1")->times(kLargest), std::nullopt);
  EXPECT_EQ(Price::parse("1")->times(1'000'000'000'000), 1'000'000'000'000'000'000);
}

TEST(Price, TextIsWhatWasRead) {
  EXPECT_EQ(Price::parse("3.750")->text(), "3.75");
  EXPECT_EQ(Price::parse("10", 1'000)->text(1'000), "10");
  EXPECT_EQ(Price::parse("10", 1'000)->times(2), 20'000'000'000);  // two cents
  EXPECT_EQ(Price::parse("0")->text(), "0");
}

TEST(Price, OfASingleTokenIsExact) {
  EXPECT_EQ(Price::parse("1.5e-07", 1)->text(), "0.15");
  EXPECT_EQ(Price::parse("0.000000000000000001", 1)->text(), "0.000000000001");
  EXPECT_FALSE(Price::parse("1e-19", 1));
  EXPECT_FALSE(Price::parse("10", 1));  // ten million USD a million
}

TEST(Multiplier, MultipliesToTheNearest) {
  EXPECT_EQ(Price::parse("3")->times(*Multiplier::parse("1.1"))->text(), "3.3");
  EXPECT_EQ(Price::parse("0.000000000005")->times(*Multiplier::parse("1.1"))->text(), "0.000000000006");
  EXPECT_EQ(Multiplier::parse("0.5")->text(), "0.5");
  for (const char* wrong : {"0", "-1", "1000.1", "1.0000001", "x", ""}) EXPECT_FALSE(Multiplier::parse(wrong)) << wrong;
  EXPECT_FALSE(Price::parse("9000000")->times(*Multiplier::parse("2")));
}

}  // namespace
}  // namespace tokometer::pricing
