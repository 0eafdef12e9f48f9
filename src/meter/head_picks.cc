#include "meter/head_picks.h"

#include <optional>

namespace tokometer::meter {

using provider::HeadPick;

namespace {

std::optional<std::string_view> query_value(std::string_view target, std::string_view name) {
  const auto mark = target.find('?');
  if (mark == std::string_view::npos) return std::nullopt;
  auto rest = target.substr(mark + 1);
  while (!rest.empty()) {
    const auto end = rest.find('&');
    const auto parameter = rest.substr(0, end);
    if (parameter.size() > name.size() && parameter.starts_with(name) && parameter[name.size()] == '=') {
      return parameter.substr(name.size() + 1);
    }
    if (end == std::string_view::npos) break;
    rest.remove_prefix(end + 1);
  }
  return std::nullopt;
}

}  // namespace

void take_fields(const std::vector<HeadPick>& picks, wire::Fields fields, Findings& findings) {
  for (const HeadPick& head : picks) {
    if (head.from != HeadPick::From::kField) continue;
    if (const auto value = wire::find(fields, head.name)) findings.put(head.pick, *value);
  }
}

void take_target(const provider::Spec& spec, const provider::Endpoint& endpoint, std::string_view target,
                 Findings& findings) {
  for (const HeadPick& head : endpoint.format->request_head) {
    if (head.from == HeadPick::From::kQuery) {
      if (const auto value = query_value(target, head.name)) findings.put(head.pick, *value);
    } else if (head.from == HeadPick::From::kPath) {
      for (const provider::PathPattern& pattern : endpoint.paths) {
        for (const auto& [name, value] : pattern.captures(spec.own_path(target))) {
          if (name == head.name) findings.put(head.pick, value);
        }
      }
    }
  }
}

}  // namespace tokometer::meter
