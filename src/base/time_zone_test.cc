#include "base/time_zone.h"

#include <gtest/gtest.h>

#include <ctime>

namespace tokometer {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

UtcTime at(std::string_view text) { return *parse_rfc3339(text); }
LocalTime local(std::string_view text) { return LocalTime(at(text).time_since_epoch()); }

TimeZone zone(std::string_view name) {
  auto opened = TimeZone::open(name);
  if (!opened) ADD_FAILURE() << opened.error().message;
  return opened ? *opened : TimeZone();
}

class TimeZoneFiles : public testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(std::filesystem::path(TimeZone::kFolder) / "Europe/Berlin")) {
      GTEST_SKIP() << "this system has no time zone files";
    }
  }
};

TEST(TimeZone, KnowsFixedOffsets) {
  EXPECT_EQ(TimeZone().offset_at(at("2026-01-01")), seconds(0));
  EXPECT_EQ(zone("+02:00").offset_at(at("2026-01-01")), hours(2));
  EXPECT_EQ(zone("-0330").offset_at(at("2026-01-01")), -(hours(3) + minutes(30)));
  EXPECT_EQ(zone("+05").offset_at(at("2026-01-01")), hours(5));
  EXPECT_EQ(zone("UTC").name(), "UTC");
  EXPECT_EQ(zone("+02:00").to_utc(local("2026-01-01")), at("2025-12-31T22:00:00Z"));
}

TEST(TimeZone, RefusesWhatIsNone) {
  for (const std::string_view name : {"", "Mars/Olympus", "/etc/passwd", "../../../etc/passwd", "Europe", "+2",
                                      "+25:00", "+02:60", "+0:200", "+02:0", "Europe/Ber lin"}) {
    const auto opened = TimeZone::open(name);
    ASSERT_FALSE(opened) << name;
    EXPECT_EQ(opened.error().code, ErrorCode::kNotFound);
  }
  EXPECT_EQ(TimeZone::parse("TZif2", "x").error().code, ErrorCode::kCorrupt);
  EXPECT_EQ(TimeZone::parse("", "x").error().code, ErrorCode::kCorrupt);
}

TEST(TimeZone, FollowsPosixRules) {
  const TimeZone berlin = TimeZone::local("CET-1CEST,M3.5.0,M10.5.0/3");
  EXPECT_EQ(berlin.offset_at(at("2026-03-29T00:59:59Z")), hours(1));
  EXPECT_EQ(berlin.offset_at(at("2026-03-29T01:00:00Z")), hours(2));
  EXPECT_EQ(berlin.offset_at(at("2026-10-25T00:59:59Z")), hours(2));
  EXPECT_EQ(berlin.offset_at(at("2026-10-25T01:00:00Z")), hours(1));
  const TimeZone sydney = TimeZone::local("AEST-10AEDT,M10.1.0,M4.1.0/3");
  EXPECT_EQ(sydney.offset_at(at("2026-01-01")), hours(11));
  EXPECT_EQ(sydney.offset_at(at("2026-07-01")), hours(10));
  EXPECT_EQ(TimeZone::local("<+0330>-3:30").offset_at(at("2026-07-01")), hours(3) + minutes(30));
  EXPECT_EQ(TimeZone::local("EST5EDT").offset_at(at("2026-07-01")), -hours(4));
  // Julian days: 60 is the first of March, leap year or not; 59 without the J is the same day of 2026 only.
  const TimeZone julian = TimeZone::local("AAA0BBB,J60/0,J300/0");
  EXPECT_EQ(julian.offset_at(at("2024-02-29T23:59:59Z")), seconds(0));
  EXPECT_EQ(julian.offset_at(at("2024-03-01T00:00:00Z")), hours(1));
  EXPECT_EQ(julian.offset_at(at("2026-03-01T00:00:00Z")), hours(1));
  for (const std::string_view wrong : {"C", "CET", "CET-1CEST,M3.5.0", "CET-1CEST,M13.5.0,M1.1.0", "CET-1CEST,x,y",
                                       "CET-1,M3.5.0,M10.5.0", "CET-1CEST,M3.5.7,M10.5.0", "CET-1CEST,J0,J1"}) {
    EXPECT_FALSE(PosixTimeZone::parse(wrong)) << wrong;
  }
  EXPECT_EQ(TimeZone::local("no zone at all").name(), "UTC");
}

TEST_F(TimeZoneFiles, KnowHistoryAndFuture) {
  const TimeZone berlin = zone("Europe/Berlin");
  EXPECT_EQ(berlin.offset_at(at("2026-01-15")), hours(1));
  EXPECT_EQ(berlin.offset_at(at("2026-07-15")), hours(2));
  EXPECT_EQ(berlin.offset_at(at("1947-06-01")), hours(3)) << "double summer time";
  EXPECT_EQ(berlin.offset_at(at("2126-07-15")), hours(2)) << "by the rule at the end of the file";
  EXPECT_EQ(zone("Asia/Kathmandu").offset_at(at("2026-01-15")), hours(5) + minutes(45));
  EXPECT_EQ(zone("Australia/Lord_Howe").offset_at(at("2026-01-15")), hours(11));
  EXPECT_EQ(zone("Australia/Lord_Howe").offset_at(at("2026-07-15")), hours(10) + minutes(30));
}

TEST_F(TimeZoneFiles, AgreeWithTheCLibrary) {
  const char* const before = std::getenv("TZ");
  const std::optional<std::string> saved = before != nullptr ? std::optional<std::string>(before) : std::nullopt;
  for (const char* name : {"Europe/Berlin", "America/New_York", "Asia/Kolkata", "Africa/Cairo", "America/Sao_Paulo"}) {
    ::setenv("TZ", name, 1);
    ::tzset();
    const TimeZone mine = zone(name);
    for (std::time_t time = 0; time < 3'000'000'000; time += 1'234'567) {
      std::tm parts{};
      ::localtime_r(&time, &parts);
      ASSERT_EQ(mine.offset_at(UtcTime(seconds(time))), seconds(parts.tm_gmtoff)) << name << ' ' << time;
    }
    EXPECT_EQ(TimeZone::local(std::string(name)).name(), name);
  }
  saved ? ::setenv("TZ", saved->c_str(), 1) : ::unsetenv("TZ");
  ::tzset();
}

TEST_F(TimeZoneFiles, FindTheMomentThatClocksShow) {
  const TimeZone berlin = zone("Europe/Berlin");
  EXPECT_EQ(berlin.to_utc(local("2026-07-15T12:00:00Z")), at("2026-07-15T10:00:00Z"));
  // Twice: the first time. Never: when clocks skip it.
  EXPECT_EQ(berlin.to_utc(local("2026-10-25T02:30:00Z")), at("2026-10-25T00:30:00Z"));
  EXPECT_EQ(berlin.to_utc(local("2026-03-29T02:30:00Z")), at("2026-03-29T01:00:00Z"));
  // Cairo skips midnight: the day begins at one o'clock.
  EXPECT_EQ(zone("Africa/Cairo").to_utc(local("2026-04-24T00:00:00Z")), at("2026-04-23T22:00:00Z"));
  for (UtcTime time = at("2026-01-01"); time < at("2027-01-01"); time += minutes(37)) {
    const UtcTime again = berlin.to_utc(berlin.to_local(time));
    EXPECT_TRUE(again == time || again == time - hours(1)) << format_rfc3339(time);
  }
}

}  // namespace
}  // namespace tokometer
