// `tokometer shell-init` and `env`: the variables that lead programs to the proxy.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "app/instance.h"
#include "app/shared_proxy.h"
#include "app/shell_hook.h"
#include "base/files.h"
#include "cli/builtin.h"
#include "cli/environment.h"
#include "cli/installed_program.h"
#include "cli/proxy_variables.h"
#include "cli/running.h"
#include "cli/settings.h"
#include "json/writer.h"

namespace tokometer::cli {
namespace {

namespace fs = std::filesystem;
using app::Shell;

Result<app::Changes> changes_for(const std::string& url, const app::Config& config, const app::VariableLookup& before,
                                 Log& log) {
  auto values = proxy_variables(url, config, before, log);
  if (!values) return fail(std::move(values.error()));
  app::Changes changes;
  for (auto& [name, value] : *values) {
    changes.push_back({.name = name, .ours = std::move(value), .before = before(name)});
  }
  return changes;
}

Result<ExitCode> run_shell_init(const Arguments& arguments, Environment& environment) {
  const auto config = load_settings(arguments, environment);
  if (!config) return fail(config.error());
  const Shell shell = *app::shell_of(*arguments.positional(0));
  const app::Changes state = app::decode_state(environment.variable(app::kStateVariable).value_or(""));
  const auto before = app::original_variables(environment.variable, state);
  const auto serving = app::find_serving(config->data_dir);
  const bool update = arguments.has("update");
  if (serving) {
    const auto changes = changes_for(serving->url, *config, before, environment.log);
    if (!changes) return fail(changes.error());
    environment.out.write(app::apply_text(shell, *changes));
  } else if (!update) {
    environment.out.write(app::restore_text(shell, state));
  }
  if (update) return ExitCode::kOk;
  const auto program = installed_program(environment);
  if (!program) return fail(program.error());
  app::HookPlaces places{.serving_file = app::serving_file(config->data_dir),
                         .command = {program->string(), "shell-init", std::string(app::name_of(shell)), "--update"},
                         .now = serving ? fmt::format("{} {}", serving->pid, serving->url) : std::string()};
  for (std::string& option : option_words(arguments)) places.command.push_back(std::move(option));
  environment.out.write(app::hook_text(shell, places));
  return ExitCode::kOk;
}

// What a .env file's readers agree on: double quotes, with backslashes before quotes, backslashes, `$` and '`'.
std::string dotenv_value(std::string_view value) {
  constexpr std::string_view kPlain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-./:,@%+*[]";
  if (value.find_first_not_of(kPlain) == std::string_view::npos) return std::string(value);
  std::string text = "\"";
  for (const char c : value) {
    if (c == '"' || c == '\\' || c == '$' || c == '`') text += '\\';
    text += c;
  }
  return text + "\"";
}

std::string powershell_word(std::string_view value) {
  std::string text = "'";
  for (const char c : value) {
    text += c;
    if (c == '\'') text += c;
  }
  return text + "'";
}

std::string formatted(const VariableValues& variables, std::string_view format) {
  std::string text;
  if (format == "json") {
    json::Writer writer(text);
    writer.begin_object();
    for (const auto& [name, value] : variables) writer.member(name, value);
    writer.end_object();
    return text + '\n';
  }
  for (const auto& [name, value] : variables) {
    if (format == "fish") {
      text += fmt::format("set -gx {} {}\n", name, app::shell_word(Shell::kFish, value));
    } else if (format == "dotenv") {
      text += fmt::format("{}={}\n", name, dotenv_value(value));
    } else if (format == "powershell") {
      text += fmt::format("$env:{} = {}\n", name, powershell_word(value));
    } else {
      text += fmt::format("export {}={}\n", name, app::shell_word(Shell::kBash, value));
    }
  }
  return text;
}

// `content` with the lines of the variables in place of those that set the same ones, the rest as it is.
std::string merged_dotenv(std::string_view content, const VariableValues& variables) {
  std::string text;
  VariableValues left = variables;
  while (!content.empty()) {
    const std::size_t feed = content.find('\n');
    const std::string_view line = content.substr(0, feed);
    std::string_view name = line.substr(0, line.find('='));
    if (name.starts_with("export ")) name.remove_prefix(7);
    const auto known = std::ranges::find(variables, name, &std::pair<std::string, std::string>::first);
    if (line.find('=') != std::string_view::npos && known != variables.end()) {
      text += formatted({*known}, "dotenv");
      std::erase_if(left, [&](const auto& variable) { return variable.first == name; });
    } else {
      text += line;
      text += '\n';
    }
    content.remove_prefix(feed == std::string_view::npos ? content.size() : feed + 1);
  }
  return text + formatted(left, "dotenv");
}

Result<ExitCode> run_env(const Arguments& arguments, Environment& environment) {
  const auto config = load_settings(arguments, environment);
  if (!config) return fail(config.error());
  const app::Changes state = app::decode_state(environment.variable(app::kStateVariable).value_or(""));
  const auto before = app::original_variables(environment.variable, state);
  const auto serving = app::find_serving(config->data_dir);
  const auto configured = app::local_url(config->listen);
  const auto running = app::find_instance(config->data_dir);
  if (!serving && running && running->status && !running->status->listening.empty() &&
      !app::local_url(running->status->listening)) {
    return fail(app::no_tcp_address(config->data_dir, *running));
  }
  if (!serving && !configured) {
    return fail(ErrorCode::kNotFound, "the proxy listens on Unix sockets only, which no variable can name");
  }
  if (!serving) environment.err.write("tokometer: no proxy runs: start it by `tokometer up` before you use these\n");
  const auto filled = proxy_variables(serving ? serving->url : *configured, *config, before, environment.log);
  if (!filled) return fail(filled.error());
  const VariableValues& variables = *filled;
  const auto file = arguments.value("output");
  const std::string_view format = arguments.value("format").value_or(file ? "dotenv" : "sh");
  if (!file) {
    environment.out.write(formatted(variables, format));
    return ExitCode::kOk;
  }
  std::string content;
  const auto old = read_file(fs::path(*file));
  if (!old && old.error().code != ErrorCode::kNotFound) return fail(old.error());
  // A .env file has other variables, too; files of other forms are ours alone.
  content = format == "dotenv" ? merged_dotenv(old.value_or(""), variables) : formatted(variables, format);
  if (old && content == *old) {
    environment.out.print("{}: has them already\n", *file);
    return ExitCode::kOk;
  }
  if (auto written = replace_file(fs::path(*file), content); !written) return fail(written.error());
  environment.out.print("{}: {} variables written\n", *file, variables.size());
  return ExitCode::kOk;
}

}  // namespace

Command shell_init_command() {
  return {.name = "shell-init",
          .summary = "Print what a shell evaluates to use the proxy while it runs",
          .description =
              "Sets HTTPS_PROXY, HTTP_PROXY, NO_PROXY and the variables that make programs trust the certificate "
              "authority, if a proxy runs on the data folder; and functions that look again before each prompt and "
              "each command, without starting a program. When the proxy has ended, the variables get back what they "
              "were. `tokometer install` has every new shell evaluate it.",
          .positionals = {{.name = "SHELL",
                           .type = OptionType::kChoice,
                           .help = "bash, zsh or fish",
                           .choices = {"bash", "zsh", "fish"}}},
          .options = {{.name = "update", .help = "Only the variables, for the functions to call"}},
          .examples = {{"eval \"$(tokometer shell-init bash)\"", "This shell, from now on"},
                       {"tokometer shell-init fish | source", "The same in fish"}},
          .run = run_shell_init};
}

Command env_command() {
  return {.name = "env",
          .summary = "Print the variables that lead programs to the proxy",
          .description =
              "For containers, editors, CI and whatever else starts programs. NO_PROXY keeps what you have in it. A "
              "file in dotenv form keeps its other lines.",
          .options = {{.name = "output",
                       .letter = 'o',
                       .type = OptionType::kFile,
                       .placeholder = "FILE",
                       .help = "Write them to FILE, as dotenv unless --format says otherwise"},
                      {.name = "format",
                       .type = OptionType::kChoice,
                       .placeholder = "FORM",
                       .help = "How they are written; sh by default",
                       .choices = {"sh", "fish", "dotenv", "json", "powershell"}}},
          .examples = {{"tokometer env -o .env", "For programs that read .env"},
                       {"tokometer env --format json", "For another program"}},
          .run = run_env};
}

}  // namespace tokometer::cli
