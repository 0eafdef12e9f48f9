#include "net/upstream_proxy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

namespace tokometer::net {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(UpstreamProxy, ReadsAUrl) {
  const auto plain = UpstreamProxy::parse("http://proxy.example:3128");
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->text(), "proxy.example:3128");
  EXPECT_EQ(plain->credentials, "");
  EXPECT_EQ(UpstreamProxy::parse("HTTP://proxy.example/")->text(), "proxy.example:80");
  EXPECT_EQ(UpstreamProxy::parse("proxy.example:8080")->text(), "proxy.example:8080");
  EXPECT_EQ(UpstreamProxy::parse("http://[fd00::1]:3128")->text(), "[fd00::1]:3128");
}

TEST(UpstreamProxy, HasCredentials) {
  EXPECT_EQ(UpstreamProxy::parse("http://user:pass@p:1")->credentials, "Basic dXNlcjpwYXNz");
  EXPECT_EQ(UpstreamProxy::parse("http://u%40x:p%3Aw@p:1")->credentials, "Basic dUB4OnA6dw==");  // u@x, p:w
  EXPECT_EQ(UpstreamProxy::parse("http://user@p:1")->credentials, "Basic dXNlcjo=");
  EXPECT_EQ(UpstreamProxy::parse("http://u:a@b/c@p:1")->credentials, "Basic dTphQGIvYw==");  // a@b/c
  EXPECT_EQ(UpstreamProxy::parse("http://u:5%@p:1")->credentials, "Basic dTo1JQ==");         // 5%
  EXPECT_EQ(UpstreamProxy::parse("http://user:pass@p:1")->text(), "p:1");
}

TEST(UpstreamProxy, RefusesWithoutRepeatingSecrets) {
  for (const std::string_view url :
       {"https://user:secret@p:1", "socks5://user:secret@p:1", "http://user:secret@", "http://user:secret@p:0",
        "http://user:secret@p:x", "http://user:secret@a b:1", ""}) {
    const auto parsed = UpstreamProxy::parse(url);
    ASSERT_FALSE(parsed) << url;
    EXPECT_THAT(parsed.error().message, Not(HasSubstr("secret"))) << url;
    EXPECT_THAT(parsed.error().message, Not(HasSubstr("user"))) << url;
  }
  EXPECT_EQ(UpstreamProxy::parse("https://p:1").error().code, ErrorCode::kUnsupported);
}

bool passes(std::string_view item, std::string_view host, std::uint16_t port = 443) {
  const auto list = NoProxy::parse({std::string(item)});
  EXPECT_TRUE(list) << item;
  return list && list->contains(host, port);
}

TEST(NoProxy, HoldsAHostAndAllBelowIt) {
  for (const std::string_view item : {"x.com", ".x.com", "*.x.com", "X.com", "x.com."}) {
    EXPECT_TRUE(passes(item, "x.com")) << item;
    EXPECT_TRUE(passes(item, "a.b.X.com")) << item;
    EXPECT_TRUE(passes(item, "x.com.")) << item;
    EXPECT_FALSE(passes(item, "evilx.com")) << item;
    EXPECT_FALSE(passes(item, "x.com.evil.com")) << item;
  }
  EXPECT_TRUE(passes("*", "x.com"));
  EXPECT_TRUE(passes("*", "10.0.0.1"));
}

TEST(NoProxy, HoldsAddressesAndNetworks) {
  EXPECT_TRUE(passes("10.0.0.7", "10.0.0.7"));
  EXPECT_FALSE(passes("10.0.0.7", "10.0.0.70"));
  EXPECT_TRUE(passes("10.0.0.0/8", "10.255.1.2"));
  EXPECT_FALSE(passes("10.0.0.0/8", "11.0.0.1"));
  EXPECT_TRUE(passes("172.16.0.0/12", "172.31.255.255"));
  EXPECT_FALSE(passes("172.16.0.0/12", "172.32.0.0"));
  EXPECT_TRUE(passes("0.0.0.0/0", "8.8.8.8"));
  EXPECT_FALSE(passes("0.0.0.0/0", "fd00::1"));
  EXPECT_TRUE(passes("fd00::/8", "fd12::1"));
  EXPECT_TRUE(passes("fd00::1", "fd00:0::1"));
  EXPECT_FALSE(passes("fd00::/8", "fe80::1"));
  // A name is not looked up, whatever its address is, and an address has no domain.
  EXPECT_FALSE(passes("0.0.0.0/0", "x.com"));
  EXPECT_FALSE(passes("0.1", "10.0.0.1"));
}

TEST(NoProxy, MayNameAPort) {
  EXPECT_TRUE(passes("x.com:8443", "a.x.com", 8443));
  EXPECT_FALSE(passes("x.com:8443", "x.com", 443));
  EXPECT_TRUE(passes("10.0.0.0/8:80", "10.0.0.1", 80));
  EXPECT_FALSE(passes("10.0.0.0/8:80", "10.0.0.1", 443));
  EXPECT_TRUE(passes("[fd00::1]:80", "fd00::1", 80));
  EXPECT_FALSE(passes("[fd00::1]:80", "fd00::1", 443));
  EXPECT_TRUE(passes("[fd00::1]", "fd00::1"));
}

TEST(NoProxy, RefusesWhatIsNoHost) {
  for (const std::string_view item : {"", ".", "*.", "a*b.com", "x.com:0", "x.com:99999", "x.com/8", "10.0.0.0/33",
                                      "10.0.0.0/", "[::1", "http://x"}) {
    EXPECT_FALSE(NoProxy::parse({std::string(item)})) << item;
  }
}

TEST(UpstreamProxies, TakesTheProxyOfTheScheme) {
  const UpstreamProxies upstream{.https = *UpstreamProxy::parse("http://tls:1"),
                                 .http = *UpstreamProxy::parse("http://plain:2"),
                                 .except = *NoProxy::parse({"near.example", "10.0.0.0/8"})};
  const auto of = [&](const proxy::Origin& origin, proxy::Offer offer = proxy::Offer::kAny) {
    const UpstreamProxy* by = upstream.of(origin, offer);
    return by == nullptr ? "" : by->text();
  };
  EXPECT_EQ(of({.host = "x.com"}), "tls:1");
  EXPECT_EQ(of({.tls = false, .host = "x.com", .port = 80}), "plain:2");
  EXPECT_EQ(of({.tls = false, .host = "x.com"}, proxy::Offer::kTunnel), "tls:1");
  EXPECT_EQ(of({.host = "near.example"}), "");
  EXPECT_EQ(of({.host = "x.com", .address = "10.1.2.3"}), "");
  for (const std::string_view host : {"localhost", "LOCALHOST", "a.localhost", "127.0.0.1", "127.9.9.9", "::1"}) {
    EXPECT_EQ(of({.host = std::string(host)}), "") << host;
  }
  EXPECT_EQ(UpstreamProxies().of({.host = "x.com"}, proxy::Offer::kAny), nullptr);
}

}  // namespace
}  // namespace tokometer::net
