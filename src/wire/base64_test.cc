#include "wire/base64.h"

#include <gtest/gtest.h>

#include <utility>

namespace tokometer::wire::base64 {
namespace {

// RFC 4648 section 10.
TEST(Base64, TestVectors) {
  const std::pair<const char*, const char*> vectors[] = {{"", ""},
                                                         {"f", "Zg=="},
                                                         {"fo", "Zm8="},
                                                         {"foo", "Zm9v"},
                                                         {"foob", "Zm9vYg=="},
                                                         {"fooba", "Zm9vYmE="},
                                                         {"foobar", "Zm9vYmFy"}};
  for (const auto& [bytes, text] : vectors) {
    EXPECT_EQ(encode(bytes), text);
    EXPECT_EQ(decode(text), bytes);
  }
}

TEST(Base64, ReadsWhatOthersWrite) {
  EXPECT_EQ(decode("-_8"), "\xfb\xff");
  EXPECT_EQ(decode("Zm9v\r\nYmFy\n"), "foobar");
  EXPECT_EQ(decode("Zm9*"), std::nullopt);
}

}  // namespace
}  // namespace tokometer::wire::base64
