#include "provider/host_pattern.h"

#include <algorithm>
#include <string>

#include "provider/spec.h"
#include "wire/fields.h"

namespace tokometer::provider {
namespace {

bool is_in_domain(std::string_view domain, std::string_view host) {
  if (host.size() == domain.size()) return wire::iequals(host, domain);
  return host.size() > domain.size() && host[host.size() - domain.size() - 1] == '.' &&
         wire::iequals(host.substr(host.size() - domain.size()), domain);
}

bool is_label_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '*';
}

}  // namespace

bool host_matches(std::string_view pattern, std::string_view host) {
  if (pattern == "*") return true;
  if (!pattern.contains('*')) return wire::iequals(pattern, host);
  if (pattern.starts_with("*.") && !pattern.substr(1).contains('*')) return is_in_domain(pattern.substr(2), host);
  while (true) {
    const auto pattern_dot = pattern.find('.');
    const auto host_dot = host.find('.');
    const auto label = host.substr(0, host_dot);
    if (label.empty() || !wildcard_matches(wire::lower_case(pattern.substr(0, pattern_dot)), wire::lower_case(label)))
      return false;
    if (pattern_dot == std::string_view::npos || host_dot == std::string_view::npos) return pattern_dot == host_dot;
    pattern.remove_prefix(pattern_dot + 1);
    host.remove_prefix(host_dot + 1);
  }
}

bool is_host_pattern(std::string_view pattern) {
  while (true) {
    const auto dot = pattern.find('.');
    const auto label = pattern.substr(0, dot);
    if (label.empty() || !std::ranges::all_of(label, is_label_character)) return false;
    if (dot == std::string_view::npos) return true;
    pattern.remove_prefix(dot + 1);
  }
}

}  // namespace tokometer::provider
