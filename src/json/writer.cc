#include "json/writer.h"

#include <array>
#include <charconv>
#include <cmath>

namespace tokometer::json {

Writer& Writer::name(std::string_view name) {
  separate();
  append_quoted(name, out_);
  out_ += ':';
  needs_comma_ = false;
  return *this;
}

Writer& Writer::string(std::string_view text) {
  separate();
  append_quoted(text, out_);
  return *this;
}

Writer& Writer::number(std::int64_t number) {
  std::array<char, 20> digits;
  const auto [end, error] = std::to_chars(digits.data(), digits.data() + digits.size(), number);
  return raw({digits.data(), end});
}

Writer& Writer::number(double number) {
  if (!std::isfinite(number)) return null();
  std::array<char, 32> digits;
  const auto [end, error] = std::to_chars(digits.data(), digits.data() + digits.size(), number);
  return raw({digits.data(), end});
}

Writer& Writer::raw(std::string_view json) {
  separate();
  out_ += json;
  return *this;
}

}  // namespace tokometer::json
