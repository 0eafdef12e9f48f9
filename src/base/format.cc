#include "base/format.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace tokometer::format {
namespace {

constexpr std::uint64_t kPicodollars = 1'000'000'000'000;  // in one dollar

std::uint64_t magnitude(std::int64_t value) {
  const auto bits = static_cast<std::uint64_t>(value);
  return value < 0 ? 0 - bits : bits;
}

std::string grouped(std::uint64_t value) {
  std::string digits = std::to_string(value);
  for (std::size_t i = digits.size(); i > 3; i -= 3) digits.insert(i - 3, ",");
  return digits;
}

// Dollars with `decimals`, at most 12, rounded half up.
std::string dollars(std::int64_t picodollars, int decimals) {
  std::uint64_t unit = kPicodollars;  // picodollars in the last decimal place
  for (int i = 0; i < decimals; ++i) unit /= 10;
  const std::uint64_t per_dollar = kPicodollars / unit;
  const std::uint64_t exact = magnitude(picodollars);
  const std::uint64_t rounded = exact / unit + (exact % unit >= unit - unit / 2 ? 1 : 0);
  const std::string_view sign = picodollars < 0 ? "-" : "";
  if (rounded == 0 && exact != 0) return fmt::format("<{}$0.{:0>{}}", sign, 1, decimals);
  return fmt::format("{}${}.{:0>{}}", sign, grouped(rounded / per_dollar), rounded % per_dollar, decimals);
}

}  // namespace

std::string count(std::int64_t value) { return (value < 0 ? "-" : "") + grouped(magnitude(value)); }

std::string count(std::optional<std::int64_t> value) { return value ? count(*value) : std::string(kAbsent); }

std::string short_count(std::int64_t value) {
  constexpr std::array<std::string_view, 7> kUnits{"", "k", "M", "G", "T", "P", "E"};
  if (value > -1000 && value < 1000) return std::to_string(value);
  double shown = static_cast<double>(value);
  std::size_t unit = 0;
  // 999.95 would print as 1000.0: it belongs to the next unit.
  while ((shown >= 999.5 || shown <= -999.5) && unit + 1 < kUnits.size()) {
    shown /= 1000;
    ++unit;
  }
  const bool short_enough = shown < 99.95 && shown > -99.95;
  return fmt::format("{:.{}f}{}", shown, short_enough ? 1 : 0, kUnits[unit]);
}

std::string short_count(std::optional<std::int64_t> value) {
  return value ? short_count(*value) : std::string(kAbsent);
}

std::string usd(std::optional<std::int64_t> picodollars) {
  return picodollars ? dollars(*picodollars, 6) : std::string(kUnknown);
}

std::string short_usd(std::optional<std::int64_t> picodollars) {
  if (!picodollars) return std::string(kUnknown);
  if (*picodollars == 0) return "$0.00";
  return dollars(*picodollars, magnitude(*picodollars) >= kPicodollars ? 2 : 4);
}

std::string calls(std::int64_t number) { return count(number) + (number == 1 ? " call" : " calls"); }

std::string duration(std::optional<std::int64_t> us) {
  return us ? duration(std::chrono::microseconds(*us)) : std::string(kAbsent);
}

std::string duration(std::chrono::microseconds value) {
  const std::int64_t ms = (value.count() + 500) / 1000;
  if (ms < 1000) return fmt::format("{}ms", ms);
  if (ms < 59'950) return fmt::format("{:.1f}s", static_cast<double>(ms) / 1000);
  const std::int64_t seconds = (ms + 500) / 1000;
  if (seconds < 3600) return fmt::format("{}m{:02}s", seconds / 60, seconds % 60);
  const std::int64_t minutes = seconds / 60;
  if (minutes < 24 * 60) return fmt::format("{}h{:02}m", minutes / 60, minutes % 60);
  return fmt::format("{}d{:02}h", minutes / (24 * 60), minutes / 60 % 24);
}

std::string bytes(std::int64_t value) {
  constexpr std::array<std::string_view, 5> kUnits{"B", "KiB", "MiB", "GiB", "TiB"};
  double shown = static_cast<double>(value);
  std::size_t unit = 0;
  while (shown >= 1024 && unit + 1 < kUnits.size()) {
    shown /= 1024;
    ++unit;
  }
  std::string figure = fmt::format("{:.1f}", shown);
  if (figure.ends_with(".0")) figure.resize(figure.size() - 2);
  return fmt::format("{} {}", figure, kUnits[unit]);
}

std::string share(std::int64_t part, std::int64_t whole) {
  if (whole <= 0) return std::string(kAbsent);
  return fmt::format("{:.1f}%", 100 * static_cast<double>(part) / static_cast<double>(whole));
}

std::string rate(std::optional<std::int64_t> tokens, std::chrono::microseconds over) {
  if (!tokens || over.count() <= 0) return std::string(kAbsent);
  const double per_second = static_cast<double>(*tokens) * 1e6 / static_cast<double>(over.count());
  constexpr double kFits = 99'999.5;
  if (per_second >= kFits) return short_count(static_cast<std::int64_t>(std::min(per_second, 9e18)));
  return fmt::format("{:.{}f}", per_second, per_second < 99.95 ? 1 : 0);
}

}  // namespace tokometer::format
