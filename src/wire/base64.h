// Base64 (RFC 4648 section 4), as HAR files and AWS event streams carry bytes in JSON.
//
//   base64::encode("hi")     "aGk="
//   base64::decode("aGk=")   "hi"
//
// Reading is lenient: the URL-safe alphabet of section 5, missing padding and
// line ends are taken too.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace tokometer::wire::base64 {

std::string encode(std::string_view bytes);

// Nothing where a character belongs to neither alphabet.
std::optional<std::string> decode(std::string_view text);

}  // namespace tokometer::wire::base64
