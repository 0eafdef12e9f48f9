#include "json/number.h"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <limits>
#include <string>

#include "json/text.h"

namespace tokometer::json {
namespace {

std::string_view take_digits(std::string_view& text) {
  std::size_t count = 0;
  while (count < text.size() && is_digit(text[count])) ++count;
  const std::string_view digits = text.substr(0, count);
  text.remove_prefix(count);
  return digits;
}

bool take(std::string_view& text, std::string_view any_of) {
  if (text.empty() || any_of.find(text.front()) == std::string_view::npos) return false;
  text.remove_prefix(1);
  return true;
}

// Its parts, as RFC 8259 section 6 names them.
struct Parts {
  bool negative = false;
  std::string_view integer;
  std::string_view fraction;
  std::int64_t exponent = 0;  // held to 15 digits: no text is long enough to make up for more
};

std::optional<Parts> split(std::string_view text) {
  constexpr std::int64_t kMaxExponent = 1'000'000'000'000'000;
  Parts parts;
  parts.negative = take(text, "-");
  parts.integer = take_digits(text);
  if (parts.integer.empty() || (parts.integer.size() > 1 && parts.integer.front() == '0')) return std::nullopt;
  if (take(text, ".")) {
    parts.fraction = take_digits(text);
    if (parts.fraction.empty()) return std::nullopt;
  }
  if (take(text, "eE")) {
    const bool negative = !text.empty() && text.front() == '-';
    take(text, "+-");
    const std::string_view digits = take_digits(text);
    if (digits.empty()) return std::nullopt;
    for (const char c : digits) parts.exponent = std::min(parts.exponent * 10 + (c - '0'), kMaxExponent);
    if (negative) parts.exponent = -parts.exponent;
  }
  if (!text.empty()) return std::nullopt;
  return parts;
}

}  // namespace

std::optional<std::int64_t> to_scaled(std::string_view number, int scale) {
  const auto parts = split(number);
  if (!parts) return std::nullopt;
  // The value is 0.DIGITS times ten to the power of `point`: that many digits stand before the decimal point.
  std::int64_t point = static_cast<std::int64_t>(parts->integer.size()) + parts->exponent + scale;
  const std::uint64_t max = std::uint64_t{1} << 63;
  std::uint64_t sum = 0;
  const auto shift_in = [&](unsigned digit) {
    return !__builtin_mul_overflow(sum, std::uint64_t{10}, &sum) &&
           !__builtin_add_overflow(sum, std::uint64_t{digit}, &sum) && sum <= max;
  };
  for (const std::string_view digits : {parts->integer, parts->fraction}) {
    for (const char c : digits) {
      if (point-- > 0) {
        if (!shift_in(static_cast<unsigned>(c - '0'))) return std::nullopt;
      } else if (c != '0') {
        return std::nullopt;
      }
    }
  }
  for (; point > 0 && sum != 0; --point) {
    if (!shift_in(0)) return std::nullopt;
  }
  if (parts->negative) return static_cast<std::int64_t>(0 - sum);
  if (sum == max) return std::nullopt;
  return static_cast<std::int64_t>(sum);
}

std::optional<double> to_double(std::string_view number) {
  const auto parts = split(number);
  if (!parts) return std::nullopt;
  double value = 0;
  const auto [rest, error] = std::from_chars(number.data(), number.data() + number.size(), value);
  if (error != std::errc::result_out_of_range) return value;
  // Out of range is either way: too large, or too near to zero. The place of the first digit that counts tells.
  std::int64_t point = static_cast<std::int64_t>(parts->integer.size()) + parts->exponent;
  for (const std::string_view digits : {parts->integer, parts->fraction}) {
    const std::size_t zeros = std::min(digits.find_first_not_of('0'), digits.size());
    point -= static_cast<std::int64_t>(zeros);
    if (zeros != digits.size()) break;
  }
  const double magnitude = point > 0 ? std::numeric_limits<double>::infinity() : 0.0;
  return parts->negative ? -magnitude : magnitude;
}

int compare_numbers(std::string_view a, std::string_view b) {
  const auto whole_a = to_int64(a);
  const auto whole_b = to_int64(b);
  if (whole_a && whole_b) return *whole_a < *whole_b ? -1 : static_cast<int>(*whole_a > *whole_b);
  const double real_a = to_double(a).value_or(0);
  const double real_b = to_double(b).value_or(0);
  return real_a < real_b ? -1 : static_cast<int>(real_a > real_b);
}

}  // namespace tokometer::json
