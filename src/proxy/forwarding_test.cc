#include "proxy/forwarding.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace tokometer::proxy {
namespace {

TEST(Forwarding, LoopbackIsThisMachineOnly) {
  for (const std::string_view host :
       {"localhost", "LocalHost", "localhost.", "a.localhost", "a.localhost.", "127.0.0.1", "127.9.9.9", "::1"}) {
    EXPECT_TRUE(is_loopback(host)) << host;
  }
  for (const std::string_view host : {"", ".", "localhost..", "notlocalhost", "localhost.example", "127.example",
                                      "128.0.0.1", "0.0.0.0", "::", "::2"}) {
    EXPECT_FALSE(is_loopback(host)) << host;
  }
}

TEST(Forwarding, KnowsItsOwnAddressesWhereTheyArePlain) {
  struct Case {
    std::string listen;
    std::vector<std::string_view> own;
    std::vector<std::string_view> others;
  };
  for (const Case& at : {Case{"127.0.0.1:7",
                              {"127.0.0.1", "localhost", "localhost.", "0.0.0.0"},
                              {"127.0.0.2", "::1", "::", "10.0.0.1", "a.example"}},
                         Case{"[::1]:7", {"::1", "localhost", "::"}, {"127.0.0.1", "0.0.0.0"}},
                         Case{"localhost:7", {"127.0.0.1", "localhost", "::1", "0.0.0.0"}, {"10.0.0.1"}},
                         Case{"10.0.0.1:7", {"10.0.0.1"}, {"127.0.0.1", "localhost", "0.0.0.0"}},
                         Case{"0.0.0.0:7", {"127.0.0.1", "127.0.0.2", "localhost", "0.0.0.0"}, {"::1", "a.example"}},
                         Case{"[::]:7", {"127.0.0.2", "localhost", "::1", "0.0.0.0", "::"}, {"a.example"}}}) {
    const std::vector<std::string> own = {"10.9.9.9:9", at.listen};
    for (const std::string_view host : at.own) {
      EXPECT_TRUE(is_own_address(own, host, 7)) << host << " of " << at.listen;
      EXPECT_FALSE(is_own_address(own, host, 17)) << host << " of " << at.listen;
    }
    for (const std::string_view host : at.others)
      EXPECT_FALSE(is_own_address(own, host, 7)) << host << " of " << at.listen;
  }
}

TEST(Forwarding, AnAuthorityHasItsPortOnlyWhereItIsNotTheUsualOne) {
  struct Case {
    std::string_view text;
    bool tls;
    std::string_view host;
    std::uint16_t port;
    std::string_view authority;
  };
  for (const Case& one :
       {Case{"a.example", true, "a.example", 9, "a.example:9"},
        Case{"a.example:443", true, "a.example", 443, "a.example"},
        Case{"a.example:443", false, "a.example", 443, "a.example:443"},
        Case{"a.example:80", false, "a.example", 80, "a.example"}, Case{"[::1]:80", true, "::1", 80, "[::1]:80"},
        Case{"a.example.:443", true, "a.example", 443, "a.example"}}) {
    const auto to = parse_authority(one.text, one.tls, 9);
    ASSERT_TRUE(to) << one.text;
    EXPECT_EQ(to->origin.host, one.host);
    EXPECT_EQ(to->origin.port, one.port);
    EXPECT_EQ(to->origin.tls, one.tls);
    EXPECT_EQ(to->authority, one.authority);
  }
  for (const std::string_view text :
       {"", ":80", "a:", "a:0", "a:65536", "a:8x", "[::1", "[]:80", ".", "[a]:80", "[[a.example]:80", "a[::1]:80",
        "a]:80", "[[::1]:80", "[a:b.example]:80", "[:]:80"}) {
    EXPECT_FALSE(parse_authority(text, true, 443)) << text;
  }
}

}  // namespace
}  // namespace tokometer::proxy
