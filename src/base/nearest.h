// Which of the known words someone probably meant.
//
//   nearest("modle", {"model", "client"})   "model"
#pragma once

#include <optional>
#include <span>
#include <string_view>

namespace tokometer {

// The candidate with the fewest edits from `word` (letters put in, left out,
// replaced, or two neighbours swapped), if they are at most a third of its
// length (at least one). Case and the difference of "-" and "_" do not count.
std::optional<std::string_view> nearest(std::string_view word, std::span<const std::string_view> candidates);

}  // namespace tokometer
