// Time zones: what the clocks on the wall say, at any time, anywhere.
//
//   auto zone = TimeZone::open("Europe/Berlin");     // or "+02:00", "UTC"
//   zone->offset_at(time);                           // 1 h or 2 h
//   zone->to_utc(local_midnight);                    // when that day begins
//
// Reads the system's own files (RFC 8536). A value that can be copied and used
// by any thread; it does not touch TZ or the C library's idea of it.
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/posix_time_zone.h"
#include "base/time.h"

namespace tokometer {

// What a clock on the wall says: not a moment, until a zone is known.
using LocalTime = std::chrono::local_time<std::chrono::microseconds>;

class TimeZone {
 public:
  static constexpr std::string_view kFolder = "/usr/share/zoneinfo";

  // UTC.
  TimeZone() = default;

  // "UTC", "Z", "+02:00", "-0330", or a name in `folder`. kNotFound for an unknown one, kCorrupt where its file is
  // no such file.
  static Result<TimeZone> open(std::string_view name, const std::filesystem::path& folder = kFolder);

  // The system's: what the variable TZ says, if it is set (its value is `variable`), else /etc/localtime. UTC where
  // neither says anything that can be read.
  static TimeZone local(const std::optional<std::string>& variable);

  // Reads a time zone file's content.
  static Result<TimeZone> parse(std::string_view bytes, std::string name);

  // What to add to UTC at `time`.
  std::chrono::seconds offset_at(UtcTime time) const;
  LocalTime to_local(UtcTime time) const;
  // The moment at which clocks say `time`: the first one where they say it twice, the moment of the change where
  // they leave it out.
  UtcTime to_utc(LocalTime time) const;

  const std::string& name() const { return name_; }

 private:
  struct Transition {
    std::chrono::sys_seconds at;
    std::chrono::seconds offset;  // from then on
  };

  std::string name_ = "UTC";
  std::chrono::seconds first_offset_{0};  // before the first transition
  std::vector<Transition> transitions_;   // ascending
  std::optional<PosixTimeZone> rest_;     // after the last transition
};

}  // namespace tokometer
