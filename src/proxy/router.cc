#include "proxy/router.h"

#include <fmt/format.h>

#include <utility>

#include "provider/spec.h"
#include "proxy/forwarding.h"

namespace tokometer::proxy {
namespace {

// The type of an origin that no spec describes; what its calls are recorded under.
constexpr std::string_view kUnknownProvider = "unknown";

// Takes `mark` ("/p/") and the segment behind it off the front of `target`; empty if it does not begin so.
std::string_view take_segment(std::string_view& target, std::string_view mark) {
  if (!target.starts_with(mark)) return {};
  const auto slash = target.find('/', mark.size());
  if (slash == std::string_view::npos || slash == mark.size()) return {};
  const std::string_view segment = target.substr(mark.size(), slash - mark.size());
  if (segment.find_first_of("?%") != std::string_view::npos) return {};
  target.remove_prefix(slash);
  return segment;
}

// Takes what says something of the call rather than where it goes, in either order.
void take_context(std::string_view& target, Route& route) {
  route.project = take_segment(target, "/p/");
  if (const std::string_view segment = take_segment(target, "/c/"); !segment.empty()) {
    auto context = client::decode_context(segment);
    if (context) {
      route.context = std::make_shared<const client::CallContext>(std::move(*context));
    } else {
      route.context_fault = std::move(context.error().message);
    }
    if (route.project.empty()) route.project = take_segment(target, "/p/");
  }
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
  const auto slash = rest.find('/');
  const std::string_view authority = rest.substr(0, slash);
  if (slash != std::string_view::npos) to.path = rest.substr(slash);
  while (to.path.ends_with('/')) to.path.pop_back();
  for (const char c : rest) {
    if (c <= 0x20 || c >= 0x7F) return bad("has a forbidden character");
  }
  if (rest.find_first_of("?#") != std::string_view::npos) return bad("must have neither query nor fragment");
  if (authority.find('@') != std::string_view::npos)
    return fail(ErrorCode::kInvalid, "base URL: must not carry a user or password");

  auto parsed = parse_authority(authority, to.origin.tls, to.origin.port);
  if (!parsed) return bad(parsed.error().message);
  parsed->path = std::move(to.path);
  return parsed;
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
  const bool is_unknown = options.type == kUnknownProvider;
  if (options.type.empty()) {
    router.single_spec_ = router.registry_->by_host(single->authority);
  } else if (!is_unknown) {
    router.single_spec_ = router.find_provider(options.type);
  }
  if (router.single_spec_ == nullptr && !options.type.empty() && !is_unknown) {
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
  take_context(target, route);
  const auto routed = registry_->by_route(target);
  if (single_) {
    // Never elsewhere: a provider's own paths may begin like another one's route, and they come with its key.
    route.spec = single_spec_;
    route.to = &*single_;
    if (routed && routed->spec == single_spec_) target = routed->target;
  } else if (routed) {
    route.spec = routed->spec;
    route.to = destination(*routed->spec);
    target = routed->target;
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
    route.endpoint = registry_->endpoint(*route.spec, method, route.target, fields);
    // A prefix of the user's own ("https://gateway/llm") is not part of the provider's paths.
    if (route.endpoint == nullptr && route.target.data() != target.data()) {
      route.endpoint = registry_->endpoint(*route.spec, method, target, fields);
    }
  }
  return route;
}

Route Router::route_to(const Destination& to, std::string_view method, std::string_view target,
                       wire::Fields fields) const {
  Route route;
  route.to = &to;
  route.target = target;
  route.spec = registry_->by_host(to.authority);
  if (route.spec != nullptr) route.endpoint = registry_->endpoint(*route.spec, method, target, fields);
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
