#include "base/posix_time_zone.h"

#include <algorithm>

namespace tokometer {
namespace {

using std::chrono::seconds;

bool skip(std::string_view& text, char wanted) {
  if (text.empty() || text.front() != wanted) return false;
  text.remove_prefix(1);
  return true;
}

std::optional<unsigned> take_up_to(std::string_view& text, unsigned limit) {
  unsigned value = 0;
  std::size_t digits = 0;
  for (; digits < text.size() && digits < 4 && text[digits] >= '0' && text[digits] <= '9'; ++digits) {
    value = value * 10 + static_cast<unsigned>(text[digits] - '0');
  }
  if (digits == 0 || value > limit) return std::nullopt;
  text.remove_prefix(digits);
  return value;
}

// "CET" or "<+0330>".
bool take_name(std::string_view& text) {
  const bool quoted = skip(text, '<');
  const auto is_part = [quoted](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (quoted && ((c >= '0' && c <= '9') || c == '+' || c == '-'));
  };
  const auto end = std::ranges::find_if_not(text, is_part);
  const auto size = static_cast<std::size_t>(end - text.begin());
  text.remove_prefix(size);
  return size >= 3 && (!quoted || skip(text, '>'));
}

// "[+-]hh[:mm[:ss]]"; up to 167 hours by RFC 8536.
std::optional<seconds> take_time(std::string_view& text) {
  const bool negative = skip(text, '-');
  if (!negative) (void)skip(text, '+');
  const auto hours = take_up_to(text, 167);
  if (!hours) return std::nullopt;
  seconds time(*hours * 3600);
  for (const unsigned unit : {60U, 1U}) {
    if (!skip(text, ':')) break;
    const auto part = take_up_to(text, 59);
    if (!part) return std::nullopt;
    time += seconds(*part * unit);
  }
  return negative ? -time : time;
}

}  // namespace

std::optional<PosixTimeZone::Change> PosixTimeZone::take_change(std::string_view& text) {
  Change change;
  if (skip(text, 'M')) {
    change.kind = Change::Kind::kWeekday;
    const auto month = take_up_to(text, 12);
    if (!month || *month == 0 || !skip(text, '.')) return std::nullopt;
    const auto week = take_up_to(text, 5);
    if (!week || *week == 0 || !skip(text, '.')) return std::nullopt;
    const auto day = take_up_to(text, 6);
    if (!day) return std::nullopt;
    change.month = *month;
    change.week = *week;
    change.day = *day;
  } else {
    if (skip(text, 'J')) change.kind = Change::Kind::kDayOfYearWithoutLeapDay;
    const auto day = take_up_to(text, 365);
    if (!day || (change.kind == Change::Kind::kDayOfYearWithoutLeapDay && *day == 0)) return std::nullopt;
    change.day = *day;
  }
  if (skip(text, '/')) {
    const auto time = take_time(text);
    if (!time) return std::nullopt;
    change.time = *time;
  }
  return change;
}

std::chrono::sys_seconds PosixTimeZone::Change::in(std::chrono::year year) const {
  using namespace std::chrono;
  sys_days date = year / January / 1;
  switch (kind) {
    case Kind::kDayOfYear:
      date += days(day);
      break;
    case Kind::kDayOfYearWithoutLeapDay:
      // Day 60 is the first of March in every year.
      date += days(day - 1 + (year.is_leap() && day >= 60 ? 1 : 0));
      break;
    case Kind::kWeekday: {
      const year_month in_month = year / std::chrono::month(month);
      // Week 5 means the last such day of the month.
      date = week == 5 ? sys_days(in_month / weekday(day)[last]) : sys_days(in_month / weekday(day)[week]);
      break;
    }
  }
  return date + time;
}

std::optional<PosixTimeZone> PosixTimeZone::parse(std::string_view text) {
  PosixTimeZone zone;
  if (!take_name(text)) return std::nullopt;
  const auto west = take_time(text);
  if (!west) return std::nullopt;
  // POSIX counts offsets westward.
  zone.standard_ = -*west;
  if (text.empty()) return zone;
  if (!take_name(text)) return std::nullopt;
  zone.summer_ = zone.standard_ + std::chrono::hours(1);
  if (!text.empty() && text.front() != ',') {
    const auto summer_west = take_time(text);
    if (!summer_west) return std::nullopt;
    zone.summer_ = -*summer_west;
  }
  // Without rules POSIX leaves them to the system: the ones of the United States, as everywhere.
  if (text.empty()) text = ",M3.2.0,M11.1.0";
  if (!skip(text, ',')) return std::nullopt;
  zone.summer_begins_ = take_change(text);
  if (!zone.summer_begins_ || !skip(text, ',')) return std::nullopt;
  const auto ends = take_change(text);
  if (!ends || !text.empty()) return std::nullopt;
  zone.summer_ends_ = *ends;
  return zone;
}

seconds PosixTimeZone::offset_at(std::chrono::sys_seconds time) const {
  if (!summer_begins_) return standard_;
  const auto year = std::chrono::year_month_day(std::chrono::floor<std::chrono::days>(time + standard_)).year();
  const auto begins = summer_begins_->in(year)-standard_;
  const auto ends = summer_ends_.in(year)-summer_;
  // South of the equator, summer goes on into the next year.
  const bool summer = begins <= ends ? begins <= time && time < ends : time < ends || time >= begins;
  return summer ? summer_ : standard_;
}

}  // namespace tokometer
