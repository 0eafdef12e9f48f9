// Which of our own connections go through another proxy, and through which.
//
//   UpstreamProxies upstream{.https = *UpstreamProxy::parse("http://user:pass@proxy.example:3128"),
//                            .except = *NoProxy::parse({"*.internal", "10.0.0.0/8"})};
//   if (const UpstreamProxy* by = upstream.of(origin, offer)) connect_to(by->host, by->port);
//
// Immutable once a server has it. Loopback is always reached directly: what runs
// on this machine is nothing that another could reach.
//
// Not here: asking it for a tunnel (dial.h, wire/http1_connect.h), settings and variables (app/upstream.h).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "net/address.h"
#include "proxy/driver.h"

namespace tokometer::net {

// An HTTP proxy that we ask for tunnels.
struct UpstreamProxy {
  std::string host;  // name or IP literal, without brackets
  std::uint16_t port = 0;
  std::string credentials;  // what Proxy-Authorization gets, or empty: never to be shown

  // "http://[user[:password]@]host[:port]", the scheme and a "/" at its end may be left out; without a port 80. User
  // and password may be percent-encoded (RFC 3986, 2.1). Messages repeat nothing of `url`, which may hold a password;
  // kUnsupported: a kind of proxy that we can't speak to.
  static Result<UpstreamProxy> parse(std::string_view url);
  // "proxy.example:3128": for people, without credentials.
  std::string text() const;
};

// Origins that are asked directly, as NO_PROXY has them: "x.com", ".x.com" and "*.x.com" are all x.com and what is
// below it; an IP address; a network ("10.0.0.0/8"); each of them with ":port"; "*" for all.
class NoProxy {
 public:
  static Result<NoProxy> parse(const std::vector<std::string>& items);

  // `host` is a name or an IP literal, without brackets: names are not looked up.
  bool contains(std::string_view host, std::uint16_t port) const;
  bool empty() const { return entries_.empty(); }

 private:
  struct Entry {
    std::string pattern;            // of a name; empty: a network
    std::vector<unsigned char> ip;  // of a network, 4 or 16 bytes
    unsigned prefix = 0;            // its bits
    std::uint16_t port = 0;         // 0: any
  };
  static Result<Entry> entry(std::string_view item);

  std::vector<Entry> entries_;
};

struct UpstreamProxies {
  std::optional<UpstreamProxy> https{};  // for TLS and for tunnels; nothing: directly
  std::optional<UpstreamProxy> http{};   // for plain HTTP
  NoProxy except{};

  // Null: directly.
  const UpstreamProxy* of(const proxy::Origin& origin, proxy::Offer offer) const;
};

}  // namespace tokometer::net
