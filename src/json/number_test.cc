#include "json/number.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>

namespace tokometer::json {
namespace {

using Limits = std::numeric_limits<std::int64_t>;

TEST(Number, WholeHoweverWritten) {
  EXPECT_EQ(to_int64("0"), 0);
  EXPECT_EQ(to_int64("-0"), 0);
  EXPECT_EQ(to_int64("12"), 12);
  EXPECT_EQ(to_int64("12.000"), 12);
  EXPECT_EQ(to_int64("1.2e1"), 12);
  EXPECT_EQ(to_int64("1200E-2"), 12);
  EXPECT_EQ(to_int64("0.0000012e7"), 12);
  EXPECT_EQ(to_int64("9223372036854775807"), Limits::max());
  EXPECT_EQ(to_int64("-9223372036854775808"), Limits::min());
}

TEST(Number, NeverRounds) {
  EXPECT_EQ(to_int64("12.5"), std::nullopt);
  EXPECT_EQ(to_int64("1e-1"), std::nullopt);
  EXPECT_EQ(to_int64("9223372036854775808"), std::nullopt);
  EXPECT_EQ(to_int64("-9223372036854775809"), std::nullopt);
  EXPECT_EQ(to_int64("18446744073709551617"), std::nullopt);
  EXPECT_EQ(to_int64("1e19"), std::nullopt);
}

TEST(Number, Scaled) {
  EXPECT_EQ(to_scaled("0.00025", 12), 250'000'000);
  EXPECT_EQ(to_scaled("12.50", 1), 125);
  EXPECT_EQ(to_scaled("-0.000000000001", 12), -1);
  EXPECT_EQ(to_scaled("0.0000000000001", 12), std::nullopt);
}

TEST(Number, HugeExponentsEndAtOnce) {
  EXPECT_EQ(to_int64("1e999999999999999999999999"), std::nullopt);
  EXPECT_EQ(to_int64("1e-999999999999999999999999"), std::nullopt);
  EXPECT_EQ(to_int64("0e999999999999999999999999"), 0);
  EXPECT_EQ(to_int64(std::string(100000, '9')), std::nullopt);
  EXPECT_EQ(to_int64("1" + std::string(100000, '0') + "e-100000"), 1);
}

TEST(Number, RefusesWhatIsNone) {
  for (const char* text : {"", "-", "+1", "01", "1.", ".5", "1e", "1e+", "0x1", "1 ", " 1", "NaN", "Infinity", "1_0"}) {
    EXPECT_EQ(to_int64(text), std::nullopt) << text;
    EXPECT_EQ(to_double(text), std::nullopt) << text;
  }
}

TEST(Number, Doubles) {
  EXPECT_EQ(to_double("-12.5e1"), -125.0);
  EXPECT_EQ(to_double("1e400"), std::numeric_limits<double>::infinity());
  EXPECT_EQ(to_double("-1e400"), -std::numeric_limits<double>::infinity());
  EXPECT_EQ(to_double("1e-400"), 0.0);
  EXPECT_EQ(to_double("0.001e-400"), 0.0);
}

TEST(Number, Compares) {
  EXPECT_EQ(compare_numbers("1", "1.0"), 0);
  EXPECT_LT(compare_numbers("9007199254740992", "9007199254740993"), 0);
  EXPECT_GT(compare_numbers("0.2", "1e-1"), 0);
  EXPECT_LT(compare_numbers("-1e400", "1"), 0);
}

}  // namespace
}  // namespace tokometer::json
