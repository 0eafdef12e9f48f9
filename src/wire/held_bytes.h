// What the decoders do with bytes that they must keep from one chunk to the next.
//
// Bounded: nothing beyond a limit is kept. Given back: thousands of streams are
// open at once and nearly all are idle, so a buffer that once grew is not kept.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

namespace tokometer::wire {

// Appends `part` to `held` as far as `held` stays within `limit` bytes.
inline void append_within(std::string& held, std::string_view part, std::size_t limit) {
  held.append(part.substr(0, limit - std::min(limit, held.size())));
}

// Empties `held`, giving back its memory if that is more than a little.
inline void release(std::string& held) {
  constexpr std::size_t kKeptBytes = 2048;
  if (held.capacity() > kKeptBytes) {
    std::string().swap(held);
  } else {
    held.clear();
  }
}

}  // namespace tokometer::wire
