// Which files shells read when they start.
#pragma once

#include <array>
#include <filesystem>

#include "app/shell_hook.h"
#include "cli/environment.h"

namespace tokometer::cli {

inline constexpr std::array kAllShells = {app::Shell::kBash, app::Shell::kZsh, app::Shell::kFish};

// The file that an interactive shell of this user reads, whether it is there or not.
std::filesystem::path rc_file_of(app::Shell shell, const Environment& environment);

}  // namespace tokometer::cli
