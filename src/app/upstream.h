// Through which proxy our own connections go: that of the setting upstream_proxy,
// else those of the environment, as curl reads them.
//
//   const auto upstream = find_upstream(config, listening);
//   if (!upstream) return fail(upstream.error());
//   server.set_upstream(upstream->proxies);
//
// What leads to ourselves is left out: a shell that was led to us may start us again.
//
// Not here: what is connected through it (net/upstream_proxy.h).
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/config.h"
#include "base/error.h"
#include "net/upstream_proxy.h"

namespace tokometer::app {

// upstream_proxy's value for no proxy at all, whatever the environment says.
inline constexpr std::string_view kNoUpstream = "none";

// https_proxy, HTTPS_PROXY, http_proxy, all_proxy, ALL_PROXY, no_proxy and NO_PROXY: the first that is set and not
// empty. HTTP_PROXY is not read: in CGI, clients set it (https://httpoxy.org).
Config::ProxyVariables proxy_variables(
    const std::function<std::optional<std::string>(std::string_view name)>& variable);

struct Upstream {
  net::UpstreamProxies proxies = {};
  // Who named them: "upstream_proxy", "HTTPS_PROXY"; empty: nobody.
  std::string https_from = {};
  std::string http_from = {};
  std::vector<std::string> remarks = {};  // to be logged: what was left out, and why
};

// Fails where one is named that can't be used; messages name the variable or setting and never its value. `own` is
// where we listen ("127.0.0.1:4141").
Result<Upstream> find_upstream(const Config& config, const std::vector<std::string>& own);

}  // namespace tokometer::app
