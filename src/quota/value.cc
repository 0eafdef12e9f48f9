#include "quota/value.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>

#include "json/number.h"

namespace tokometer::quota {
namespace {

using provider::TimeForm;
using std::chrono::microseconds;

std::optional<microseconds> scaled(double number, double unit_us) {
  const double us = number * unit_us;
  const double most = static_cast<double>(std::chrono::duration_cast<microseconds>(kMaxAhead).count());
  if (!(us >= 0) || us > most) return std::nullopt;
  return microseconds(std::llround(us));
}

// "1m26.4s": numbers with units, the greater unit first, as Go writes durations; "d" and "µs" too.
std::optional<microseconds> go_duration(std::string_view text) {
  struct Unit {
    std::string_view name;
    double us;
  };
  constexpr std::array<Unit, 8> kUnits = {
      {{"d", 86'400e6}, {"h", 3'600e6}, {"ms", 1e3}, {"m", 60e6}, {"s", 1e6}, {"us", 1}, {"\u00b5s", 1}, {"ns", 1e-3}}};
  double sum = 0;
  double last = kMaxAmount * 1e9;
  if (text.empty()) return std::nullopt;
  while (!text.empty()) {
    const std::size_t digits = std::min(text.find_first_not_of("0123456789."), text.size());
    const auto number = json::to_double(text.substr(0, digits));
    text.remove_prefix(digits);
    const Unit* found = nullptr;
    for (const Unit& unit : kUnits) {
      if (text.starts_with(unit.name)) {
        found = &unit;
        break;
      }
    }
    if (!number || found == nullptr || found->us >= last) return std::nullopt;
    last = found->us;
    sum += *number * found->us;
    text.remove_prefix(found->name.size());
  }
  return scaled(sum, 1);
}

std::optional<UtcTime> since_epoch(double number, double unit_us) {
  constexpr double kFarthestUs = 1e16;  // the year 2286
  const double us = number * unit_us;
  if (!(us >= 0) || us > kFarthestUs) return std::nullopt;
  return UtcTime(microseconds(std::llround(us)));
}

// "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110, 5.6.7), as Retry-After may have it.
std::optional<UtcTime> http_date(std::string_view text) {
  constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";
  constexpr std::string_view kForm = "Sun, 06 Nov 1994 08:49:37 GMT";
  if (text.size() != kForm.size() || !text.ends_with(" GMT") || text.substr(3, 2) != ", ") return std::nullopt;
  const auto month = kMonths.find(text.substr(8, 3));
  if (month == std::string_view::npos || month % 3 != 0) return std::nullopt;
  const std::size_t number = month / 3 + 1;
  std::string rfc3339(text.substr(12, 4));
  rfc3339 += {'-', static_cast<char>('0' + number / 10), static_cast<char>('0' + number % 10), '-'};
  rfc3339.append(text.substr(5, 2)).append("T").append(text.substr(17, 8)).append("Z");
  return parse_rfc3339(rfc3339);
}

// Only what lies within reach of `now`.
std::optional<UtcTime> believed(std::optional<UtcTime> time, UtcTime now) {
  if (!time || *time > now + kMaxAhead || *time < now - kMaxAhead) return std::nullopt;
  return time;
}

std::optional<UtcTime> after(UtcTime now, std::optional<microseconds> length) {
  if (!length) return std::nullopt;
  return now + *length;
}

// A plain number says by its size what it is: no wait takes thirty years.
std::optional<UtcTime> any_moment(std::string_view text, UtcTime now) {
  constexpr double kLeastUnix = 1e9;
  constexpr double kLeastUnixMilliseconds = 1e12;
  if (const auto number = json::to_double(text)) {
    if (*number >= kLeastUnixMilliseconds) return since_epoch(*number, 1e3);
    if (*number >= kLeastUnix) return since_epoch(*number, 1e6);
    return after(now, scaled(*number, 1e6));
  }
  if (const auto length = go_duration(text)) return now + *length;
  if (const auto time = parse_rfc3339(text)) return time;
  return http_date(text);
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// RFC 3986, 2.1; what is no escape stays as it is.
std::string percent_decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool escape = text[i] == '%' && i + 2 < text.size();
    const int high = escape ? hex_digit(text[i + 1]) : -1;
    const int low = escape ? hex_digit(text[i + 2]) : -1;
    if (high >= 0 && low >= 0) {
      out += static_cast<char>(high * 16 + low);
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

std::string_view without_spaces(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

}  // namespace

std::optional<double> read_amount(std::string_view text) {
  if (text.starts_with('$')) text.remove_prefix(1);
  const auto number = json::to_double(text);
  if (!number || !(std::abs(*number) <= kMaxAmount)) return std::nullopt;
  return number;
}

std::optional<microseconds> read_length(std::string_view text, TimeForm form) {
  if (form == TimeForm::kDuration) return go_duration(text);
  const auto number = json::to_double(text);
  switch (form) {
    case TimeForm::kAny:
      return number ? scaled(*number, 1e6) : go_duration(text);
    case TimeForm::kSeconds:
      return number ? scaled(*number, 1e6) : std::nullopt;
    case TimeForm::kMilliseconds:
      return number ? scaled(*number, 1e3) : std::nullopt;
    case TimeForm::kMinutes:
      return number ? scaled(*number, 60e6) : std::nullopt;
    default:
      return std::nullopt;
  }
}

std::optional<UtcTime> read_moment(std::string_view text, TimeForm form, UtcTime now) {
  switch (form) {
    case TimeForm::kAny:
      return believed(any_moment(text, now), now);
    case TimeForm::kUnix:
    case TimeForm::kUnixMilliseconds: {
      const auto number = json::to_double(text);
      if (!number) return std::nullopt;
      return believed(since_epoch(*number, form == TimeForm::kUnix ? 1e6 : 1e3), now);
    }
    case TimeForm::kRfc3339:
      return believed(parse_rfc3339(text), now);
    default:
      return after(now, read_length(text, form));
  }
}

std::optional<std::string> member(std::string_view list, std::string_view name) {
  while (!list.empty()) {
    const auto end = list.find_first_of("&;,");
    const std::string_view pair = list.substr(0, end);
    const auto equals = pair.find('=');
    if (equals != std::string_view::npos && without_spaces(pair.substr(0, equals)) == name) {
      std::string value = percent_decoded(without_spaces(pair.substr(equals + 1)));
      if (value.size() >= 2 && value.front() == '"' && value.back() == '"') value = value.substr(1, value.size() - 2);
      return value;
    }
    if (end == std::string_view::npos) break;
    list.remove_prefix(end + 1);
  }
  return std::nullopt;
}

}  // namespace tokometer::quota
