#include "wire/fields.h"

#include <gtest/gtest.h>

#include <array>

namespace tokometer::wire {
namespace {

TEST(Fields, FindIgnoresCaseAndTakesTheFirst) {
  const std::array<Field, 3> fields{{{"Content-Type", "a/b"}, {"X-One", "1"}, {"x-one", "2"}}};
  EXPECT_EQ(find(fields, "content-type"), "a/b");
  EXPECT_EQ(find(fields, "X-ONE"), "1");
  EXPECT_EQ(find(fields, "x-on"), std::nullopt);
}

TEST(Fields, LowerCaseIsOfAsciiOnly) { EXPECT_EQ(lower_case("Api.X-[1]\xC3\x84"), "api.x-[1]\xC3\x84"); }

TEST(Fields, TokensAreFoundInListsOverSeveralFields) {
  const std::array<Field, 2> fields{{{"Connection", "keep-alive , Upgrade"}, {"connection", ",close"}}};
  EXPECT_TRUE(has_token(fields, "connection", "upgrade"));
  EXPECT_TRUE(has_token(fields, "Connection", "CLOSE"));
  EXPECT_FALSE(has_token(fields, "connection", "keep"));
  EXPECT_FALSE(has_token(fields, "te", "close"));
}

}  // namespace
}  // namespace tokometer::wire
