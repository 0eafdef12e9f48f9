// Commands that write provider specs: `providers new` and `providers import`.
#pragma once

#include "cli/command.h"

namespace tokometer::cli {

Command providers_new_command();
Command providers_import_command();

}  // namespace tokometer::cli
