#include "net/address.h"

#include <gtest/gtest.h>

#include <string>

namespace tokometer::net {
namespace {

TEST(Address, ReadsWhatItWrites) {
  for (const std::string text : {"127.0.0.1:4141", "0.0.0.0:0", "[::1]:4141", "[::]:65535", "unix:/run/tok.sock"}) {
    const auto address = Address::parse(text);
    ASSERT_TRUE(address) << text;
    EXPECT_EQ(address->text(), text);
  }
}

TEST(Address, KnowsItsParts) {
  EXPECT_EQ(Address::parse("[::1]:80")->family(), Address::Family::kIpv6);
  EXPECT_EQ(Address::parse("[::1]:80")->port(), 80);
  EXPECT_EQ(Address::parse("[::1]:80")->with_port(81).text(), "[::1]:81");
  EXPECT_EQ(Address::parse("1.2.3.4:80")->with_port(81).text(), "1.2.3.4:81");
  EXPECT_EQ(Address::parse("unix:/a")->path(), "/a");
  EXPECT_EQ(Address::parse("localhost:1")->text(), "127.0.0.1:1");
}

TEST(Address, RefusesWhatIsNone) {
  for (const std::string text : {"", "4141", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "::1:4141",
                                 "[127.0.0.1]:1", "[::1]", "host.example:1", "unix:", ":4141", "127.0.0.1:1x"}) {
    const auto address = Address::parse(text);
    ASSERT_FALSE(address) << text;
    EXPECT_EQ(address.error().code, ErrorCode::kInvalid);
  }
  EXPECT_FALSE(Address::parse("unix:/" + std::string(200, 'x')));
  EXPECT_FALSE(Address::ip("[::1]", 1));
  EXPECT_FALSE(Address::ip("example.com", 1));
}

}  // namespace
}  // namespace tokometer::net
