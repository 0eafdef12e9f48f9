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
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/time.h"
#include "provider/registry.h"
#include "proxy/streams.h"
#include "wire/fields.h"

namespace tokometer::proxy {

// Takes "host[:port]" apart, the port being `own_port` where none stands there. IPv6 literals in brackets.
Result<Destination> parse_authority(std::string_view authority, bool tls, std::uint16_t own_port);

// Whether a name or IP literal is of this machine only: localhost and what is below it, 127.0.0.0/8, ::1.
bool is_loopback(std::string_view host);
// Whether `host` and `port` are one of `own`, our listeners' addresses ("127.0.0.1:4141", "[::]:4141").
bool is_own_address(const std::vector<std::string>& own, std::string_view host, std::uint16_t port);

// Clients that refused our certificate: they pin another, or nobody told them of our CA. They are tunnelled from
// then on, to that host. Told apart by how they say hello (wire/tls_hello.h) and what they call themselves.
//
// Some say it by an alert, which counts at once. Others just close, as does a client that is stopped: only when
// each of its connections in a row ends so, it is taken for distrust.
class Distrust {
 public:
  struct Entry {
    std::string client;  // its User-Agent, or empty
    std::string host;
    std::uint64_t fingerprint = 0;
    bool silent = false;  // it never said so

    friend bool operator==(const Entry& a, const Entry& b) {
      return a.fingerprint == b.fingerprint && a.host == b.host && a.client == b.client;
    }
  };
  static constexpr std::size_t kMaxEntries = 1'024;  // of each list; past it the oldest is forgotten
  static constexpr int kTurnsInARow = 2;

  // Whether this one is new.
  bool add(Entry entry);
  // It has ended a connection on seeing our certificate, without a word. Whether it is taken for distrustful from now
  // on: that was kTurnsInARow times in a row, each connection begun when the one before had ended.
  bool turned_away(Entry entry, SteadyTime began, SteadyTime ended);
  // It has spoken under our certificate: what it did before was no distrust.
  void trusted(const Entry& entry);
  bool contains(const Entry& entry) const;
  std::vector<Entry> entries() const;  // oldest first
  void clear();

 private:
  struct Suspect {
    Entry entry;
    SteadyTime ended;  // its last connection
    int turns = 0;
  };
  bool add_locked(Entry entry);

  mutable std::mutex mutex_;
  std::vector<Entry> entries_;
  std::vector<Suspect> suspects_;
};

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
