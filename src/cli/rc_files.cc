#include "cli/rc_files.h"

#include <string>
#include <system_error>

namespace tokometer::cli {
namespace {

namespace fs = std::filesystem;

}  // namespace

fs::path rc_file_of(app::Shell shell, const Environment& environment) {
  const fs::path home = environment.variable("HOME").value_or("");
  std::error_code error;
  if (shell == app::Shell::kBash) {
    // A machine without ~/.bashrc has login shells only, as macOS does.
    const bool only_profile = !fs::exists(home / ".bashrc", error) && fs::exists(home / ".bash_profile", error);
    return home / (only_profile ? ".bash_profile" : ".bashrc");
  }
  if (shell == app::Shell::kZsh) {
    const std::string folder = environment.variable("ZDOTDIR").value_or("");
    return (folder.empty() ? home : fs::path(folder)) / ".zshrc";
  }
  const std::string config = environment.variable("XDG_CONFIG_HOME").value_or("");
  return (config.starts_with('/') ? fs::path(config) : home / ".config") / "fish" / "config.fish";
}

}  // namespace tokometer::cli
