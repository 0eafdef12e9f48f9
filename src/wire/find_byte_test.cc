#include "wire/find_byte.h"

#include <gtest/gtest.h>

#include <string>

namespace tokometer::wire {
namespace {

TEST(FindEither, FindsTheFirstOfBothAtEveryPlace) {
  for (std::size_t size = 0; size < 50; ++size) {
    for (std::size_t at = 0; at <= size; ++at) {
      std::string text(size, 'x');
      if (at < size) text[at] = at % 2 == 0 ? 'a' : 'b';
      if (at + 1 < size) text[at + 1] = 'a';
      const char* const begin = text.data();
      EXPECT_EQ(find_either(begin, begin + size, 'a', 'b') - begin, static_cast<std::ptrdiff_t>(at));
    }
  }
}

TEST(FindEither, BytesAboveAsciiAreOrdinary) {
  const std::string text = "\xff\x80\xe2\x80\xa6\xff\x80\xe2\x80\xa6\xff\x80\xe2\x80\xa6\xff\x80\n";
  EXPECT_EQ(find_either(text.data(), text.data() + text.size(), '\r', '\n'), text.data() + text.size() - 1);
}

}  // namespace
}  // namespace tokometer::wire
