#include "net/crypto.h"

#include <gtest/gtest.h>

namespace tokometer::net {
namespace {

std::string hex_of(const std::optional<HmacSha256::Digest>& digest) {
  std::string text;
  for (const std::uint8_t byte : digest.value_or(HmacSha256::Digest())) {
    text += "0123456789abcdef"[byte >> 4U];
    text += "0123456789abcdef"[byte & 15U];
  }
  return text;
}

// RFC 4231, test cases 1, 2 and 6.
TEST(HmacSha256, IsThatOfTheRfc) {
  const auto first = HmacSha256::open(std::string(20, '\x0b'));
  ASSERT_TRUE(first);
  EXPECT_EQ(hex_of(first->digest("Hi There")), "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  EXPECT_EQ(hex_of(first->digest("Hi There")), "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7")
      << "one digest leaves nothing behind for the next";
  const auto second = HmacSha256::open("Jefe");
  ASSERT_TRUE(second);
  EXPECT_EQ(hex_of(second->digest("what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  const auto sixth = HmacSha256::open(std::string(131, '\xaa'));
  ASSERT_TRUE(sixth);
  EXPECT_EQ(hex_of(sixth->digest("Test Using Larger Than Block-Size Key - Hash Key First")),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST(RandomBytes, AreNeverTheSame) {
  const auto one = random_bytes(32);
  const auto two = random_bytes(32);
  ASSERT_TRUE(one && two);
  EXPECT_EQ(one->size(), 32U);
  EXPECT_NE(*one, *two);
}

}  // namespace
}  // namespace tokometer::net
