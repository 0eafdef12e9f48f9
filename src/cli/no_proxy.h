// Which hosts NO_PROXY leads programs to without us, though their calls are to be seen.
//
// Not here: NO_PROXY of our own connections (app/upstream.h).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cli/environment.h"
#include "provider/registry.h"

namespace tokometer::cli {

inline constexpr std::string_view kNoProxyRemedy = "take that out of NO_PROXY and no_proxy";

// NO_PROXY, or else no_proxy; empty if neither is set.
std::string no_proxy_of(const Environment& environment);

// Its entries that are hosts of providers or lead to `domains`, those that are intercepted: "api.openai.com", and "*".
std::vector<std::string> hosts_past_us(const Environment& environment, const provider::Registry& providers,
                                       const std::vector<std::string>& domains);

}  // namespace tokometer::cli
