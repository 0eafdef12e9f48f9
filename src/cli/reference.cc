#include <fmt/format.h>

#include "app/setting.h"
#include "cli/help.h"
#include "cli/man.h"

namespace tokometer::cli {
namespace {

// Text for a cell of a Markdown table.
std::string cell(std::string_view text) {
  std::string result;
  for (const char c : text) {
    if (c == '|') result += '\\';
    if (c == '<') {
      result += "&lt;";
    } else {
      result += c;
    }
  }
  return result;
}

void add_options(std::string& text, const std::vector<Option>& options) {
  if (options.empty()) return;
  text += "\n| option | |\n| --- | --- |\n";
  for (const Option& option : options) {
    text += fmt::format("| `{}` | {} |\n", cell(option_label(option)), cell(option_help(option)));
  }
}

void add_chapter(std::string& text, const std::string& path, const Command& command) {
  if (command.run != nullptr) {
    text += fmt::format("\n## {}\n\n{}.\n\n```\n{}\n```\n", path, command.summary, usage_line(path, command));
    for (const std::string_view paragraph : paragraphs(command.description)) {
      text += fmt::format("\n{}\n", wrap(paragraph, 120, 0));
    }
    if (!command.positionals.empty()) text += "\n| argument | |\n| --- | --- |\n";
    for (const Positional& positional : command.positionals) {
      text += fmt::format("| `{}` | {} |\n", positional.name, cell(positional_help(positional)));
    }
    add_options(text, command.options);
    if (!command.examples.empty()) text += "\n";
    for (const Example& example : command.examples) text += fmt::format("- `{}`: {}\n", example.line, example.meaning);
  }
  for (const Command& sub : command.subcommands) add_chapter(text, path + " " + std::string(sub.name), sub);
}

}  // namespace

std::string command_reference(const Command& program) {
  std::string text =
      "# Commands\n\nThis page is made from the tables that the program itself reads its command line by; `tokometer "
      "COMMAND --help`\nand `man tokometer` say the same.\n\nExit codes: 0 it worked, 1 it failed, 2 the command line "
      "is wrong.\n\nEvery command takes:\n";
  add_options(text, global_options());
  for (const Command& command : program.subcommands) {
    add_chapter(text, fmt::format("{} {}", program.name, command.name), command);
  }
  return text;
}

std::string settings_reference() {
  std::string text =
      "# Configuration\n\nEvery setting can be given in four places. The command line comes before environment "
      "variables, those before\nthe file, that before the default. The file is `~/.config/tokometer/config.yaml` "
      "(`$XDG_CONFIG_HOME` is honoured;\n`--config FILE` reads another).\n\n- `tokometer config init` writes the file "
      "with every setting, commented out.\n- `tokometer config check` says what is wrong with it, with line, key and "
      "remedy.\n- `tokometer config show` says which value holds and where it came from.\n- `tokometer reload` (or "
      "`SIGHUP`) applies a changed file to the running proxy. A wrong file is refused and the old\n  settings stay.\n"
      "\nSizes: `64KiB`, `16MiB`, `1.5GB` (KiB is 1024 bytes, KB is 1000). Durations: `250ms`, `90s`, `10m`, "
      "`1h30m`, `7d`.\nLists and maps in a variable or on the command line are separated by commas; options that hold "
      "them may also be given\nseveral times.\n\n| setting | default | meaning | variable | option |\n| --- | --- | "
      "--- | --- | --- |\n";
  for (const app::Setting& setting : app::settings_table()) {
    const std::string fallback = setting.fallback.empty() ? "" : fmt::format("`{}`", cell(setting.fallback));
    text += fmt::format("| `{}` | {} | {}{} | `{}` | `--{}` |\n", setting.key, fallback, cell(setting.help),
                        setting.at_start_only ? "; read at start only" : "", app::variable_name(setting),
                        app::option_name(setting));
  }
  return text +
         "\n`$data` is `$XDG_DATA_HOME/tokometer` or `~/.local/share/tokometer`; `$config` is "
         "`$XDG_CONFIG_HOME/tokometer` or\n`~/.config/tokometer`. Secrets are not settings, but for the "
         "password of an upstream\nproxy, which is never shown: keys stay in the clients' own requests, which pass "
         "untouched.\n";
}

}  // namespace tokometer::cli
