// Times as people give them on a command line, and the periods of a report.
//
//   parse_moment("7d", now, zone)            // seven days ago
//   parse_moment("2026-11-22", now, zone)    // when that day begins there
//   calendar_periods(Calendar::kDay, first, last, zone)
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/time.h"
#include "base/time_zone.h"

namespace tokometer::cli {

// "30m", "24h", "7d", "2w" (that long ago), "now", "today", "yesterday", a date, a date with a time, an RFC 3339
// date-time. Dates and times without an offset are those of `zone`. kInvalid names the forms.
Result<UtcTime> parse_moment(std::string_view text, UtcTime now, const TimeZone& zone);

enum class Calendar { kHour, kDay, kWeek, kMonth };

// The beginnings of the hours, days, weeks (from Monday, as ISO 8601 has them) or months of `zone` that [first, last]
// touches.
std::vector<UtcTime> calendar_periods(Calendar calendar, UtcTime first, UtcTime last, const TimeZone& zone);

// "2026-11-22 14:00", "2026-11-22", "2026-W47", "2026-11": the period that begins at `start`.
std::string period_name(Calendar calendar, UtcTime start, const TimeZone& zone);

// "2026-11-22 14:03:21" by the clocks of `zone`.
std::string local_text(UtcTime time, const TimeZone& zone);
// "14:04": the first minute at which `time` has passed.
std::string local_minute(UtcTime time, const TimeZone& zone);

}  // namespace tokometer::cli
