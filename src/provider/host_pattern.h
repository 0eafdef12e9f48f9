// Patterns of host names: one rule, for specs and for settings.
//
//   "api.x.com"     that host
//   "*.x.com"       x.com and all below it, at dots: "evilx.com" is neither
//   "run.*.x.com"   any other "*" is any part of one label
//   "*"             any host
//
// Hosts come without port, brackets and a dot at their end. Case of letters never matters.
#pragma once

#include <string_view>

namespace tokometer::provider {

bool host_matches(std::string_view pattern, std::string_view host);

// Whether `pattern` can match a name at all: "*", or labels of letters, digits, '-', '_' and '*', none of them empty.
bool is_host_pattern(std::string_view pattern);

}  // namespace tokometer::provider
