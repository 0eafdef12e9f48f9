// Names of models, as providers and clients write them: case and release dates.
//
// Not here: which names there are (price_entry.h), the order of rules (catalog.h).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace tokometer::pricing {

// `name` with ASCII letters in lower case: names are compared ignoring case.
std::string folded(std::string_view name);

// `name` without the release that stands behind it: "-20250929", "-2025-09-29",
// the same after '@' (Vertex AI), or "-latest". The name itself if there is none.
std::string_view without_release(std::string_view name);

// Where a prefix of `name` may end that is shorter than `end`: at a '-', '@' or
// ':', so that "gpt-4" is no prefix of "gpt-4o" or "gpt-4.1". npos if nowhere.
std::size_t boundary_before(std::string_view name, std::size_t end);

}  // namespace tokometer::pricing
