#include "provider/spec.h"

#include <algorithm>

namespace tokometer::provider {
namespace {

// "/api" of "https://host/api/".
std::string_view base_path(std::string_view base_url) {
  const auto scheme = base_url.find("://");
  if (scheme == std::string_view::npos) return {};
  const auto slash = base_url.find('/', scheme + 3);
  if (slash == std::string_view::npos) return {};
  auto path = base_url.substr(slash);
  while (path.ends_with('/')) path.remove_suffix(1);
  return path;
}

}  // namespace

bool wildcard_matches(std::string_view pattern, std::string_view text) {
  std::size_t p = 0;
  std::size_t t = 0;
  std::size_t star = std::string_view::npos;
  std::size_t resume = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = t;
    } else if (p < pattern.size() && pattern[p] == text[t]) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++resume;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

bool FieldMatch::matches(wire::Fields fields) const {
  return std::ranges::any_of(fields, [&](const wire::Field& field) {
    return wire::iequals(field.name, name) && wildcard_matches(pattern, field.value);
  });
}

bool CaptureMatch::matches(const PathPattern::Captures& captures) const {
  return std::ranges::any_of(captures, [&](const auto& capture) {
    return capture.first == name && wildcard_matches(pattern, capture.second);
  });
}

std::string_view Spec::own_path(std::string_view target) const {
  const auto path = path_of(target);
  const auto base = base_path(base_url);
  if (base.empty() || !path.starts_with(base)) return path;
  if (path.size() > base.size() && path[base.size()] != '/') return path;
  return path.substr(base.size());
}

}  // namespace tokometer::provider
