// The name under which other programs shall start us later.
#pragma once

#include <filesystem>

#include "base/error.h"
#include "cli/environment.h"

namespace tokometer::cli {

// The file on PATH that is this program, links not resolved, so that it holds after an update; else our own file.
Result<std::filesystem::path> installed_program(const Environment& environment);

}  // namespace tokometer::cli
