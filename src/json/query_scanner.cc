#include "json/query_scanner.h"

#include <fmt/format.h>

#include <charconv>

#include "json/text.h"

namespace tokometer::json {
namespace {

bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_name_first(char c) {
  return is_lower(c) || (c >= 'A' && c <= 'Z') || c == '_' || static_cast<unsigned char>(c) >= 0x80;
}

// Integers of I-JSON (RFC 7493 section 2.2).
constexpr std::int64_t kMaxInteger = (std::int64_t{1} << 53) - 1;

}  // namespace

bool QueryScanner::take(char c) {
  if (!next_is(c)) return false;
  ++at_;
  return true;
}

bool QueryScanner::take(std::string_view word) {
  if (!rest().starts_with(word)) return false;
  at_ += word.size();
  return true;
}

void QueryScanner::skip_space() {
  while (next_is(' ') || next_is('\t') || next_is('\n') || next_is('\r')) ++at_;
}

bool QueryScanner::member_name(std::string& name) {
  const std::size_t start = at_;
  if (at_end() || !is_name_first(text_[at_])) return mistake("expected a name or *");
  while (!at_end() && (is_name_first(text_[at_]) || is_digit(text_[at_]))) ++at_;
  name = text_.substr(start, at_ - start);
  return true;
}

bool QueryScanner::string(std::string& decoded) {
  const char quote = text_[at_++];
  for (; !at_end(); ++at_) {
    const char c = text_[at_];
    if (c == quote) {
      ++at_;
      return true;
    }
    if (static_cast<unsigned char>(c) < 0x20) return mistake("control character in a string");
    if (c != '\\') {
      decoded += c;
      continue;
    }
    ++at_;
    if (!escape(quote, decoded)) return false;
  }
  return mistake("the string does not end");
}

// What follows a backslash; stops on its last character.
bool QueryScanner::escape(char quote, std::string& decoded) {
  constexpr std::string_view kLetters = "bfnrt/\\";
  constexpr std::string_view kMeanings = "\b\f\n\r\t/\\";
  if (at_end()) return mistake("the string does not end");
  const char c = text_[at_];
  if (c == quote) {
    decoded += c;
    return true;
  }
  if (const std::size_t letter = kLetters.find(c); letter != std::string_view::npos) {
    decoded += kMeanings[letter];
    return true;
  }
  const std::size_t start = at_;
  char32_t unit = 0;
  if (!take('u') || !hex4(unit)) return mistake("no such escape", start);
  if (unit >= 0xd800 && unit <= 0xdfff) {
    char32_t low = 0;
    if (unit >= 0xdc00 || !take("\\u") || !hex4(low) || low < 0xdc00 || low > 0xdfff) {
      return mistake("a surrogate without its other half", start);
    }
    unit = 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
  }
  append_code_point(unit, decoded);
  --at_;
  return true;
}

bool QueryScanner::hex4(char32_t& unit) {
  const std::string_view digits = rest().substr(0, 4);
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
  if (error != std::errc() || end != digits.data() + 4) return false;
  at_ += 4;
  unit = value;
  return true;
}

std::size_t QueryScanner::skip_digits() {
  const std::size_t start = at_;
  while (next_is_digit()) ++at_;
  return at_ - start;
}

bool QueryScanner::number(std::string_view& verbatim) {
  const std::size_t start = at_;
  take('-');
  const bool zero = next_is('0');
  const std::size_t digits = skip_digits();
  if (digits == 0 || (zero && digits > 1)) return mistake("no such number", start);
  if (take('.') && skip_digits() == 0) return mistake("no such number", start);
  if (take('e') || take('E')) {
    if (!take('+')) take('-');
    if (skip_digits() == 0) return mistake("no such number", start);
  }
  verbatim = text_.substr(start, at_ - start);
  return true;
}

bool QueryScanner::optional_integer(std::optional<std::int64_t>& integer) {
  const std::size_t start = at_;
  const bool negative = take('-');
  const bool zero = next_is('0');
  const std::size_t digits = skip_digits();
  if (digits == 0 && !negative) return true;
  if (digits == 0 || (zero && (digits > 1 || negative))) return mistake("no such integer", start);
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text_.data() + start, text_.data() + at_, value);
  if (error != std::errc() || value > kMaxInteger || value < -kMaxInteger) {
    return mistake("integer out of range", start);
  }
  integer = value;
  return true;
}

std::string_view QueryScanner::word() {
  const std::size_t start = at_;
  if (!at_end() && is_lower(text_[at_])) {
    while (!at_end() && (is_lower(text_[at_]) || is_digit(text_[at_]) || text_[at_] == '_')) ++at_;
  }
  return text_.substr(start, at_ - start);
}

bool QueryScanner::mistake(std::string_view what, std::size_t offset) {
  if (message_.empty()) message_ = fmt::format("offset {}: {}", offset, what);
  return false;
}

}  // namespace tokometer::json
