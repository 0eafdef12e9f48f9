// A socket address: IPv4, IPv6 or a Unix socket's path, and its text form.
//
//   auto address = Address::parse("[::1]:4141");  // or "127.0.0.1:0", "unix:/run/tok.sock"
//   address->text();                              // "[::1]:4141"
//
// Not here: names (resolver.h).
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"

namespace tokometer::net {

class Address {
 public:
  enum class Family { kIpv4, kIpv6, kUnix };

  // Reads the form that text() writes; a port is required, 0 lets the system choose.
  static Result<Address> parse(std::string_view text);
  // An IP literal without brackets, or nothing if `ip` is not one.
  static std::optional<Address> ip(std::string_view ip, std::uint16_t port);
  static Result<Address> unix_path(std::string_view path);
  // Of what getaddrinfo, getsockname or accept gave; nothing for other families.
  static std::optional<Address> from(const sockaddr* address, socklen_t size);

  Family family() const;
  std::uint16_t port() const;  // 0 for Unix sockets
  Address with_port(std::uint16_t port) const;
  std::string path() const;  // of a Unix socket, else empty
  std::string text() const;

  const sockaddr* raw() const { return reinterpret_cast<const sockaddr*>(&storage_); }
  socklen_t size() const { return size_; }

 private:
  Address() = default;

  sockaddr_storage storage_{};
  socklen_t size_ = 0;
};

}  // namespace tokometer::net
