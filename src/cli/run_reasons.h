// Why calls of a run's program are missing: what the proxy could not read of it, and which Node runs it.
//
//   find_unread(run, proxy.address());
//   if (report.calls() == 0) find_node(run, environment);
//
// Not here: how it is said (run_report.h).
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "cli/environment.h"
#include "cli/run_report.h"

namespace tokometer::cli {

// Asks the proxy of `data_dir`, at `address`, for the clients that do not take our certificate, and for the hosts of
// tunnels.
void find_unread(ProgramRun& run, const std::string& address, const std::filesystem::path& data_dir);
// Which Node runs the program, if one does that heeds no proxies, and nothing of it has reached the proxy.
void find_node(ProgramRun& run, const Environment& environment);

// Whether the Node of this version ("v20.11.1") heeds the variables for proxies when NODE_USE_ENV_PROXY asks it to.
bool heeds_proxies(std::string_view node_version);

// Whether a script's first line has Node run it: "#!/usr/bin/env node".
bool is_node_script(std::string_view first_line);

}  // namespace tokometer::cli
