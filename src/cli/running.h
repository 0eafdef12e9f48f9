// What the commands share that start, stop and look at a proxy which stays.
#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "app/config.h"
#include "app/instance.h"
#include "base/error.h"
#include "cli/command.h"
#include "cli/environment.h"

namespace tokometer::cli {

// The options that set settings, and --config, as words for another command line: paths made absolute.
std::vector<std::string> option_words(const Arguments& arguments);

// Those of `words` that are more than which proxy is meant, as --data-dir and --config are.
std::vector<std::string> without_place(std::vector<std::string> words);

// Starts `tokometer proxy` with `options` in the background, for `run_by`, and waits until it serves. What it says
// until then goes to environment.err. Fails if it ends instead.
Result<app::Running> start_in_background(const app::Config& config, const std::vector<std::string>& options,
                                         Environment& environment, app::RunBy run_by = app::RunBy::kBackground);

// Waits for a proxy on `config`'s data folder that accepts connections. kTimeout.
Result<app::Running> wait_until_serving(const app::Config& config, const Environment& environment,
                                        std::chrono::milliseconds limit);

// Says on stderr what is waited for.
void say_waiting(std::string_view what, Environment& environment);

// Asks the process to end and waits until it has; shows on a terminal what it waits for. `at_once`: running calls are
// cut off. kTimeout if it is still there when its own limit for running calls is long over.
Result<void> stop_running(const app::Config& config, const app::Running& running, bool at_once,
                          Environment& environment);

// Has the process read its settings, specs, prices and certificate authority again, and waits until it has: what it
// says of it. Fails where it keeps what it has, with its reason.
Result<std::string> reload_running(const app::Config& config, const app::Running& running,
                                   const Environment& environment);

// "127.0.0.1:4141, unix:/run/tok.sock (process 4711)"
std::string where_text(const app::Running& running);

}  // namespace tokometer::cli
