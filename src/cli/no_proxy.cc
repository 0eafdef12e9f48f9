#include "cli/no_proxy.h"

#include <algorithm>
#include <cctype>

namespace tokometer::cli {
namespace {

std::string trimmed_pattern(std::string_view entry) {
  std::string host;
  for (const char c : entry) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isspace(byte) == 0) host += static_cast<char>(std::tolower(byte));
  }
  if (host == "*") return host;
  if (host.starts_with("*.")) host.erase(0, 1);
  if (host.starts_with('.')) host.erase(0, 1);
  return host;
}

}  // namespace

std::string no_proxy_of(const Environment& environment) {
  std::string list = environment.variable("NO_PROXY").value_or("");
  return list.empty() ? environment.variable("no_proxy").value_or("") : list;
}

std::vector<std::string> hosts_past_us(const Environment& environment, const provider::Registry& providers,
                                       const std::vector<std::string>& domains) {
  const std::string list = no_proxy_of(environment);
  std::vector<std::string> hosts;
  for (std::string_view rest = list; !rest.empty();) {
    const std::size_t end = std::min(rest.find_first_of(", "), rest.size());
    std::string host = trimmed_pattern(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
    // Models on this machine are best asked directly.
    if (host.empty() || host == "localhost" || host.starts_with("127.") || host.contains(':')) continue;
    const bool hides = host == "*" || providers.by_host(host) != nullptr ||
                       std::ranges::any_of(domains, [&](const std::string& domain) {
                         return domain == host || domain.ends_with("." + host);
                       });
    if (hides && std::ranges::find(hosts, host) == hosts.end()) hosts.push_back(std::move(host));
  }
  return hosts;
}

}  // namespace tokometer::cli
