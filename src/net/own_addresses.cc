#include "net/own_addresses.h"

#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace tokometer::net {
namespace {

using Ip = std::array<unsigned char, sizeof(in6_addr)>;

// IPv4-mapped (RFC 4291, 2.5.5.2) stand before the four bytes.
constexpr std::size_t kMappedBytes = 12;
constexpr Ip kMapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
constexpr Ip kLoopback{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
constexpr unsigned char kLoopbackNetwork = 127;

Ip ip_of(const Address& address) {
  Ip ip{};
  if (address.family() == Address::Family::kIpv4) {
    sockaddr_in v4{};
    std::memcpy(&v4, address.raw(), sizeof v4);
    ip = kMapped;
    std::memcpy(ip.data() + kMappedBytes, &v4.sin_addr, sizeof v4.sin_addr);
  } else {
    sockaddr_in6 v6{};
    std::memcpy(&v6, address.raw(), sizeof v6);
    std::memcpy(ip.data(), &v6.sin6_addr, ip.size());
  }
  return ip;
}

bool is_ipv4(const Ip& ip) { return std::equal(ip.begin(), ip.begin() + kMappedBytes, kMapped.begin()); }
bool is_any(const Ip& ip) { return ip == Ip{} || ip == kMapped; }
bool is_loopback(const Ip& ip) { return ip == kLoopback || (is_ipv4(ip) && ip[kMappedBytes] == kLoopbackNetwork); }

// Of a listener at all addresses of IPv6, which takes those of IPv4 too, or at those of IPv4 only.
bool listens_at(const Ip& any, const Ip& ip) { return any == Ip{} || is_ipv4(ip); }

}  // namespace

bool OwnAddresses::contains(const Address& peer, const Address& local) const {
  const bool is_unix = peer.family() == Address::Family::kUnix;
  return std::ranges::any_of(listeners_, [&](const Address& listener) {
    if (is_unix || listener.family() == Address::Family::kUnix) {
      return listener.family() == peer.family() && listener.path() == peer.path();
    }
    if (listener.port() != peer.port()) return false;
    const Ip here = ip_of(local);
    // To all addresses is to this end's.
    const Ip there = is_any(ip_of(peer)) ? here : ip_of(peer);
    const Ip own = ip_of(listener);
    return is_any(own) ? listens_at(own, there) && (there == here || is_loopback(there)) : there == own;
  });
}

}  // namespace tokometer::net
