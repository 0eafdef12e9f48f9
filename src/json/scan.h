// The loops over bytes that the Reader spends its time in, 16 at a time with
// SSE2 (which every x86-64 has) and byte by byte elsewhere.
//
// Not here: any state of JSON but that of strings and brackets (reader.h).
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace tokometer::json {

// The first quote, backslash or control character, else `end`.
inline const char* find_string_stop(const char* at, const char* end) {
#ifdef __SSE2__
  const __m128i quote = _mm_set1_epi8('"');
  const __m128i backslash = _mm_set1_epi8('\\');
  const __m128i last_control = _mm_set1_epi8(0x1f);
  for (; end - at >= 16; at += 16) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    const __m128i control = _mm_cmpeq_epi8(_mm_max_epu8(bytes, last_control), last_control);
    const __m128i special = _mm_or_si128(_mm_cmpeq_epi8(bytes, quote), _mm_cmpeq_epi8(bytes, backslash));
    const auto found = static_cast<unsigned>(_mm_movemask_epi8(_mm_or_si128(special, control)));
    if (found != 0) return at + std::countr_zero(found);
  }
#endif
  while (at != end && *at != '"' && *at != '\\' && static_cast<unsigned char>(*at) > 0x1f) ++at;
  return at;
}

// Which of 64 bytes are what, one bit a byte, the first byte in the lowest bit.
struct BlockMasks {
  std::uint64_t quotes = 0;
  std::uint64_t backslashes = 0;
  std::uint64_t opens = 0;   // [ and {
  std::uint64_t closes = 0;  // ] and }
};

inline BlockMasks classify(const char* block) {
  BlockMasks masks;
#ifdef __SSE2__
  const __m128i quote = _mm_set1_epi8('"');
  const __m128i backslash = _mm_set1_epi8('\\');
  const __m128i open = _mm_set1_epi8('{');
  const __m128i close = _mm_set1_epi8('}');
  const __m128i fold = _mm_set1_epi8(0x20);  // makes [ of { and ] of } and nothing else of them
  for (std::size_t i = 0; i < 4; ++i) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(block + 16 * i));
    const __m128i folded = _mm_or_si128(bytes, fold);
    const auto mask = [i](__m128i equal) {
      return static_cast<std::uint64_t>(static_cast<unsigned>(_mm_movemask_epi8(equal))) << (16 * i);
    };
    masks.quotes |= mask(_mm_cmpeq_epi8(bytes, quote));
    masks.backslashes |= mask(_mm_cmpeq_epi8(bytes, backslash));
    masks.opens |= mask(_mm_cmpeq_epi8(folded, open));
    masks.closes |= mask(_mm_cmpeq_epi8(folded, close));
  }
#else
  for (int i = 0; i < 64; ++i) {
    const char c = block[i];
    const std::uint64_t bit = std::uint64_t{1} << i;
    if (c == '"') masks.quotes |= bit;
    if (c == '\\') masks.backslashes |= bit;
    if (c == '[' || c == '{') masks.opens |= bit;
    if (c == ']' || c == '}') masks.closes |= bit;
  }
#endif
  return masks;
}

// Where a skip through a container stands.
struct SkipState {
  std::uint32_t depth = 0;  // containers open, the skipped one included
  bool in_string = false;
  bool escaped = false;  // the next byte comes after a backslash
};

// Reads on until the bracket that closes the skipped container, and returns where it is, or `end`.
inline const char* skip_container(const char* at, const char* end, SkipState& state) {
  while (at != end) {
    const std::size_t size = end - at < 64 ? static_cast<std::size_t>(end - at) : 64;
    BlockMasks masks;
    if (size == 64) {
      masks = classify(at);
    } else {
      char block[64] = {};
      std::memcpy(block, at, size);
      masks = classify(block);
    }

    // Bytes that follow a backslash which is not itself escaped.
    std::uint64_t escaped = state.escaped ? 1 : 0;
    state.escaped = false;
    for (std::uint64_t rest = masks.backslashes & ~escaped; rest != 0;) {
      const auto index = static_cast<std::size_t>(std::countr_zero(rest));
      if (index + 1 == size) {
        state.escaped = true;
        break;
      }
      const std::uint64_t next = std::uint64_t{2} << index;
      escaped |= next;
      rest &= (rest - 1) & ~next;
    }

    // Bit i of `inside`: an odd number of quotes up to byte i, so it is inside a string.
    std::uint64_t inside = masks.quotes & ~escaped;
    for (int shift = 1; shift < 64; shift *= 2) inside ^= inside << shift;
    if (state.in_string) inside = ~inside;

    const std::uint64_t closes = masks.closes & ~inside;
    for (std::uint64_t rest = (masks.opens & ~inside) | closes; rest != 0; rest &= rest - 1) {
      const int index = std::countr_zero(rest);
      state.depth += 1 - 2 * static_cast<std::uint32_t>((closes >> index) & 1);
      if (state.depth == 0) return at + index;
    }
    state.in_string = (inside >> 63) != 0;
    at += size;
  }
  return end;
}

}  // namespace tokometer::json
