// For tests: the same bytes, cut in every way that matters.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace tokometer::json {

// Calls `check(pieces)` for `text` whole, byte by byte, and cut in two at every place.
template <typename Check>
void for_each_split(std::string_view text, Check check) {
  check(std::vector<std::string_view>{text});
  std::vector<std::string_view> bytes;
  for (std::size_t i = 0; i < text.size(); ++i) bytes.push_back(text.substr(i, 1));
  check(bytes);
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    check(std::vector<std::string_view>{text.substr(0, cut), text.substr(cut)});
  }
}

}  // namespace tokometer::json
