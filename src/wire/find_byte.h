// Finds the next of two bytes, sixteen at a time.
//
// memchr looks for one byte; decoders need "CR or LF" and "quote or backslash".
// One pass for both keeps the work in proportion to the bytes read, whatever
// they are.
#pragma once

#include <bit>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace tokometer::wire {

// The first `a` or `b` in [begin, end), or `end`.
inline const char* find_either(const char* begin, const char* end, char a, char b) {
#ifdef __SSE2__
  const __m128i all_a = _mm_set1_epi8(a);
  const __m128i all_b = _mm_set1_epi8(b);
  for (; end - begin >= 16; begin += 16) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(begin));
    const __m128i hits = _mm_or_si128(_mm_cmpeq_epi8(bytes, all_a), _mm_cmpeq_epi8(bytes, all_b));
    const auto mask = static_cast<unsigned>(_mm_movemask_epi8(hits));
    if (mask != 0) return begin + std::countr_zero(mask);
  }
#endif
  while (begin != end && *begin != a && *begin != b) ++begin;
  return begin;
}

}  // namespace tokometer::wire
