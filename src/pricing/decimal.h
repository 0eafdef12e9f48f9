// Money and prices as exact decimals: integers of 10^-12 USD, never binary
// floating point.
//
//   const auto price = Price::parse("3.75");           // USD per million units
//   const auto cost = price->times(1'000);             // 3'750'000'000 picodollars
//   usd_text(*cost);                                    // "0.00375"
//
// Rounding: an amount is rounded once, to the nearest picodollar, a half away
// from zero. Prices of up to six decimals per million tokens never need it. A
// total is the sum of its rounded parts, so parts always add up.
//
// Not here: which price applies (catalog.h) and to what (cost.h).
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tokometer::pricing {

// 10^-12 USD; 64 bits hold some nine million dollars, which no exchange costs.
using Picodollars = std::int64_t;

// "0.00025125", "12", "-0.5": the exact value, without trailing zeros or exponent.
std::string usd_text(Picodollars amount);

// Reads a decimal as JSON writes numbers ("0.00014", "1.4e-4"), rounded to the
// picodollar. Nothing for other text and for what 64 bits do not hold.
std::optional<Picodollars> parse_usd(std::string_view text);

// What a price is multiplied by: a positive decimal, at most 1,000, of up to six decimals.
class Multiplier {
 public:
  constexpr Multiplier() = default;

  static std::optional<Multiplier> parse(std::string_view text);
  std::string text() const;

  friend auto operator<=>(const Multiplier&, const Multiplier&) = default;

 private:
  friend class Price;
  explicit constexpr Multiplier(std::int64_t value) : millionths_(value) {}

  std::int64_t millionths_ = 1'000'000;
};

// What a million units (tokens, calls) cost, to 10^-12 USD; never negative.
class Price {
 public:
  constexpr Price() = default;

  // Reads a decimal as JSON writes numbers, per `units`: 1, 1,000 or 1,000,000.
  // Nothing for other text, for negative prices, for more decimals than 10^-12
  // USD per million has and for a price above nine million USD: a price is
  // never rounded.
  static std::optional<Price> parse(std::string_view text, std::int64_t units = 1'000'000);

  // The price of `count` units. Nothing if 64 bits do not hold it; `count` is not negative.
  std::optional<Picodollars> times(std::int64_t count) const;

  // This price with a surcharge, to the nearest 10^-12 USD per million. Nothing if 64 bits do not hold it.
  std::optional<Price> times(const Multiplier& multiplier) const;

  // This price, changed as `to` is from `from`, to the nearest 10^-12 USD per million. Nothing if `from` is free or 64
  // bits do not hold it.
  std::optional<Price> in_proportion(Price from, Price to) const;

  // The price of `units` units as decimal text: per_million's own for 1,000,000.
  std::string text(std::int64_t units = 1'000'000) const;

  constexpr std::int64_t picodollars_per_million() const { return picodollars_per_million_; }

  friend auto operator<=>(const Price&, const Price&) = default;

 private:
  explicit constexpr Price(std::int64_t value) : picodollars_per_million_(value) {}

  std::int64_t picodollars_per_million_ = 0;
};

}  // namespace tokometer::pricing
