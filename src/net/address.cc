#include "net/address.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstring>

namespace tokometer::net {
namespace {

constexpr std::string_view kUnixPrefix = "unix:";

template <typename T>
T as(const sockaddr_storage& storage) {
  T address;
  std::memcpy(&address, &storage, sizeof address);
  return address;
}

}  // namespace

Result<Address> Address::parse(std::string_view text) {
  if (text.starts_with(kUnixPrefix)) return unix_path(text.substr(kUnixPrefix.size()));
  const auto wrong = [&] {
    return fail(ErrorCode::kInvalid,
                fmt::format("address \"{}\": not like 127.0.0.1:4141, [::1]:4141 or unix:/path", text));
  };
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return wrong();
  const std::string_view digits = text.substr(colon + 1);
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (error != std::errc() || end != digits.data() + digits.size()) return wrong();
  std::string_view host = text.substr(0, colon);
  const bool bracketed = host.starts_with('[') && host.ends_with(']');
  if (bracketed) host = host.substr(1, host.size() - 2);
  // Brackets and colons belong together: "::1:80" could be read two ways.
  if (bracketed != host.contains(':')) return wrong();
  if (host == "localhost") host = "127.0.0.1";
  auto address = ip(host, port);
  if (!address) return wrong();
  return *address;
}

std::optional<Address> Address::ip(std::string_view ip, std::uint16_t port) {
  char text[INET6_ADDRSTRLEN];
  if (ip.size() >= sizeof text) return std::nullopt;
  *std::ranges::copy(ip, text).out = '\0';
  Address address;
  sockaddr_in v4{};
  sockaddr_in6 v6{};
  if (::inet_pton(AF_INET, text, &v4.sin_addr) == 1) {
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    std::memcpy(&address.storage_, &v4, sizeof v4);
    address.size_ = sizeof v4;
    return address;
  }
  if (::inet_pton(AF_INET6, text, &v6.sin6_addr) == 1) {
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port);
    std::memcpy(&address.storage_, &v6, sizeof v6);
    address.size_ = sizeof v6;
    return address;
  }
  return std::nullopt;
}

Result<Address> Address::unix_path(std::string_view path) {
  sockaddr_un un{};
  if (path.empty() || path.contains('\0')) return fail(ErrorCode::kInvalid, "unix socket: no path");
  if (path.size() >= sizeof un.sun_path) {
    return fail(ErrorCode::kInvalid,
                fmt::format("unix socket {}: path is longer than {} bytes", path, sizeof un.sun_path - 1));
  }
  un.sun_family = AF_UNIX;
  std::ranges::copy(path, un.sun_path);
  Address address;
  std::memcpy(&address.storage_, &un, sizeof un);
  address.size_ = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size() + 1);
  return address;
}

std::optional<Address> Address::from(const sockaddr* address, socklen_t size) {
  const bool known = address->sa_family == AF_INET || address->sa_family == AF_INET6 || address->sa_family == AF_UNIX;
  if (!known || size > sizeof(sockaddr_storage)) return std::nullopt;
  Address copy;
  std::memcpy(&copy.storage_, address, size);
  copy.size_ = size;
  return copy;
}

Address::Family Address::family() const {
  switch (storage_.ss_family) {
    case AF_INET:
      return Family::kIpv4;
    case AF_INET6:
      return Family::kIpv6;
    default:
      return Family::kUnix;
  }
}

std::uint16_t Address::port() const {
  switch (family()) {
    case Family::kIpv4:
      return ntohs(as<sockaddr_in>(storage_).sin_port);
    case Family::kIpv6:
      return ntohs(as<sockaddr_in6>(storage_).sin6_port);
    case Family::kUnix:
      break;
  }
  return 0;
}

Address Address::with_port(std::uint16_t port) const {
  Address copy = *this;
  if (family() == Family::kIpv4) {
    auto v4 = as<sockaddr_in>(storage_);
    v4.sin_port = htons(port);
    std::memcpy(&copy.storage_, &v4, sizeof v4);
  } else if (family() == Family::kIpv6) {
    auto v6 = as<sockaddr_in6>(storage_);
    v6.sin6_port = htons(port);
    std::memcpy(&copy.storage_, &v6, sizeof v6);
  }
  return copy;
}

std::string Address::path() const {
  if (family() != Family::kUnix) return {};
  const auto un = as<sockaddr_un>(storage_);
  return {un.sun_path, ::strnlen(un.sun_path, sizeof un.sun_path)};
}

std::string Address::text() const {
  char text[INET6_ADDRSTRLEN] = "";
  if (family() == Family::kUnix) return fmt::format("{}{}", kUnixPrefix, path());
  if (family() == Family::kIpv4) {
    const auto v4 = as<sockaddr_in>(storage_);
    ::inet_ntop(AF_INET, &v4.sin_addr, text, sizeof text);
    return fmt::format("{}:{}", text, port());
  }
  const auto v6 = as<sockaddr_in6>(storage_);
  ::inet_ntop(AF_INET6, &v6.sin6_addr, text, sizeof text);
  return fmt::format("[{}]:{}", text, port());
}

}  // namespace tokometer::net
