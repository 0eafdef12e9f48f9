#include "json/text.h"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>

#include "json/scan.h"

namespace tokometer::json {
namespace {

constexpr std::string_view kReplacement = "\xef\xbf\xbd";

std::size_t ascii_prefix(std::string_view text) {
  std::size_t at = 0;
  for (std::uint64_t eight = 0; at + 8 <= text.size(); at += 8) {
    std::memcpy(&eight, text.data() + at, 8);
    if ((eight & 0x8080808080808080) != 0) break;
  }
  while (at < text.size() && static_cast<unsigned char>(text[at]) < 0x80) ++at;
  return at;
}

// One sequence at the start of `text`, which is not ASCII: its length, and whether it is valid. The length of
// an invalid one is that of its longest prefix that could have become valid, at least 1 (Unicode 3.9, D93b).
struct Sequence {
  std::size_t size;
  bool valid;
};

Sequence read_sequence(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text.front());
  std::size_t size = 0;
  unsigned char low = 0x80;
  unsigned char high = 0xbf;
  if (lead >= 0xc2 && lead <= 0xdf) {
    size = 2;
  } else if (lead >= 0xe0 && lead <= 0xef) {
    size = 3;
    if (lead == 0xe0) low = 0xa0;
    if (lead == 0xed) high = 0x9f;
  } else if (lead >= 0xf0 && lead <= 0xf4) {
    size = 4;
    if (lead == 0xf0) low = 0x90;
    if (lead == 0xf4) high = 0x8f;
  } else {
    return {1, false};
  }
  for (std::size_t i = 1; i < size; ++i) {
    if (i == text.size()) return {i, false};
    const auto c = static_cast<unsigned char>(text[i]);
    if (c < low || c > high) return {i, false};
    low = 0x80;
    high = 0xbf;
  }
  return {size, true};
}

char32_t hex4(std::string_view digits) {
  char32_t value = 0;
  for (const char c : digits.substr(0, 4)) {
    const int digit = c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
    value = value * 16 + static_cast<char32_t>(digit);
  }
  return value;
}

bool append_mended(std::string_view text, std::string& out) {
  const std::size_t valid = valid_utf8_prefix(text);
  if (valid == text.size()) {
    out += text;
    return true;
  }
  append_valid_utf8(text, out);
  return false;
}

}  // namespace

std::size_t valid_utf8_prefix(std::string_view text) {
  std::size_t at = 0;
  for (;;) {
    at += ascii_prefix(text.substr(at));
    if (at == text.size()) return at;
    const Sequence sequence = read_sequence(text.substr(at));
    if (!sequence.valid) return at;
    at += sequence.size;
  }
}

void append_valid_utf8(std::string_view text, std::string& out) {
  for (;;) {
    const std::size_t valid = valid_utf8_prefix(text);
    out += text.substr(0, valid);
    if (valid == text.size()) return;
    text.remove_prefix(valid);
    out += kReplacement;
    text.remove_prefix(read_sequence(text).size);
  }
}

void append_code_point(char32_t code_point, std::string& out) {
  const auto push = [&out](char32_t byte) { out += static_cast<char>(byte); };
  if (code_point < 0x80) {
    push(code_point);
  } else if (code_point < 0x800) {
    push(0xc0 | (code_point >> 6));
    push(0x80 | (code_point & 0x3f));
  } else if (code_point < 0x10000) {
    push(0xe0 | (code_point >> 12));
    push(0x80 | ((code_point >> 6) & 0x3f));
    push(0x80 | (code_point & 0x3f));
  } else {
    push(0xf0 | (code_point >> 18));
    push(0x80 | ((code_point >> 12) & 0x3f));
    push(0x80 | ((code_point >> 6) & 0x3f));
    push(0x80 | (code_point & 0x3f));
  }
}

bool append_unescaped(std::string_view raw, std::string& out) {
  bool exact = true;
  for (;;) {
    const std::size_t plain = raw.find('\\');
    exact &= append_mended(raw.substr(0, plain), out);
    if (plain == std::string_view::npos) return exact;
    const char escape = raw[plain + 1];
    raw.remove_prefix(plain + 2);
    constexpr std::string_view kLetters = "bfnrt";
    constexpr std::string_view kControls = "\b\f\n\r\t";
    if (escape != 'u') {
      const std::size_t letter = kLetters.find(escape);
      out += letter == std::string_view::npos ? escape : kControls[letter];
      continue;
    }
    char32_t unit = hex4(raw);
    raw.remove_prefix(4);
    if (unit >= 0xd800 && unit <= 0xdfff) {
      const bool pair = unit < 0xdc00 && raw.starts_with("\\u");
      const char32_t low = pair ? hex4(raw.substr(2)) : 0;
      if (low < 0xdc00 || low > 0xdfff) {
        out += kReplacement;
        exact = false;
        continue;
      }
      unit = 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
      raw.remove_prefix(6);
    }
    append_code_point(unit, out);
  }
}

void append_quoted(std::string_view text, std::string& out) {
  out += '"';
  for (;;) {
    const char* const begin = std::to_address(text.begin());
    const auto plain = static_cast<std::size_t>(find_string_stop(begin, begin + text.size()) - begin);
    append_mended(text.substr(0, plain), out);
    if (plain == text.size()) break;
    const char c = text[plain];
    constexpr std::string_view kEscaped = "\"\\\b\f\n\r\t";
    constexpr std::string_view kLetters = "\"\\bfnrt";
    const std::size_t letter = kEscaped.find(c);
    out += '\\';
    if (letter != std::string_view::npos) {
      out += kLetters[letter];
    } else {
      constexpr std::string_view kHex = "0123456789abcdef";
      out += "u00";
      out += kHex[static_cast<std::size_t>(c >> 4)];
      out += kHex[static_cast<std::size_t>(c & 0xf)];
    }
    text.remove_prefix(plain + 1);
  }
  out += '"';
}

std::size_t count_code_points(std::string_view text) {
  std::size_t count = 0;
  for (const char c : text) count += (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  return count;
}

}  // namespace tokometer::json
