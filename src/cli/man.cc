#include "cli/man.h"

#include <fmt/format.h>

#include "app/setting.h"
#include "cli/builtin.h"
#include "cli/environment.h"
#include "cli/help.h"
#include "cli/version.h"

namespace tokometer::cli {
namespace {

// Text for roff: a backslash and a dash have a meaning anywhere, a dot or quote at the start of a line.
std::string roff(std::string_view text) {
  std::string result;
  if (text.starts_with('.') || text.starts_with('\'')) result += "\\&";
  for (const char c : text) {
    if (c == '\\') {
      result += "\\e";
    } else if (c == '-') {
      result += "\\-";
    } else {
      result += c;
    }
  }
  return result;
}

std::string tagged(std::string_view label, std::string_view help) {
  return fmt::format(".TP\n\\fB{}\\fR\n{}\n", roff(label), roff(help));
}

void add_section(std::string& text, const std::string& path, const Command& command) {
  if (command.run != nullptr) {
    text += fmt::format(".SS \"{}\"\n{}.\n.PP\n\\fB{}\\fR\n", roff(path), roff(command.summary),
                        roff(usage_line(path, command)));
    for (const std::string_view paragraph : paragraphs(command.description)) {
      text += ".PP\n" + roff(paragraph) + "\n";
    }
    for (const Positional& positional : command.positionals) {
      text += tagged(positional.name, positional_help(positional));
    }
    for (const Option& option : command.options) text += tagged(option_label(option), option_help(option));
    for (const Example& example : command.examples) {
      text += fmt::format(".PP\n{}:\n.RS\n.nf\n{}\n.fi\n.RE\n", roff(example.meaning), roff(example.line));
    }
  }
  for (const Command& sub : command.subcommands) add_section(text, path + " " + std::string(sub.name), sub);
}

Result<ExitCode> run_man(const Arguments&, Environment& environment) {
  environment.out.write(man_page(environment.program));
  return ExitCode::kOk;
}

}  // namespace

std::string man_page(const Command& program) {
  std::string text = fmt::format(".TH TOKOMETER 1 \"\" \"tokometer {}\" \"User Commands\"\n", version());
  text += fmt::format(".SH NAME\n{} \\- {}\n", program.name, roff(program.summary));
  text += ".SH SYNOPSIS\n\\fBtokometer\\fR \\fICOMMAND\\fR [\\fIOPTION\\fR]...\n";
  text += ".SH DESCRIPTION\n" + roff(program.description) + "\n";
  text += ".SH COMMANDS\n";
  for (const Command& command : program.subcommands) {
    add_section(text, fmt::format("{} {}", program.name, command.name), command);
  }
  text += ".SH OPTIONS OF EVERY COMMAND\n";
  for (const Option& option : global_options()) text += tagged(option_label(option), option_help(option));
  text +=
      ".SH SETTINGS\nThe command line comes before environment variables, those before the configuration file, "
      "that before the defaults. Variables are named by the setting: \\fItimeouts.connect\\fR is "
      "\\fBTOKOMETER_TIMEOUTS_CONNECT\\fR.\n";
  for (const app::Setting& setting : app::settings_table()) {
    const std::string fallback = setting.fallback.empty() ? "" : fmt::format(" (default: {})", setting.fallback);
    text += tagged(setting.key, fmt::format("{}{}.", setting.help, fallback));
  }
  text += ".SH FILES\n";
  text +=
      tagged("~/.config/tokometer/config.yaml", "Settings; $XDG_CONFIG_HOME/tokometer/config.yaml where that is set.");
  text += tagged("~/.config/tokometer/providers, prices, clients",
                 "JSON files that add to or override what ships with the program.");
  text +=
      tagged("~/.local/share/tokometer", "Journal, store and captures; $XDG_DATA_HOME/tokometer where that is set.");
  text += ".SH ENVIRONMENT\n";
  text += tagged("TOKOMETER_*", "Settings, as above.");
  text += tagged("NO_COLOR", "No colours, unless --color=always.");
  text += tagged("COLUMNS", "The width of the terminal.");
  text += ".SH EXIT STATUS\n";
  text += tagged("0", "It worked.");
  text += tagged("1", "It failed: what was asked could not be done.");
  text += tagged("2", "Wrong use: the command line could not be understood.");
  return text;
}

Command man_command() {
  return {.name = "man",
          .summary = "Print the manual page",
          .examples = {{"tokometer man | man -l -", "Read it"}},
          .run = run_man};
}

}  // namespace tokometer::cli
