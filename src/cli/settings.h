// The settings in force for a command: its options over TOKOMETER_* variables
// over the configuration file over the defaults (app/config.h has them all).
//
//   auto config = load_settings(arguments, environment);
//   if (!config) return fail(config.error());
//   auto store = open_store(config->data_dir);
#pragma once

#include <vector>

#include "app/config.h"
#include "app/settings.h"
#include "base/error.h"
#include "cli/command.h"
#include "cli/environment.h"

namespace tokometer::cli {

// Fails with every fault of the file, variables and options, one a line.
Result<app::Config> load_settings(const Arguments& arguments, const Environment& environment);

// What the above reads from, for those that read again later or ask where values came from.
app::Inputs settings_inputs(const Arguments& arguments, const Environment& environment);

// All faults, one a line; kUsage if they are all of options.
Error settings_error(const std::vector<app::Fault>& faults);

// Every setting as an option, for the command that runs the proxy; with --panel,
// --json and --quiet for values of `print`.
std::vector<Option> setting_options();

}  // namespace tokometer::cli
