// What becomes of requests that name their host themselves: CONNECT, and targets
// in absolute-form (RFC 9112, 3.2.2 and 3.2.3). Hosts that a provider spec names
// are read, TLS taken apart by a certificate of ours; all others are tunnelled
// as they are.
//
// Immutable but for the list of clients that distrust us; thread-safe.
//
// Not here: who does it (front.h, http1_session.h), certificates (net/certificate_authority.h).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "provider/registry.h"
#include "proxy/distrust.h"
#include "proxy/streams.h"
#include "wire/fields.h"

namespace tokometer::proxy {

struct HostAndPort {
  std::string_view host;
  std::optional<std::uint16_t> port;  // none: none stands there
};
// Takes "host[:port]" apart. IPv6 literals in brackets, which are taken off, and nothing else in some. The host may be
// empty.
Result<HostAndPort> split_host(std::string_view text);

// The same of an authority that may be connected to, the port being `own_port` where none stands there. A dot at the
// host's end is left out, as in names of certificates and of TLS (RFC 6066, 3).
Result<Destination> parse_authority(std::string_view authority, bool tls, std::uint16_t own_port);
// What stands in a request to it: "host:port", without the usual port.
std::string authority_of(const Origin& origin);

// Whether a name or IP literal is of this machine only: localhost and what is below it, 127.0.0.0/8, ::1.
bool is_loopback(std::string_view host);
// Whether `host` and `port` are plainly one of `own`, our listeners' addresses ("127.0.0.1:4141", "[::]:4141"). Other
// spellings and names of them are found out when they are connected to (net/own_addresses.h).
bool is_own_address(const std::vector<std::string>& own, std::string_view host, std::uint16_t port);

struct ForwardingOptions {
  std::vector<std::string> intercept;  // patterns (provider/host_pattern.h): read besides those of specs
  std::vector<std::string> tunnel;     // the same: never read, whatever a spec says
  std::string token;                   // password that clients must give; empty: none asked for
  std::vector<std::string> own;        // our own addresses, as "host:port"
};

class Forwarding {
 public:
  enum class Way : std::uint8_t {
    kIntercept,
    kTunnel,
    kOwn,  // to ourselves: never, it would go round for ever
  };

  Forwarding(std::shared_ptr<const provider::Registry> registry, ForwardingOptions options,
             std::shared_ptr<Distrust> distrust);

  Way way(const Destination& to) const;
  // Whether Proxy-Authorization (RFC 9110, 11.7.2; Basic, RFC 7617) carries the token.
  bool is_authorized(wire::Fields fields) const;
  Distrust& distrust() const { return *distrust_; }

 private:
  std::shared_ptr<const provider::Registry> registry_;
  ForwardingOptions options_;
  std::shared_ptr<Distrust> distrust_;
};

// What who gave none, or a wrong one, is told with 407.
inline constexpr std::string_view kWrongToken =
    "this proxy asks for its token: http://user:TOKEN@host:port, TOKEN being in the file proxy-token of its data "
    "folder";

// The user name and password that Proxy-Authorization carries; empty where it has none.
struct ProxyCredentials {
  std::string user;
  std::string password;
};
ProxyCredentials proxy_credentials(wire::Fields fields);

}  // namespace tokometer::proxy
