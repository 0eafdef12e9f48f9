#include "cli/time_range.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

namespace tokometer::cli {
namespace {

UtcTime at(std::string_view text) { return *parse_rfc3339(text); }

// The rule of Berlin, without the system's files.
TimeZone berlin() { return TimeZone::local("CET-1CEST,M3.5.0,M10.5.0/3"); }

std::string moment(std::string_view text, const TimeZone& zone = berlin()) {
  const auto parsed = parse_moment(text, at("2026-07-15T22:30:00Z"), zone);
  return parsed ? format_rfc3339(*parsed).substr(0, 19) : parsed.error().message;
}

TEST(ParseMoment, KnowsTheWaysPeopleSayIt) {
  EXPECT_EQ(moment("now"), "2026-07-15T22:30:00");
  EXPECT_EQ(moment("45s"), "2026-07-15T22:29:15");
  EXPECT_EQ(moment("30m"), "2026-07-15T22:00:00");
  EXPECT_EQ(moment("24h"), "2026-07-14T22:30:00");
  EXPECT_EQ(moment("7d"), "2026-07-08T22:30:00");
  EXPECT_EQ(moment("2w"), "2026-07-01T22:30:00");
  // In Berlin it is half past midnight of the next day.
  EXPECT_EQ(moment("today"), "2026-07-15T22:00:00");
  EXPECT_EQ(moment("today", TimeZone()), "2026-07-15T00:00:00");
  EXPECT_EQ(moment("yesterday"), "2026-07-14T22:00:00");
  EXPECT_EQ(moment("2026-01-01"), "2025-12-31T23:00:00");
  EXPECT_EQ(moment("2026-01-01T12:00"), "2026-01-01T11:00:00");
  EXPECT_EQ(moment("2026-01-01 12:00:30"), "2026-01-01T11:00:30");
  EXPECT_EQ(moment("2026-01-01T12:00:00Z"), "2026-01-01T12:00:00");
  EXPECT_EQ(moment("2026-01-01T12:00:00-05:00"), "2026-01-01T17:00:00");
}

TEST(ParseMoment, RefusesTheRest) {
  for (const std::string_view text : {"", "d", "7", "7x", "-7d", "9999999d", "tomorrow", "2026-13-01",
                                      "2026-01-01T25:00", "2026-01-01T12", "12:00"}) {
    EXPECT_NE(moment(text).find("is no time"), std::string::npos) << text;
  }
}

std::vector<std::string> names(Calendar calendar, std::string_view first, std::string_view last) {
  std::vector<std::string> result;
  const TimeZone zone = berlin();
  const auto starts = calendar_periods(calendar, at(first), at(last), zone);
  EXPECT_TRUE(std::ranges::is_sorted(starts));
  for (const UtcTime start : starts) result.push_back(period_name(calendar, start, zone));
  return result;
}

using Names = std::vector<std::string>;

TEST(CalendarPeriods, AreThoseOfTheZone) {
  EXPECT_EQ(names(Calendar::kDay, "2026-07-15T21:59:59Z", "2026-07-16T22:00:00Z"),
            (Names{"2026-07-15", "2026-07-16", "2026-07-17"}));
  EXPECT_EQ(names(Calendar::kMonth, "2026-01-31T23:00:00Z", "2026-03-31T21:59:59Z"), (Names{"2026-02", "2026-03"}));
  EXPECT_EQ(names(Calendar::kHour, "2026-07-15T10:59:00Z", "2026-07-15T12:00:00Z"),
            (Names{"2026-07-15 12:00", "2026-07-15 13:00", "2026-07-15 14:00"}));
}

TEST(CalendarPeriods, WeeksAreThoseOfIso8601) {
  // The first of January 2027 is a Friday: still the last week of 2026.
  EXPECT_EQ(names(Calendar::kWeek, "2026-12-27T12:00:00Z", "2027-01-04T12:00:00Z"),
            (Names{"2026-W52", "2026-W53", "2027-W01"}));
}

TEST(CalendarPeriods, SurviveChangedClocks) {
  // 23 and 25 hours long.
  EXPECT_EQ(names(Calendar::kDay, "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z"), (Names{"2026-03-29", "2026-03-30"}));
  EXPECT_EQ(names(Calendar::kDay, "2026-10-24T22:00:00Z", "2026-10-25T22:59:59Z"), (Names{"2026-10-25"}));
  EXPECT_EQ(names(Calendar::kHour, "2026-03-29T00:30:00Z", "2026-03-29T01:30:00Z"),
            (Names{"2026-03-29 01:00", "2026-03-29 03:00"}));
  EXPECT_EQ(names(Calendar::kHour, "2026-10-24T23:30:00Z", "2026-10-25T02:30:00Z"),
            (Names{"2026-10-25 01:00", "2026-10-25 02:00", "2026-10-25 02:00", "2026-10-25 03:00"}));
}

TEST(LocalText, IsWhatClocksSay) {
  EXPECT_EQ(local_text(at("2026-07-15T22:30:01.9Z"), berlin()), "2026-07-16 00:30:01");
}

TEST(LocalMinute, HasPassedThatTime) {
  EXPECT_EQ(local_minute(at("2026-07-15T22:30:01.9Z"), berlin()), "00:31");
  EXPECT_EQ(local_minute(at("2026-07-15T22:30:00Z"), berlin()), "00:30");
}

}  // namespace
}  // namespace tokometer::cli
