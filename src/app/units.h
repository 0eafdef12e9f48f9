// Sizes and durations as people write them in settings and options.
//
//   parse_size("16MiB")     16777216
//   parse_duration("10m")   600000 ms
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tokometer::app {

// A whole or decimal number with a unit, without space or with one: B, KB, MB,
// GB, TB (powers of 1000), KiB, MiB, GiB, TiB (powers of 1024); a bare number is
// bytes. Any case. Nothing if it is something else or more than 63 bits.
std::optional<std::int64_t> parse_size(std::string_view text);

// One or more numbers with a unit, the greater first: ms, s, m, h, d, w ("90s",
// "1h30m", "1.5s"); "0" is zero. Nothing if it is something else.
std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);

// The shortest text that reads back as the value: "16MiB", "1500B", "0".
std::string format_size(std::int64_t bytes);
// "10m", "1h30m", "250ms", "0".
std::string format_duration(std::chrono::milliseconds value);

}  // namespace tokometer::app
