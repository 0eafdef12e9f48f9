// What a Document is made of. Only document*.cc include this.
//
// Slots stand for values. The children of a container lie side by side, so that
// an index is an addition; a member's slot holds its name as well.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "json/kind.h"

namespace tokometer::json {

// A string in the text, or in `decoded` where it had escapes.
struct StringRef {
  std::uint32_t begin = 0;
  std::uint32_t size : 31 = 0;
  std::uint32_t is_decoded : 1 = 0;
};

struct Slot {
  Kind kind = Kind::kNull;
  std::uint32_t begin = 0;  // of the value in the text
  std::uint32_t size = 0;
  StringRef string;               // of a string; for containers: `begin` is the first child, `size` their number
  std::uint32_t name_offset = 0;  // of the member's name in the text
  StringRef name;
};

struct DocumentData {
  std::string text;
  std::string decoded;
  std::vector<Slot> slots;                // the last one is the root
  std::vector<std::uint32_t> duplicates;  // offsets of names that overruled an earlier one

  std::string_view string(StringRef ref) const {
    return std::string_view(ref.is_decoded ? decoded : text).substr(ref.begin, ref.size);
  }
};

}  // namespace tokometer::json
