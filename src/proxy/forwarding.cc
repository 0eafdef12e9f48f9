#include "proxy/forwarding.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "provider/host_pattern.h"
#include "wire/base64.h"

namespace tokometer::proxy {
namespace {

bool any_matches(const std::vector<std::string>& patterns, std::string_view host) {
  return std::ranges::any_of(patterns,
                             [host](const std::string& pattern) { return provider::host_matches(pattern, host); });
}

// Without telling by its time how much of it is right.
bool same_secret(std::string_view given, std::string_view secret) {
  unsigned difference = given.size() == secret.size() ? 0 : 1;
  for (std::size_t i = 0; i < given.size(); ++i) {
    difference |= static_cast<unsigned char>(given[i]) ^ static_cast<unsigned char>(secret[i % secret.size()]);
  }
  return difference == 0;
}

bool is_ipv6(std::string_view text) {
  in6_addr address{};
  return inet_pton(AF_INET6, std::string(text).c_str(), &address) == 1;
}

// RFC 6761, 6.3.
bool is_localhost(std::string_view host) {
  constexpr std::string_view kLocalhost = "localhost";
  if (host.ends_with('.')) host.remove_suffix(1);
  if (host.size() >= kLocalhost.size() && wire::iequals(host.substr(host.size() - kLocalhost.size()), kLocalhost)) {
    return host.size() == kLocalhost.size() || host[host.size() - kLocalhost.size() - 1] == '.';
  }
  return false;
}

// Whether who listens at `address` is reached at `host`. A listener at all addresses is reached at those of the
// loopback, and at others that we don't know.
bool listens_at(std::string_view address, std::string_view host) {
  constexpr std::string_view kAny4 = "0.0.0.0";
  constexpr std::string_view kAny6 = "::";
  if (host == kAny4) host = "127.0.0.1";
  if (host == kAny6) host = "::1";
  if (address == host) return true;
  if (!is_loopback(host)) return false;
  if (address == kAny4) return !host.contains(':');
  return address == kAny6 || (is_loopback(address) && (is_localhost(host) || is_localhost(address)));
}

}  // namespace

bool is_loopback(std::string_view host) {
  return is_localhost(host) || host == "::1" ||
         (host.starts_with("127.") && host.find_first_not_of("0123456789.") == std::string_view::npos);
}

bool is_own_address(const std::vector<std::string>& own, std::string_view host, std::uint16_t port) {
  const std::string with_port = fmt::format(":{}", port);
  return std::ranges::any_of(own, [&](std::string_view address) {
    if (!address.ends_with(with_port)) return false;
    address.remove_suffix(with_port.size());
    if (address.starts_with('[')) address = address.substr(1, address.size() - 2);
    return listens_at(address, host);
  });
}

Result<HostAndPort> split_host(std::string_view text) {
  HostAndPort split{.host = text, .port = {}};
  std::string_view port;
  if (text.starts_with('[')) {
    const auto bracket = text.find(']');
    if (bracket == std::string_view::npos) return fail(ErrorCode::kInvalid, "has '[' without ']'");
    split.host = text.substr(1, bracket - 1);
    if (!is_ipv6(split.host)) return fail(ErrorCode::kInvalid, "has no IPv6 address in its brackets");
    port = text.substr(bracket + 1);
  } else if (const auto colon = text.find(':'); colon != std::string_view::npos) {
    split.host = text.substr(0, colon);
    port = text.substr(colon);
  }
  if (split.host.find_first_of("[]") != std::string_view::npos) {
    return fail(ErrorCode::kInvalid, "has a bracket within its host");
  }
  if (port.empty()) return split;
  std::uint16_t number = 0;
  const char* const last = port.data() + port.size();
  const auto [end, fault] = std::from_chars(port.data() + 1, last, number);
  if (port.front() != ':' || fault != std::errc() || end != last || number == 0) {
    return fail(ErrorCode::kInvalid, "has a bad port");
  }
  split.port = number;
  return split;
}

Result<Destination> parse_authority(std::string_view authority, bool tls, std::uint16_t own_port) {
  const auto split = split_host(authority);
  if (!split) return fail(split.error());
  std::string_view host = split->host;
  if (host.ends_with('.')) host.remove_suffix(1);
  if (host.empty()) return fail(ErrorCode::kInvalid, "has no host");
  Destination to{.origin = {.tls = tls, .host = {}, .port = split->port.value_or(own_port), .address = {}},
                 .authority = {},
                 .path = {}};
  to.origin.host = host;
  to.authority = authority_of(to.origin);
  return to;
}

std::string authority_of(const Origin& origin) {
  std::string text = origin.host.contains(':') ? fmt::format("[{}]", origin.host) : origin.host;
  if (origin.port != (origin.tls ? 443 : 80)) text += fmt::format(":{}", origin.port);
  return text;
}

Forwarding::Forwarding(std::shared_ptr<const provider::Registry> registry, ForwardingOptions options,
                       std::shared_ptr<Distrust> distrust)
    : registry_(std::move(registry)), options_(std::move(options)), distrust_(std::move(distrust)) {}

Forwarding::Way Forwarding::way(const Destination& to) const {
  if (is_own_address(options_.own, to.origin.host, to.origin.port)) return Way::kOwn;
  const std::string_view host = to.origin.host;
  if (any_matches(options_.tunnel, host)) return Way::kTunnel;
  if (any_matches(options_.intercept, host)) return Way::kIntercept;
  return registry_->by_host(to.authority) != nullptr ? Way::kIntercept : Way::kTunnel;
}

bool Forwarding::is_authorized(wire::Fields fields) const {
  return options_.token.empty() || same_secret(proxy_credentials(fields).password, options_.token);
}

ProxyCredentials proxy_credentials(wire::Fields fields) {
  constexpr std::string_view kScheme = "basic ";
  const auto value = wire::find(fields, "proxy-authorization");
  if (!value || !wire::istarts_with(*value, kScheme)) return {};
  const auto text = wire::base64::decode(value->substr(kScheme.size()));
  if (!text) return {};
  const auto colon = text->find(':');
  if (colon == std::string::npos) return {};
  return {.user = text->substr(0, colon), .password = text->substr(colon + 1)};
}

}  // namespace tokometer::proxy
