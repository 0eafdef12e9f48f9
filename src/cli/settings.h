// The settings in force for a command: its options over TOKOMETER_* variables
// over the configuration file over the defaults (app/config.h has them all).
//
//   auto config = load_settings(arguments, environment);
//   if (!config) return fail(config.error());
//   auto store = store::open(config->data_dir / ...);
#pragma once

#include "app/config.h"
#include "base/error.h"
#include "cli/command.h"
#include "cli/environment.h"

namespace tokometer::cli {

// Fails with every fault of the file, variables and options, one a line.
Result<app::Config> load_settings(const Arguments& arguments, const Environment& environment);

}  // namespace tokometer::cli
