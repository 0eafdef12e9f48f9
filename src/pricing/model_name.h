// Names of models, as providers and clients write them: case and release dates.
//
// Not here: which names there are (price_entry.h), the order of rules (catalog.h).
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace tokometer::pricing {

// `name` with ASCII letters in lower case: names are compared ignoring case.
std::string folded(std::string_view name);

// `name` without the release that stands behind it: "-20250929", "-2025-09-29",
// the same after '@' (Vertex AI), "-latest", or "-v1:0" (Bedrock). The name itself if there is none.
std::string_view without_release(std::string_view name);

// Where a prefix of `name` may end that is shorter than `end`: at a '-', '@' or
// ':', so that "gpt-4" is no prefix of "gpt-4o" or "gpt-4.1". npos if nowhere.
std::size_t boundary_before(std::string_view name, std::size_t end);

// The part of `text` that the '*' of `pattern` stands for; nothing if the two do
// not match. A pattern without a '*' matches itself, with an empty part.
std::optional<std::string_view> matched_part(std::string_view pattern, std::string_view text);

// The length of the start of `text` that `pattern` matches, its '*' as short as can be; nothing if none does.
std::optional<std::size_t> matched_start(std::string_view pattern, std::string_view text);

}  // namespace tokometer::pricing
