// Strings: from JSON text to UTF-8 and back (RFC 8259 sections 7 and 8).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace tokometer::json {

// An ASCII digit.
constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

// How many bytes at the start of `text` are valid UTF-8.
std::size_t valid_utf8_prefix(std::string_view text);
inline bool is_valid_utf8(std::string_view text) { return valid_utf8_prefix(text) == text.size(); }

// Appends `text` to `out` with every invalid byte sequence replaced by one U+FFFD, as browsers do.
void append_valid_utf8(std::string_view text, std::string& out);

// Appends what the string with the body `raw` (between the quotes, its escapes known to be right: the
// Reader has seen it) means, in valid UTF-8. True if it did mean something: false when a lone surrogate
// or invalid UTF-8 was replaced by U+FFFD.
bool append_unescaped(std::string_view raw, std::string& out);

// Appends `text` as a JSON string with its quotes. Invalid UTF-8 is replaced by U+FFFD, so the outcome is
// always valid JSON. Only what must be escaped is.
void append_quoted(std::string_view text, std::string& out);

// Code points of `text`, which must be valid UTF-8.
std::size_t count_code_points(std::string_view text);

// Appends the UTF-8 of `code_point`, which must be a scalar value.
void append_code_point(char32_t code_point, std::string& out);

}  // namespace tokometer::json
