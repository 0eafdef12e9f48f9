// Rules of a time zone in the form of POSIX.1-2017, 8.3 (the TZ variable), with
// the extensions of RFC 8536, 3.3.1: "CET-1CEST,M3.5.0,M10.5.0/3".
//
// Not here: the history of zones (time_zone.h).
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

namespace tokometer {

class PosixTimeZone {
 public:
  // Nothing where `text` is no such rule.
  static std::optional<PosixTimeZone> parse(std::string_view text);

  // What to add to UTC at `time`.
  std::chrono::seconds offset_at(std::chrono::sys_seconds time) const;

 private:
  // A day of every year and the local time of that day at which clocks are changed.
  struct Change {
    enum class Kind { kDayOfYear, kDayOfYearWithoutLeapDay, kWeekday };
    Kind kind = Kind::kDayOfYear;
    unsigned day = 0;  // of the year, or of the week
    unsigned week = 0;
    unsigned month = 0;
    std::chrono::seconds time{7200};

    std::chrono::sys_seconds in(std::chrono::year year) const;  // in local time
  };
  static std::optional<Change> take_change(std::string_view& text);

  std::chrono::seconds standard_{0};
  std::chrono::seconds summer_{0};
  std::optional<Change> summer_begins_;  // nothing: clocks are never changed
  Change summer_ends_;
};

}  // namespace tokometer
