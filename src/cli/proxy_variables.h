// The variables that lead the programs of a shell to the proxy: those of every
// tool (data/tools/default.json), filled for the proxy as it runs.
//
// Not here: what a single run of a program gets besides (run_program.cc), and how
// templates are filled (app/tool_environment.h).
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/config.h"
#include "base/error.h"
#include "base/log.h"

namespace tokometer::cli {

using VariableValues = std::vector<std::pair<std::string, std::string>>;

// For the proxy at `url`; `before` is what the variables were without us, which lists and files of certificates keep.
// Makes the certificate authority and those files where they are not there yet; where they cannot be made, what names
// them is left out. `log` is told of an authority without limits. Fails where data files of the user's have a fault.
Result<VariableValues> proxy_variables(const std::string& url, const app::Config& config,
                                       const std::function<std::optional<std::string>(std::string_view)>& before,
                                       Log& log);

}  // namespace tokometer::cli
