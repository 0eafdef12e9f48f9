#include "app/units.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>
#include <utility>

namespace tokometer::app {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// A decimal number at the start of `text`, which it is taken from. Nothing if there is none.
std::optional<double> take_number(std::string_view& text) {
  if (text.empty() || text[0] < '0' || text[0] > '9') return std::nullopt;
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  if (error != std::errc()) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return number;
}

// The letters at the start of `text`, in lower case.
std::string take_unit(std::string_view& text) {
  std::string unit;
  while (!text.empty() && lower(text[0]) >= 'a' && lower(text[0]) <= 'z') {
    unit += lower(text[0]);
    text.remove_prefix(1);
  }
  return unit;
}

struct Unit {
  std::string_view name;
  std::int64_t factor;
};

constexpr std::array<Unit, 10> kSizes{{{"", 1},
                                       {"b", 1},
                                       {"kb", 1000},
                                       {"mb", 1000'000},
                                       {"gb", 1000'000'000},
                                       {"tb", 1000'000'000'000},
                                       {"kib", std::int64_t{1} << 10},
                                       {"mib", std::int64_t{1} << 20},
                                       {"gib", std::int64_t{1} << 30},
                                       {"tib", std::int64_t{1} << 40}}};

// In milliseconds, the greatest first.
constexpr std::array<Unit, 6> kDurations{
    {{"w", 604'800'000}, {"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1000}, {"ms", 1}}};

// `number` units of `factor`, if that is an amount that fits with some room.
std::optional<std::int64_t> scaled(double number, std::int64_t factor) {
  const double amount = number * static_cast<double>(factor);
  if (amount > 9e18) return std::nullopt;
  return std::llround(amount);
}

}  // namespace

std::optional<std::int64_t> parse_size(std::string_view text) {
  const auto number = take_number(text);
  if (!number) return std::nullopt;
  if (text.starts_with(' ')) text.remove_prefix(1);
  const std::string unit = take_unit(text);
  if (!text.empty()) return std::nullopt;
  for (const Unit& size : kSizes) {
    if (size.name == unit) return scaled(*number, size.factor);
  }
  return std::nullopt;
}

std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) {
  if (text == "0") return std::chrono::milliseconds(0);
  if (text.empty()) return std::nullopt;
  std::int64_t total = 0;
  std::size_t next = 0;  // units must get smaller
  while (!text.empty()) {
    const auto number = take_number(text);
    const std::string unit = take_unit(text);
    if (!number) return std::nullopt;
    while (next < kDurations.size() && kDurations[next].name != unit) ++next;
    if (next == kDurations.size()) return std::nullopt;
    const auto part = scaled(*number, kDurations[next].factor);
    if (!part || *part > INT64_MAX - total) return std::nullopt;
    total += *part;
    ++next;
  }
  return std::chrono::milliseconds(total);
}

std::string format_size(std::int64_t bytes) {
  for (std::size_t i = kSizes.size(); i-- > 6;) {
    constexpr std::array<std::string_view, 4> kNames{"KiB", "MiB", "GiB", "TiB"};
    if (bytes != 0 && bytes % kSizes[i].factor == 0)
      return fmt::format("{}{}", bytes / kSizes[i].factor, kNames[i - 6]);
  }
  return bytes == 0 ? "0" : fmt::format("{}B", bytes);
}

std::string format_duration(std::chrono::milliseconds value) {
  std::string text;
  std::int64_t left = value.count();
  for (const Unit& unit : kDurations) {
    // A week is as well seven days: nobody says "1w3d".
    if (left < unit.factor || (unit.name == "w" && left % unit.factor != 0)) continue;
    text += fmt::format("{}{}", left / unit.factor, unit.name);
    left %= unit.factor;
  }
  return text.empty() ? "0" : text;
}

}  // namespace tokometer::app
