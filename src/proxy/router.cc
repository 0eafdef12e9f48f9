#include "proxy/router.h"

#include <fmt/format.h>

#include <charconv>

#include "provider/spec.h"

namespace tokometer::proxy {
namespace {

// Takes "/p/<project>" off the front of `target`.
std::string_view take_project(std::string_view& target) {
  if (!target.starts_with("/p/")) return {};
  const auto slash = target.find('/', 3);
  if (slash == std::string_view::npos || slash == 3) return {};
  const std::string_view project = target.substr(3, slash - 3);
  if (project.find_first_of("?%") != std::string_view::npos) return {};
  target.remove_prefix(slash);
  return project;
}

// Whether `target` is already below `path`: then the prefix isn't repeated.
bool is_below(std::string_view target, std::string_view path) {
  return target.starts_with(path) && (target.size() == path.size() || target[path.size()] == '/');
}

}  // namespace

Result<Destination> parse_base_url(std::string_view url) {
  const auto bad = [&](std::string_view why) {
    return fail(ErrorCode::kInvalid, fmt::format("base URL \"{}\": {}", url, why));
  };
  Destination to;
  std::string_view rest = url;
  if (wire::istarts_with(rest, "https://")) {
    rest.remove_prefix(8);
  } else if (wire::istarts_with(rest, "http://")) {
    rest.remove_prefix(7);
    to.origin.tls = false;
    to.origin.port = 80;
  } else {
    return bad("must begin with http:// or https://");
  }
  const std::uint16_t own_port = to.origin.port;
  const auto slash = rest.find('/');
  std::string_view authority = rest.substr(0, slash);
  if (slash != std::string_view::npos) to.path = rest.substr(slash);
  while (to.path.ends_with('/')) to.path.pop_back();
  for (const char c : rest) {
    if (c <= 0x20 || c >= 0x7F) return bad("has a forbidden character");
  }
  if (rest.find_first_of("?#") != std::string_view::npos) return bad("must have neither query nor fragment");
  if (authority.find('@') != std::string_view::npos)
    return fail(ErrorCode::kInvalid, "base URL: must not carry a user or password");

  std::string_view port;
  if (authority.starts_with('[')) {
    const auto bracket = authority.find(']');
    if (bracket == std::string_view::npos) return bad("has '[' without ']'");
    to.origin.host = authority.substr(1, bracket - 1);
    port = authority.substr(bracket + 1);
  } else {
    const auto colon = authority.find(':');
    to.origin.host = authority.substr(0, colon);
    port = colon == std::string_view::npos ? std::string_view() : authority.substr(colon);
  }
  if (to.origin.host.empty()) return bad("has no host");
  if (!port.empty()) {
    const auto [end, fault] = std::from_chars(port.data() + 1, port.data() + port.size(), to.origin.port);
    if (port.front() != ':' || fault != std::errc() || end != port.data() + port.size() || to.origin.port == 0) {
      return bad("has a bad port");
    }
  }
  const bool ipv6 = to.origin.host.find(':') != std::string::npos;
  to.authority = ipv6 ? fmt::format("[{}]", to.origin.host) : to.origin.host;
  if (to.origin.port != own_port) to.authority += fmt::format(":{}", to.origin.port);
  return to;
}

Result<Router> Router::make(std::shared_ptr<const provider::Registry> registry, const RouterOptions& options) {
  Router router(std::move(registry));
  const auto add = [&](const provider::Spec& spec, std::string_view url) -> Result<void> {
    auto to = parse_base_url(url);
    if (!to) return fail(to.error());
    router.destinations_.insert_or_assign(&spec, std::move(*to));
    return {};
  };
  for (const auto& spec : router.registry_->specs()) {
    if (spec->base_url.empty()) continue;
    if (auto added = add(*spec, spec->base_url); !added) return fail(added.error());
  }
  for (const RouterOptions::Override& origin : options.origins) {
    const provider::Spec* spec = router.find_provider(origin.provider);
    if (spec == nullptr) return fail(router.unknown_provider("origin", origin.provider));
    if (auto added = add(*spec, origin.url); !added) return fail(added.error());
  }
  if (options.base_url.empty()) return router;

  auto single = parse_base_url(options.base_url);
  if (!single) return fail(single.error());
  router.single_spec_ =
      options.type.empty() ? router.registry_->by_host(single->origin.host) : router.find_provider(options.type);
  if (router.single_spec_ == nullptr && !options.type.empty()) {
    return fail(router.unknown_provider("type", options.type));
  }
  router.single_ = std::move(*single);
  return router;
}

// By its name or, as people know it, by its route: "gemini" for gcp.gemini.
const provider::Spec* Router::find_provider(std::string_view name) const {
  if (const provider::Spec* spec = registry_->by_name(name)) return spec;
  for (const auto& spec : registry_->specs()) {
    if (!spec->route.empty() && spec->route == name) return spec.get();
  }
  return nullptr;
}

Error Router::unknown_provider(std::string_view where, std::string_view name) const {
  std::string known;
  for (const auto& spec : registry_->specs()) known += (known.empty() ? "" : ", ") + spec->name;
  return {ErrorCode::kNotFound, fmt::format("{}: no provider \"{}\"; there are {}", where, name, known)};
}

Route Router::route(std::string_view method, std::string_view target, wire::Fields fields, std::string& buffer) const {
  Route route;
  route.project = take_project(target);
  if (const auto routed = registry_->by_route(target)) {
    route.spec = routed->spec;
    route.to = destination(*routed->spec);
    target = routed->target;
  } else if (single_) {
    route.spec = single_spec_;
    route.to = &*single_;
  } else if (const provider::Spec* spec = registry_->by_bare_path(method, target, fields)) {
    route.spec = spec;
    route.to = destination(*spec);
  }
  route.target = target;
  if (route.to == nullptr) return route;

  if (!route.to->path.empty() && !is_below(target, route.to->path)) {
    buffer.assign(route.to->path).append(target);
    route.target = buffer;
  }
  if (route.spec != nullptr) {
    route.endpoint = registry_->endpoint(*route.spec, method, route.target);
    // A prefix of the user's own ("https://gateway/llm") is not part of the provider's paths.
    if (route.endpoint == nullptr && route.target.data() != target.data()) {
      route.endpoint = registry_->endpoint(*route.spec, method, target);
    }
  }
  return route;
}

const Destination* Router::destination(const provider::Spec& spec) const {
  const auto found = destinations_.find(&spec);
  return found == destinations_.end() ? nullptr : &found->second;
}

std::string Router::describe_routes() const {
  std::string text;
  for (const auto& spec : registry_->specs()) {
    if (spec->route.empty() || destination(*spec) == nullptr) continue;
    if (!text.empty()) text += ", ";
    text += fmt::format("/{}/", spec->route);
  }
  return text;
}

}  // namespace tokometer::proxy
