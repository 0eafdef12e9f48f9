// Wall-clock time in UTC, as events carry it, and its text form (RFC 3339).
//
// Time reaches code as a parameter: pass a Clock, or the value itself.
// Durations and timeouts use std::chrono::steady_clock.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace tokometer {

// Microseconds since 1970-01-01T00:00:00Z, leap seconds not counted.
using UtcTime = std::chrono::sys_time<std::chrono::microseconds>;
using SteadyTime = std::chrono::steady_clock::time_point;

// Both clocks of the machine, or of a test.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual UtcTime now() const = 0;
  virtual SteadyTime steady() const = 0;
};

// The machine's own clocks. Thread-safe; lives as long as the process.
const Clock& system_clock();

// "2026-11-22T20:37:51.123456Z"; always six decimals, always UTC. A time beyond the years 0 to 9999 gives their edge.
std::string format_rfc3339(UtcTime time);

// Reads an RFC 3339 date-time ("2026-11-22T20:37:51Z", any offset, up to six
// decimals kept) or a plain date ("2026-11-22", midnight UTC); nothing else.
std::optional<UtcTime> parse_rfc3339(std::string_view text);

}  // namespace tokometer
