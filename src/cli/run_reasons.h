// Why no call of a run's program may have been captured: what the proxy knows of its tunnels and of clients that do not
// trust us, and which Node runs it.
//
//   if (report.calls() == 0) find_reasons(run, proxy.address(), environment);
//
// Not here: how it is said (run_report.h).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cli/environment.h"
#include "cli/health.h"
#include "cli/run_report.h"

namespace tokometer::cli {

// Asks the proxy at `address` and, where that knows nothing, the program.
void find_reasons(ProgramRun& run, const std::string& address, const Environment& environment);

// "curl/8.1 for api.openai.com": those of `distrustful` that belong to the run, each once. A proxy that says of none
// to which run it belongs tells of all.
std::vector<std::string> distrustful_in(const std::vector<Health::Distrust>& distrustful, std::string_view run);

// Whether the Node of this version ("v20.11.1") heeds the variables for proxies when NODE_USE_ENV_PROXY asks it to.
bool heeds_proxies(std::string_view node_version);

// Whether a script's first line has Node run it: "#!/usr/bin/env node".
bool is_node_script(std::string_view first_line);

}  // namespace tokometer::cli
