// What a JSON value is (RFC 8259 section 3).
#pragma once

#include <cstdint>
#include <string_view>

namespace tokometer::json {

enum class Kind : std::uint8_t { kNull, kBool, kNumber, kString, kArray, kObject };

// "null", "boolean", "number", "string", "array", "object".
constexpr std::string_view to_string(Kind kind) {
  constexpr std::string_view kNames[] = {"null", "boolean", "number", "string", "array", "object"};
  return kNames[static_cast<std::size_t>(kind)];
}

}  // namespace tokometer::json
