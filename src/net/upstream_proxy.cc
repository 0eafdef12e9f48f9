#include "net/upstream_proxy.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "provider/host_pattern.h"
#include "proxy/forwarding.h"
#include "wire/base64.h"
#include "wire/fields.h"

namespace tokometer::net {
namespace {

constexpr std::string_view kHttpScheme = "http://";
constexpr std::uint16_t kHttpPort = 80;
constexpr unsigned kBitsPerByte = 8;

std::optional<unsigned> hex_digit(char c) {
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a' + 10);
  if (c >= 'A' && c <= 'F') return static_cast<unsigned>(c - 'A' + 10);
  return std::nullopt;
}

// A '%' that no two hex digits follow stands for itself: passwords are often not encoded.
std::string percent_decoded(std::string_view text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size()) {
      const auto high = hex_digit(text[i + 1]);
      const auto low = hex_digit(text[i + 2]);
      if (high && low) {
        decoded += static_cast<char>(*high * 16 + *low);
        i += 2;
        continue;
      }
    }
    decoded += text[i];
  }
  return decoded;
}

bool is_visible(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c > ' ' && c < '\x7f'; });
}

// The bytes of an IP literal; empty for what is none.
std::vector<unsigned char> ip_bytes(std::string_view text) {
  const std::string literal(text);
  std::array<unsigned char, sizeof(in6_addr)> bytes{};
  if (::inet_pton(AF_INET, literal.c_str(), bytes.data()) == 1) {
    return {bytes.begin(), bytes.begin() + sizeof(in_addr)};
  }
  if (::inet_pton(AF_INET6, literal.c_str(), bytes.data()) == 1) return {bytes.begin(), bytes.end()};
  return {};
}

bool same_network(const std::vector<unsigned char>& a, const std::vector<unsigned char>& b, unsigned prefix) {
  if (a.size() != b.size()) return false;
  const std::size_t whole = prefix / kBitsPerByte;
  if (!std::equal(a.begin(), a.begin() + static_cast<std::ptrdiff_t>(whole), b.begin())) return false;
  const unsigned rest = prefix % kBitsPerByte;
  return rest == 0 || ((a[whole] ^ b[whole]) >> (kBitsPerByte - rest)) == 0;
}

std::optional<unsigned> number(std::string_view text) {
  unsigned value = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || fault != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

Result<UpstreamProxy> UpstreamProxy::parse(std::string_view url) {
  std::string_view rest = url;
  if (const auto scheme = url.find("://"); scheme != std::string_view::npos) {
    if (!wire::istarts_with(url, kHttpScheme)) {
      return fail(ErrorCode::kUnsupported, "only http:// proxies can be used, not https:// or socks");
    }
    rest.remove_prefix(kHttpScheme.size());
  }
  UpstreamProxy made;
  // Passwords may hold what ought to be encoded.
  if (const auto at = rest.rfind('@'); at != std::string_view::npos) {
    const std::string_view user_info = rest.substr(0, at);
    const auto colon = std::min(user_info.find(':'), user_info.size());
    const std::string password = colon == user_info.size() ? "" : percent_decoded(user_info.substr(colon + 1));
    const std::string both = percent_decoded(user_info.substr(0, colon)) + ":" + password;
    made.credentials = "Basic " + wire::base64::encode(both);
    rest.remove_prefix(at + 1);
  }
  rest = rest.substr(0, rest.find('/'));
  auto authority = proxy::parse_authority(rest, false, kHttpPort);
  if (!authority) return fail(ErrorCode::kInvalid, authority.error().message);
  if (!is_visible(rest)) return fail(ErrorCode::kInvalid, "has a forbidden character");
  made.host = std::move(authority->origin.host);
  made.port = authority->origin.port;
  return made;
}

std::string UpstreamProxy::text() const {
  return host.contains(':') ? fmt::format("[{}]:{}", host, port) : fmt::format("{}:{}", host, port);
}

Result<NoProxy::Entry> NoProxy::entry(std::string_view item) {
  const auto bad = [&](std::string_view why) {
    return fail(ErrorCode::kInvalid, fmt::format("\"{}\" {}: say HOST, *.DOMAIN, an IP address, a network as "
                                                 "10.0.0.0/8, each with :PORT if need be, or *",
                                                 item, why));
  };
  Entry made;
  // An IPv6 address needs no brackets here.
  const bool is_bare_ip = !item.starts_with('[') && item.find(':') != item.rfind(':');
  const auto split = is_bare_ip ? Result<proxy::HostAndPort>({.host = item, .port = {}}) : proxy::split_host(item);
  if (!split) return bad(split.error().message);
  made.port = split->port.value_or(0);
  std::string_view host = split->host;
  const auto slash = host.find('/');
  made.ip = ip_bytes(host.substr(0, slash));
  made.prefix = static_cast<unsigned>(made.ip.size()) * kBitsPerByte;
  if (slash != std::string_view::npos) {
    const auto prefix = number(host.substr(slash + 1));
    if (made.ip.empty() || !prefix || *prefix > made.prefix) return bad("is no network");
    made.prefix = *prefix;
  }
  if (!made.ip.empty()) return made;
  if (host == "*") {
    made.pattern = host;
    return made;
  }
  if (host.starts_with("*.")) host.remove_prefix(1);
  if (host.starts_with('.')) host.remove_prefix(1);
  if (host.ends_with('.')) host.remove_suffix(1);
  if (host.empty() || host.find_first_of("*:/@[]") != std::string_view::npos || !is_visible(host)) {
    return bad("is no host");
  }
  made.pattern = fmt::format("*.{}", host);
  return made;
}

Result<NoProxy> NoProxy::parse(const std::vector<std::string>& items) {
  NoProxy made;
  for (const std::string& item : items) {
    auto parsed = entry(item);
    if (!parsed) return fail(std::move(parsed.error()));
    made.entries_.push_back(std::move(*parsed));
  }
  return made;
}

bool NoProxy::contains(std::string_view host, std::uint16_t port) const {
  if (entries_.empty()) return false;
  if (host.ends_with('.')) host.remove_suffix(1);
  const auto ip = ip_bytes(host);
  return std::ranges::any_of(entries_, [&](const Entry& entry) {
    if (entry.port != 0 && entry.port != port) return false;
    if (entry.pattern.empty()) return !ip.empty() && same_network(entry.ip, ip, entry.prefix);
    return entry.pattern == "*" || (ip.empty() && provider::host_matches(entry.pattern, host));
  });
}

const UpstreamProxy* UpstreamProxies::of(const proxy::Origin& origin, proxy::Offer offer) const {
  const auto& by = origin.tls || offer == proxy::Offer::kTunnel ? https : http;
  if (!by) return nullptr;
  const auto direct = [&](std::string_view host) {
    return proxy::is_loopback(host) || except.contains(host, origin.port);
  };
  if (direct(origin.host) || (!origin.address.empty() && direct(origin.address))) return nullptr;
  return &*by;
}

}  // namespace tokometer::net
