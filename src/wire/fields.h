// HTTP fields (RFC 9110, section 5) as views, the way all modules hand them on.
//
// Names keep the case and order in which they were sent; comparing ignores case.
//
// Not here: reading or writing a message head (http1_decoder.h, http1_encoder.h).
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace tokometer::wire {

struct Field {
  std::string_view name;
  std::string_view value;  // without the whitespace around it

  friend bool operator==(const Field&, const Field&) = default;
};

// The fields of one message. The views live as long as the buffer they came from.
using Fields = std::span<const Field>;

// `text` with its ASCII letters in lower case.
std::string lower_case(std::string_view text);
// Whether `a` and `b` are equal but for the case of ASCII letters.
bool iequals(std::string_view a, std::string_view b);
// Whether `text` starts with `prefix`, ignoring the case of ASCII letters.
bool istarts_with(std::string_view text, std::string_view prefix);
// Whether `part` is anywhere in `text`, ignoring the case of ASCII letters.
bool icontains(std::string_view text, std::string_view part);

// The value of the first field called `name`.
std::optional<std::string_view> find(Fields fields, std::string_view name);

// Whether the comma-separated lists of all fields called `name` hold `token`
// (RFC 9110, 5.6.1; both ignore case).
bool has_token(Fields fields, std::string_view name, std::string_view token);

}  // namespace tokometer::wire
