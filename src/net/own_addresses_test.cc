#include "net/own_addresses.h"

#include <gtest/gtest.h>

#include <string_view>

namespace tokometer::net {
namespace {

Address at(std::string_view text) { return *Address::parse(text); }

bool is_own(std::string_view listener, std::string_view peer, std::string_view local) {
  return OwnAddresses({at("10.1.1.1:1"), at(listener)}).contains(at(peer), at(local));
}

TEST(OwnAddresses, AreThoseOfListeners) {
  EXPECT_TRUE(is_own("127.0.0.1:4141", "127.0.0.1:4141", "127.0.0.1:50000"));
  EXPECT_TRUE(is_own("[::1]:4141", "[::1]:4141", "[::1]:50000"));
  EXPECT_TRUE(is_own("unix:/a", "unix:/a", "unix:/x"));
  EXPECT_FALSE(is_own("127.0.0.1:4141", "127.0.0.1:4142", "127.0.0.1:50000"));
  EXPECT_FALSE(is_own("127.0.0.1:4141", "[::1]:4141", "[::1]:50000"));
  EXPECT_FALSE(is_own("127.0.0.2:4141", "127.0.0.1:4141", "127.0.0.1:50000"));
  EXPECT_FALSE(is_own("unix:/a", "unix:/b", "unix:/x"));
  EXPECT_FALSE(is_own("unix:/a", "127.0.0.1:4141", "127.0.0.1:50000"));
  EXPECT_FALSE(is_own("127.0.0.1:4141", "unix:/a", "unix:/x"));
  EXPECT_FALSE(OwnAddresses().contains(at("127.0.0.1:4141"), at("127.0.0.1:50000")));
}

TEST(OwnAddresses, AreTheSameInOtherForms) {
  EXPECT_TRUE(is_own("127.0.0.1:4141", "[::ffff:127.0.0.1]:4141", "[::ffff:127.0.0.1]:50000"));
  EXPECT_TRUE(is_own("127.0.0.1:4141", "0.0.0.0:4141", "127.0.0.1:50000"));
  EXPECT_TRUE(is_own("[::1]:4141", "[::]:4141", "[::1]:50000"));
}

TEST(OwnAddresses, OfAListenerAtAllAreThoseOfThisMachine) {
  EXPECT_TRUE(is_own("0.0.0.0:4141", "192.168.7.7:4141", "192.168.7.7:50000"));
  EXPECT_TRUE(is_own("[::]:4141", "192.168.7.7:4141", "192.168.7.7:50000"));
  EXPECT_TRUE(is_own("[::]:4141", "[fd00::7]:4141", "[fd00::7]:50000"));
  EXPECT_TRUE(is_own("0.0.0.0:4141", "[::ffff:192.168.7.7]:4141", "[::ffff:192.168.7.7]:50000"));
  EXPECT_TRUE(is_own("0.0.0.0:4141", "127.0.0.5:4141", "127.0.0.1:50000"));
  EXPECT_FALSE(is_own("0.0.0.0:4141", "192.168.7.8:4141", "192.168.7.7:50000"));
  EXPECT_FALSE(is_own("[::]:4141", "[fd00::8]:4141", "[fd00::7]:50000"));
  EXPECT_FALSE(is_own("0.0.0.0:4141", "[::1]:4141", "[::1]:50000"));
}

}  // namespace
}  // namespace tokometer::net
