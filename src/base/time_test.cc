#include "base/time.h"

#include <gtest/gtest.h>

namespace tokometer {
namespace {

TEST(Time, FormatsMicrosecondsInUtc) {
  EXPECT_EQ(format_rfc3339(UtcTime(std::chrono::microseconds(0))), "1970-01-01T00:00:00.000000Z");
  EXPECT_EQ(format_rfc3339(UtcTime(std::chrono::microseconds(1'795'379'871'123'456))), "2026-11-22T20:37:51.123456Z");
  EXPECT_EQ(format_rfc3339(UtcTime(std::chrono::microseconds(-1))), "1969-12-31T23:59:59.999999Z");
}

TEST(Time, TimesBeyondFourDigitYearsAreCutToThem) {
  EXPECT_EQ(format_rfc3339(UtcTime::min()), "0000-01-01T00:00:00.000000Z");
  EXPECT_EQ(format_rfc3339(UtcTime::max()), "9999-12-31T23:59:59.999999Z");
}

TEST(Time, ReadsWhatItFormats) {
  const UtcTime time(std::chrono::microseconds(1'795'379'871'123'456));
  EXPECT_EQ(parse_rfc3339(format_rfc3339(time)), time);
}

TEST(Time, ReadsOffsetsDatesAndFractions) {
  const auto noon = parse_rfc3339("2026-11-22T12:00:00Z");
  ASSERT_TRUE(noon);
  EXPECT_EQ(parse_rfc3339("2026-11-22T13:30:00+01:30"), noon);
  EXPECT_EQ(parse_rfc3339("2026-11-22T07:00:00-05:00"), noon);
  EXPECT_EQ(parse_rfc3339("2026-11-22"), *noon - std::chrono::hours(12));
  EXPECT_EQ(parse_rfc3339("2026-11-22T12:00:00.5Z"), *noon + std::chrono::milliseconds(500));
  EXPECT_EQ(parse_rfc3339("2026-11-22T12:00:00.1234567Z"), *noon + std::chrono::microseconds(123456));
}

TEST(Time, RefusesWhatIsNotADateTime) {
  for (const char* text :
       {"", "2026", "2026-13-01", "2026-02-30", "2026-11-22T", "2026-11-22T12:00Z", "2026-11-22T24:00:00Z",
        "2026-11-22T12:00:00", "2026-11-22T12:00:00.Z", "2026-11-22T12:00:00Zx", "2026-11-22T12:00:00+1:00"}) {
    EXPECT_FALSE(parse_rfc3339(text)) << text;
  }
}

}  // namespace
}  // namespace tokometer
