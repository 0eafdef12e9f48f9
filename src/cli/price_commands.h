// The subcommands of `tokometer prices` that are in files of their own.
#pragma once

#include "cli/command.h"

namespace tokometer::cli {

// price_lists.cc
Command prices_update_command();
Command prices_diff_command();
Command prices_convert_command();

}  // namespace tokometer::cli
