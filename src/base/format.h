// Figures as people read them.
//
//   format::count(1234567)            "1,234,567"
//   format::short_count(12345)        "12.3k"
//   format::usd(cost_picodollars)     "$0.001234", or "?" when it is unknown
//   format::duration(1234567us)       "1.2s"
//
// What is not known prints as "?" or "-", never as 0.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tokometer::format {

// What stands for a cost that is not known.
inline constexpr std::string_view kUnknown = "?";
// What stands for a figure that was not given.
inline constexpr std::string_view kAbsent = "-";

// With thousands separators.
std::string count(std::int64_t value);
std::string count(std::optional<std::int64_t> value);

// "1 call", "1,234 calls".
std::string calls(std::int64_t count);

// At most five characters up to 999 trillion: "999", "1.2k", "12.3k", "123k", "1.2M".
std::string short_count(std::int64_t value);
std::string short_count(std::optional<std::int64_t> value);

// Dollars, rounded half up to six decimals ("$0.001234", "$1,234.500000"); a cost
// above 0 that rounds to 0 is "<$0.000001". Unknown: "?".
std::string usd(std::optional<std::int64_t> picodollars);
// The same with two decimals from one dollar up and four below: for wide sums in tables.
std::string short_usd(std::optional<std::int64_t> picodollars);

// "850ms", "1.2s", "12.3s", "2m05s", "1h02m", "3d04h".
std::string duration(std::chrono::microseconds value);
// Of a number of microseconds; kAbsent if there is none.
std::string duration(std::optional<std::int64_t> us);

// "512 B", "1.5 KiB", "16 MiB".
std::string bytes(std::int64_t value);

// "12.3%", rounded; "-" where there is nothing to share.
std::string share(std::int64_t part, std::int64_t whole);

// Output tokens a second, one decimal below 100; absent if no time passed.
std::string rate(std::optional<std::int64_t> tokens, std::chrono::microseconds over);

}  // namespace tokometer::format
