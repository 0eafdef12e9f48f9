// Why calls of a run's program are missing: where they went without us, what the proxy could not read of it or was no
// longer there for, and which Node runs it.
//
//   const pid_t proxy = proxy_process(config);
//   … run the program …
//   run.proxy = find_proxy_fate(config, proxy, address);
//   find_unread(run, address);
//   if (report.calls() == 0) find_node(run, environment);
//
// Not here: how it is said (run_report.h).
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "app/config.h"
#include "cli/environment.h"
#include "cli/run_report.h"
#include "provider/registry.h"

namespace tokometer::cli {

// The process that serves the data folder; 0 if there is none.
pid_t proxy_process(const app::Config& config);
// What has become of the proxy at `address`, which was that process.
ProxyFate find_proxy_fate(const app::Config& config, pid_t process, const std::string& address);

// Which hosts are led past the proxy by the environment, though they are within `domains` or a provider's.
void find_past(ProgramRun& run, const provider::Registry& providers, const std::vector<std::string>& domains,
               const Environment& environment);
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
