// Which provider and which origin a request goes to.
//
// In this order: "/p/<project>" and "/c/<context>" (client/call_context.h) in front are taken off; then a route
// prefix from the provider specs ("/anthropic/v1/messages"), the single-provider
// form (--base-url with --type), and the bare paths that clients send when only
// their host was replaced. Anything else has no route.
//
// Immutable; a reload makes a new one. Thread-safe.
//
// Not here: paths under /-/ (internal.h), reading specs (provider/).
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/error.h"
#include "client/call_context.h"
#include "provider/registry.h"
#include "proxy/streams.h"

namespace tokometer::proxy {

struct RouterOptions {
  struct Override {
    std::string provider;  // a spec's name or route
    std::string url;       // "http://127.0.0.1:8080/prefix"
  };
  std::vector<Override> origins{};  // instead of the specs' own base URLs
  std::string base_url{};           // single-provider form; empty: not used
  std::string type{};               // its provider; empty: told from the URL's host; "unknown": none that a spec knows
};

// Takes "https://host[:port][/path]" apart; refuses userinfo, query and fragment.
Result<Destination> parse_base_url(std::string_view url);

struct Route {
  const provider::Spec* spec = nullptr;
  const provider::Endpoint* endpoint = nullptr;
  const Destination* to = nullptr;  // null: none of ours
  std::string_view target;          // as sent; views the request's target or the caller's buffer
  std::string_view project;
  std::shared_ptr<const client::CallContext> context;  // null: the path has none, or one that can't be read
  std::string context_fault;                           // why it can't
};

class Router {
 public:
  // Fails on a URL that can't be used or a provider that no spec names.
  static Result<Router> make(std::shared_ptr<const provider::Registry> registry, const RouterOptions& options);

  // `buffer` holds the target where it had to be put together.
  Route route(std::string_view method, std::string_view target, wire::Fields fields, std::string& buffer) const;
  // The route of a request that named its host itself (forwarding.h): there and nowhere else.
  Route route_to(const Destination& to, std::string_view method, std::string_view target, wire::Fields fields) const;
  // What the error answer of a request without a route says.
  std::string describe_routes() const;

 private:
  explicit Router(std::shared_ptr<const provider::Registry> registry) : registry_(std::move(registry)) {}
  const Destination* destination(const provider::Spec& spec) const;
  const provider::Spec* find_provider(std::string_view name) const;
  Error unknown_provider(std::string_view where, std::string_view name) const;

  std::shared_ptr<const provider::Registry> registry_;
  std::unordered_map<const provider::Spec*, Destination> destinations_;
  std::optional<Destination> single_;
  const provider::Spec* single_spec_ = nullptr;
};

}  // namespace tokometer::proxy
