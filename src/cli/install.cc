// `tokometer install` and `uninstall`: the block in shells' start-up files.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "app/rc_file.h"
#include "app/shell_hook.h"
#include "cli/builtin.h"
#include "cli/environment.h"
#include "cli/installed_program.h"
#include "cli/rc_files.h"
#include "cli/running.h"
#include "cli/settings.h"

namespace tokometer::cli {
namespace {

namespace fs = std::filesystem;
using app::Shell;

// Those named, else those that the user has: the login shell and every one with a start-up file.
std::vector<Shell> chosen_shells(const Arguments& arguments, const Environment& environment) {
  std::vector<Shell> shells;
  for (const std::string& name : arguments.positionals()) {
    if (const auto shell = app::shell_of(name)) shells.push_back(*shell);
  }
  if (!shells.empty()) return shells;
  const auto login = app::shell_of(environment.variable("SHELL").value_or(""));
  for (const Shell shell : kAllShells) {
    std::error_code error;
    const bool used = login == shell || fs::exists(rc_file_of(shell, environment), error);
    if (used) shells.push_back(shell);
  }
  return shells;
}

std::string block_lines(Shell shell, const fs::path& program, const std::vector<std::string>& options) {
  const std::string file = app::shell_word(shell, program.string());
  std::string command = fmt::format("{} shell-init {}", file, app::name_of(shell));
  for (const std::string& option : options) command += " " + app::shell_word(shell, option);
  constexpr std::string_view kWhy =
      "# Programs started here use the proxy while it runs. `tokometer uninstall` takes these lines out.";
  if (shell == Shell::kFish) return fmt::format("{}\nif test -x {}; {} | source; end\n", kWhy, file, command);
  return fmt::format("{}\nif [ -x {} ]; then eval \"$({})\"; fi\n", kWhy, file, command);
}

std::string_view change_text(app::BlockChange change, bool dry) {
  switch (change) {
    case app::BlockChange::kAdded:
      return dry ? "would be added to" : "added to";
    case app::BlockChange::kReplaced:
      return dry ? "would be renewed in" : "renewed in";
    case app::BlockChange::kRemoved:
      return dry ? "would be taken out of" : "taken out of";
    case app::BlockChange::kNone:
      break;
  }
  return "nothing to change in";
}

Result<ExitCode> run_install(const Arguments& arguments, Environment& environment) {
  const auto config = load_settings(arguments, environment);
  if (!config) return fail(config.error());
  const auto program = installed_program(environment);
  if (!program) return fail(program.error());
  const bool dry = arguments.has("dry-run");
  const auto shells = chosen_shells(arguments, environment);
  if (shells.empty()) {
    return fail(ErrorCode::kNotFound,
                "no start-up file of bash, zsh or fish is there: name the shell (`tokometer install bash`), or see "
                "`tokometer env` for others");
  }
  bool changed = false;
  for (const Shell shell : shells) {
    const fs::path file = rc_file_of(shell, environment);
    const auto change = app::install_block(file, block_lines(shell, *program, option_words(arguments)), dry);
    if (!change) return fail(change.error());
    environment.out.print("{} {}\n", change_text(*change, dry), file.string());
    changed = changed || *change != app::BlockChange::kNone;
  }
  if (changed && !dry) {
    environment.out.write(
        "\nNew shells use the proxy while it runs, and the network as before when it does not.\n"
        "In this one: open a new shell, or `eval \"$(tokometer shell-init bash)\"` (zsh, fish likewise).\n");
  }
  return ExitCode::kOk;
}

Result<ExitCode> run_uninstall(const Arguments& arguments, Environment& environment) {
  const bool dry = arguments.has("dry-run");
  std::vector<fs::path> files;
  std::vector<Shell> shells = {kAllShells.begin(), kAllShells.end()};
  if (!arguments.positionals().empty()) shells = chosen_shells(arguments, environment);
  for (const Shell shell : shells) {
    files.push_back(rc_file_of(shell, environment));
    // Wherever it was put when the other file was not there yet.
    if (shell == Shell::kBash) files.push_back(fs::path(environment.variable("HOME").value_or("")) / ".bash_profile");
  }
  bool any = false;
  for (auto file = files.begin(); file != files.end(); ++file) {
    if (std::find(files.begin(), file, *file) != file) continue;
    const auto change = app::uninstall_block(*file, dry);
    if (!change) return fail(change.error());
    if (*change == app::BlockChange::kNone) continue;
    environment.out.print("{} {}\n", change_text(*change, dry), file->string());
    any = true;
  }
  if (!any) environment.out.write("no start-up file had lines of tokometer\n");
  return ExitCode::kOk;
}

std::vector<Positional> shell_positionals() {
  return {{.name = "SHELL",
           .type = OptionType::kChoice,
           .help = "Only this shell; those that you use by default",
           .choices = {"bash", "zsh", "fish"},
           .required = false,
           .repeats = true}};
}

const Option& dry_option() {
  static const Option option{.name = "dry-run", .help = "Only say what would be changed"};
  return option;
}

}  // namespace

Command install_command() {
  return {
      .name = "install",
      .summary = "Have every new shell use the proxy while it runs",
      .description =
          "Puts a marked block into ~/.bashrc (or ~/.bash_profile), ~/.zshrc and ~/.config/fish/config.fish, for the "
          "shells that you use. It evaluates `tokometer shell-init`, which sets HTTPS_PROXY and its like only while "
          "a proxy runs, and looks again before each prompt and each command: when the proxy ends, the variables "
          "are what they were. Doing it twice changes nothing. Links stay links.",
      .positionals = shell_positionals(),
      .options = {dry_option()},
      .examples = {{"tokometer install", "For the shells that you use"},
                   {"tokometer install fish --dry-run", "See which file would change"}},
      .run = run_install};
}

Command uninstall_command() {
  return {
      .name = "uninstall",
      .summary = "Take the block out of the shells' start-up files",
      .description =
          "Each file is then what it was before, byte for byte. Data, settings and the program stay; certificates in "
          "trust stores are taken out by `tokometer ca uninstall`, the service by `tokometer service disable`.",
      .positionals = shell_positionals(),
      .options = {dry_option()},
      .examples = {{"tokometer uninstall", "From all shells"}},
      .run = run_uninstall};
}

}  // namespace tokometer::cli
