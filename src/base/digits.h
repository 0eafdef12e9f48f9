// How whole numbers are written for people.
//
//   grouped(1234567)  // "1,234,567"
#pragma once

#include <cstdint>
#include <string>

namespace tokometer {

inline std::string grouped(std::uint64_t value) {
  constexpr std::size_t kGroup = 3;
  std::string digits = std::to_string(value);
  for (std::size_t i = digits.size(); i > kGroup; i -= kGroup) digits.insert(i - kGroup, ",");
  return digits;
}

}  // namespace tokometer
