#include "cli/time_range.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <memory>

namespace tokometer::cli {
namespace {

using namespace std::chrono;

// Clocks show local days as if they were UTC's: what the calendar types count in.
sys_time<microseconds> wall(UtcTime time, const TimeZone& zone) {
  return sys_time<microseconds>(zone.to_local(time).time_since_epoch());
}
UtcTime from_wall(sys_time<microseconds> time, const TimeZone& zone) {
  return zone.to_utc(LocalTime(time.time_since_epoch()));
}

// "7d": how long ago. Nothing where `text` is no such thing.
std::optional<microseconds> parse_age(std::string_view text) {
  if (text.size() < 2) return std::nullopt;
  std::int64_t count = 0;
  const char* const begin = std::to_address(text.begin());
  const char* const unit = begin + text.size() - 1;
  const auto parsed = std::from_chars(begin, unit, count);
  // A million weeks is enough for anyone, and far from any overflow.
  if (parsed.ec != std::errc() || parsed.ptr != unit || count < 0 || count > 1'000'000) return std::nullopt;
  switch (*unit) {
    case 's':
      return seconds(count);
    case 'm':
      return minutes(count);
    case 'h':
      return hours(count);
    case 'd':
      return days(count);
    case 'w':
      return weeks(count);
    default:
      return std::nullopt;
  }
}

sys_time<microseconds> period_start(Calendar calendar, sys_time<microseconds> time) {
  const auto day = floor<days>(time);
  switch (calendar) {
    case Calendar::kHour:
      return floor<hours>(time);
    case Calendar::kDay:
      return day;
    case Calendar::kWeek:
      return day - (weekday(day) - Monday);
    case Calendar::kMonth: {
      const year_month_day date(day);
      return sys_days(date.year() / date.month() / 1);
    }
  }
  return time;
}

sys_time<microseconds> next_period(Calendar calendar, sys_time<microseconds> start) {
  switch (calendar) {
    case Calendar::kHour:
      return start + hours(1);
    case Calendar::kDay:
      return start + days(1);
    case Calendar::kWeek:
      return start + weeks(1);
    case Calendar::kMonth: {
      const year_month_day date(floor<days>(start));
      return sys_days(date.year() / date.month() / 1 + months(1));
    }
  }
  return start;
}

std::string date_text(sys_days day) {
  const year_month_day date(day);
  return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                     static_cast<unsigned>(date.day()));
}

}  // namespace

Result<UtcTime> parse_moment(std::string_view text, UtcTime now, const TimeZone& zone) {
  if (text == "now") return now;
  const auto today = period_start(Calendar::kDay, wall(now, zone));
  if (text == "today") return from_wall(today, zone);
  if (text == "yesterday") return from_wall(today - days(1), zone);
  if (const auto age = parse_age(text)) return now - *age;
  // Without an offset it is a local time: read as UTC, then moved.
  const bool has_date_only = text.size() == 10;
  if (const auto moment = parse_rfc3339(text)) return has_date_only ? from_wall(*moment, zone) : *moment;
  const std::string seconds_text(text.size() == 16 ? ":00" : "");
  if (const auto local = parse_rfc3339(std::string(text) + seconds_text + "Z")) return from_wall(*local, zone);
  return fail(ErrorCode::kInvalid, "\"" + std::string(text) +
                                       "\" is no time: say 7d, 24h, today, yesterday, 2026-11-22, "
                                       "2026-11-22T14:00 or 2026-11-22T14:00:00Z");
}

std::vector<UtcTime> calendar_periods(Calendar calendar, UtcTime first, UtcTime last, const TimeZone& zone) {
  std::vector<UtcTime> starts;
  for (auto start = period_start(calendar, wall(first, zone));; start = next_period(calendar, start)) {
    const UtcTime moment = from_wall(start, zone);
    if (!starts.empty() && calendar == Calendar::kHour) {
      // Clocks that are set back show an hour twice: each is a period.
      while (moment - starts.back() > hours(1)) starts.push_back(starts.back() + hours(1));
    }
    if (moment > last) break;
    // An hour that clocks leave out has no length.
    if (starts.empty() || moment > starts.back()) starts.push_back(moment);
  }
  while (!starts.empty() && starts.back() > last) starts.pop_back();
  return starts;
}

std::string period_name(Calendar calendar, UtcTime start, const TimeZone& zone) {
  const auto time = wall(start, zone);
  const auto day = floor<days>(time);
  const year_month_day date(day);
  switch (calendar) {
    case Calendar::kHour:
      return fmt::format("{} {:02}:{:02}", date_text(day), floor<hours>(time - day).count(),
                         floor<minutes>(time - day).count() % 60);
    case Calendar::kDay:
      return date_text(day);
    case Calendar::kWeek: {
      // ISO 8601: a week belongs to the year that has its Thursday.
      const auto thursday = day - (weekday(day) - Monday) + days(3);
      const auto of_year = year_month_day(thursday).year();
      return fmt::format("{:04}-W{:02}", static_cast<int>(of_year),
                         (thursday - sys_days(of_year / January / 1)).count() / 7 + 1);
    }
    case Calendar::kMonth:
      return date_text(day).substr(0, 7);
  }
  return {};
}

std::string local_text(UtcTime time, const TimeZone& zone) {
  std::string text = format_rfc3339(UtcTime(wall(time, zone))).substr(0, 19);
  text[10] = ' ';
  return text;
}

std::string local_minute(UtcTime time, const TimeZone& zone) {
  return local_text(std::chrono::ceil<std::chrono::minutes>(time), zone).substr(11, 5);
}

}  // namespace tokometer::cli
