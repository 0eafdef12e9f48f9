// Finds a short word in a text, sixteen places at a time.
//
// What libc and the standard library offer prepare a table for each search or
// stop at every first byte, and both cost more than the search where texts are
// some hundred bytes and words begin with a quote.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace tokometer::meter {

// Where `word`, of at least two bytes, first stands in `text`; npos if nowhere.
inline std::size_t find_word(std::string_view text, std::string_view word) {
  using Block = std::uint8_t __attribute__((vector_size(16)));
  using Halves = std::uint64_t __attribute__((vector_size(16)));
  const std::size_t size = word.size();
  // A place is looked at where the second byte and the last but one are right: quotes, the first and the last, are
  // everywhere in JSON.
  const std::size_t early = 1;
  const std::size_t late = size - 2;
  const Block early_byte = Block{} + static_cast<std::uint8_t>(word[early]);
  const Block late_byte = Block{} + static_cast<std::uint8_t>(word[late]);
  if (text.size() < size + sizeof(Block) - 1) return text.find(word);
  const auto hits_at = [&](std::size_t at) {
    Block here;
    Block there;
    std::memcpy(&here, text.data() + at + early, sizeof(Block));
    std::memcpy(&there, text.data() + at + late, sizeof(Block));
    return reinterpret_cast<Halves>((here == early_byte) & (there == late_byte));
  };
  const std::size_t last = text.size() - size;  // where it may begin at the latest
  for (std::size_t at = 0; at <= last; at += sizeof(Block)) {
    // Two blocks at once, as long as there is nothing in them.
    while (at + 2 * sizeof(Block) - 1 <= last) {
      const Halves either = hits_at(at) | hits_at(at + sizeof(Block));
      if ((either[0] | either[1]) != 0) break;
      at += 2 * sizeof(Block);
    }
    if (at > last) break;
    // The last block begins where it just fits: some places are looked at again.
    at = std::min(at, last - (sizeof(Block) - 1));
    const Halves both = hits_at(at);
    if ((both[0] | both[1]) == 0) continue;
    std::array<std::uint8_t, sizeof(Block)> hits;
    std::memcpy(hits.data(), &both, sizeof(Block));
    for (std::size_t i = 0; i < sizeof(Block); ++i) {
      if (hits[i] != 0 && std::memcmp(text.data() + at + i, word.data(), size) == 0) return at + i;
    }
  }
  return std::string_view::npos;
}

}  // namespace tokometer::meter
