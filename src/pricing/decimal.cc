#include "pricing/decimal.h"

#include <algorithm>
#include <array>
#include <limits>

#include "json/number.h"

namespace tokometer::pricing {
namespace {

__extension__ using Wide = __int128;

constexpr int kDecimals = 12;  // a picodollar is 10^-12 USD
constexpr std::int64_t kMillion = 1'000'000;
constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// A JSON number taken apart: its digits without the dot, and how many places
// the dot stands left of their end.
struct Digits {
  bool negative = false;
  std::string digits;
  std::int64_t decimals = 0;
};

// No price or cost needs longer text; what is longer is nonsense and not read.
constexpr std::size_t kMaxText = 64;

std::optional<Digits> take_apart(std::string_view text) {
  // The grammar is the JSON module's business; nothing that follows has to check it.
  if (text.size() > kMaxText || !json::to_double(text)) return std::nullopt;
  Digits result;
  if (text.front() == '-') {
    result.negative = true;
    text.remove_prefix(1);
  }
  bool after_dot = false;
  std::size_t i = 0;
  for (; i < text.size() && text[i] != 'e' && text[i] != 'E'; ++i) {
    if (text[i] == '.') {
      after_dot = true;
      continue;
    }
    result.digits += text[i];
    if (after_dot) ++result.decimals;
  }
  if (i < text.size()) {
    ++i;
    bool minus = false;
    if (text[i] == '+' || text[i] == '-') minus = text[i++] == '-';
    std::int64_t exponent = 0;
    for (; i < text.size() && is_digit(text[i]); ++i)
      exponent = std::min<std::int64_t>(exponent * 10 + text[i] - '0', 999);
    result.decimals += minus ? exponent : -exponent;
  }
  return result;
}

}  // namespace

std::string usd_text(Picodollars amount) {
  // Negating the smallest value would overflow, so its magnitude is unsigned.
  const bool negative = amount < 0;
  std::uint64_t rest = negative ? 0 - static_cast<std::uint64_t>(amount) : static_cast<std::uint64_t>(amount);
  std::array<char, 32> buffer;
  std::size_t begin = buffer.size();
  bool significant = false;
  for (int place = 0; place < kDecimals; ++place, rest /= 10) {
    const auto digit = static_cast<char>('0' + rest % 10);
    if (digit != '0') significant = true;
    if (significant) buffer[--begin] = digit;
  }
  if (significant) buffer[--begin] = '.';
  do {
    buffer[--begin] = static_cast<char>('0' + rest % 10);
    rest /= 10;
  } while (rest != 0);
  if (negative) buffer[--begin] = '-';
  return {buffer.data() + begin, buffer.size() - begin};
}

std::optional<Picodollars> parse_usd(std::string_view text) {
  const auto parts = take_apart(text);
  if (!parts) return std::nullopt;
  // Digit by digit, up to the picodollar; the first digit after it rounds.
  Wide value = 0;
  const std::int64_t shift = kDecimals - parts->decimals;
  const std::int64_t kept = static_cast<std::int64_t>(parts->digits.size()) + shift;
  for (std::int64_t i = 0; i < kept; ++i) {
    const auto place = static_cast<std::size_t>(i);
    value = value * 10 + (place < parts->digits.size() ? parts->digits[place] - '0' : 0);
    if (value > kMax) return std::nullopt;
  }
  if (kept >= 0 && static_cast<std::size_t>(kept) < parts->digits.size() &&
      parts->digits[static_cast<std::size_t>(kept)] >= '5') {
    ++value;
  }
  if (value > kMax) return std::nullopt;
  return static_cast<Picodollars>(parts->negative ? -value : value);
}

std::optional<Price> Price::parse(std::string_view text, std::int64_t units) {
  // Of a single unit a millionth of what a million may have is still exact.
  const auto scaled = json::to_scaled(text, units == 1 ? kDecimals + 6 : kDecimals);
  if (!scaled || *scaled < 0) return std::nullopt;
  if (units == 1) return Price(*scaled);
  const Wide per_million = Wide{*scaled} * (kMillion / units);
  if (per_million > kMax) return std::nullopt;
  return Price(static_cast<std::int64_t>(per_million));
}

std::optional<Picodollars> Price::times(std::int64_t count) const {
  const Wide product = Wide{picodollars_per_million_} * count;
  const Wide rounded = (product + kMillion / 2) / kMillion;
  if (rounded > kMax) return std::nullopt;
  return static_cast<Picodollars>(rounded);
}

std::optional<Price> Price::times(const Multiplier& multiplier) const {
  const Wide product = Wide{picodollars_per_million_} * multiplier.millionths_;
  const Wide rounded = (product + kMillion / 2) / kMillion;
  if (rounded > kMax) return std::nullopt;
  return Price(static_cast<std::int64_t>(rounded));
}

std::optional<Price> Price::in_proportion(Price from, Price to) const {
  const Wide divisor = from.picodollars_per_million_;
  if (divisor == 0) return std::nullopt;
  const Wide rounded = (Wide{picodollars_per_million_} * to.picodollars_per_million_ + divisor / 2) / divisor;
  if (rounded > kMax) return std::nullopt;
  return Price(static_cast<std::int64_t>(rounded));
}

std::optional<Multiplier> Multiplier::parse(std::string_view text) {
  constexpr std::int64_t kMost = 1'000 * kMillion;
  const auto scaled = json::to_scaled(text, 6);
  if (!scaled || *scaled <= 0 || *scaled > kMost) return std::nullopt;
  return Multiplier(*scaled);
}

std::string Multiplier::text() const { return usd_text(millionths_ * kMillion); }

std::string Price::text(std::int64_t units) const { return usd_text(picodollars_per_million_ / (kMillion / units)); }

}  // namespace tokometer::pricing
