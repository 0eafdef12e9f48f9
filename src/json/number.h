// Exact values of JSON numbers, which are kept as their verbatim text.
//
//   to_int64("1e3")          1000
//   to_scaled("0.00025", 12) 250000000, that many picos
//
// Nothing here rounds except to_double. Text that is no JSON number (RFC 8259
// section 6) gives nullopt everywhere.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace tokometer::json {

// The number times ten to the power of `scale` (at most 18), if that is a whole
// number which fits. "12.50" at scale 1 is 125, at scale 0 nothing.
std::optional<std::int64_t> to_scaled(std::string_view number, int scale);

// The number if it is whole and fits, however it is written: "12", "12.0", "1.2e1".
inline std::optional<std::int64_t> to_int64(std::string_view number) { return to_scaled(number, 0); }

// The nearest double; infinity where it is too large for one.
std::optional<double> to_double(std::string_view number);

// Less than, equal to or greater than 0 as `a` is to `b`: exact for whole numbers of 64 bits, else as doubles.
// Both must be JSON numbers.
int compare_numbers(std::string_view a, std::string_view b);

}  // namespace tokometer::json
