#include "cli/help.h"

#include <fmt/format.h>

#include <algorithm>

#include "cli/builtin.h"
#include "cli/table.h"

namespace tokometer::cli {
namespace {

constexpr std::size_t kColumns = 80;      // of help where the output has no width
constexpr std::size_t kMaxColumns = 100;  // longer lines are hard to read
constexpr std::size_t kMaxLabel = 26;     // a longer one has a line of its own

std::string positional_label(const Positional& positional) {
  std::string label(positional.name);
  if (positional.repeats) label += "...";
  return positional.required ? label : "[" + label + "]";
}

struct HelpEntry {
  std::string label;
  std::string help;
};

std::string section(std::string_view title, const std::vector<HelpEntry>& entries, std::size_t columns,
                    const Style& style) {
  if (entries.empty()) return {};
  std::size_t width = 0;
  for (const HelpEntry& entry : entries) {
    const std::size_t label = display_width(entry.label);
    if (label <= kMaxLabel) width = std::max(width, label);
  }
  const std::size_t indent = 2 + width + 2;
  std::string text = "\n" + style.bold(title) + "\n";
  for (const HelpEntry& entry : entries) {
    text += "  " + style.green(entry.label);
    const std::size_t label = display_width(entry.label);
    text += label > width ? "\n" + std::string(indent, ' ') : std::string(width - label + 2, ' ');
    text += wrap(entry.help, columns, indent) + "\n";
  }
  return text;
}

std::vector<HelpEntry> option_entries(const std::vector<Option>& options) {
  std::vector<HelpEntry> entries;
  for (const Option& option : options) {
    // Those without a short form are set under those with one.
    entries.push_back({(option.letter == '\0' ? "    " : "") + option_label(option), option_help(option)});
  }
  return entries;
}

Result<ExitCode> run_help(const Arguments& arguments, Environment& environment) {
  const Command* command = &environment.program;
  std::string path(command->name);
  for (const std::string& word : arguments.positionals()) {
    const auto found = std::ranges::find(command->subcommands, word, &Command::name);
    if (found == command->subcommands.end()) {
      return environment.wrong_use(arguments, fmt::format("there is no command \"{}\" in \"{}\"", word, path));
    }
    command = &*found;
    path += " " + word;
  }
  environment.out.write(help_text(path, *command, environment.out));
  return ExitCode::kOk;
}

}  // namespace

std::string usage_line(std::string_view path, const Command& command) {
  std::string line(path);
  if (command.run == nullptr) return line + " COMMAND [OPTION]...";
  line += " [OPTION]...";
  for (const Positional& positional : command.positionals) line += " " + positional_label(positional);
  return line;
}

std::string option_label(const Option& option) {
  std::string label;
  if (option.letter != '\0') label = fmt::format("-{}, ", option.letter);
  label += option.type == OptionType::kSwitch ? "--[no-]" : "--";
  label += option.name;
  if (!option.placeholder.empty()) label += " " + option.placeholder;
  return label;
}

namespace {

std::string with_choices(std::string_view help, const std::vector<std::string_view>& choices) {
  return choices.empty() ? std::string(help) : fmt::format("{}: {}", help, fmt::join(choices, ", "));
}

}  // namespace

std::string option_help(const Option& option) {
  std::string text = with_choices(option.help, option.choices);
  if (option.repeats) text += "; may be given several times";
  if (!option.fallback.empty()) text += fmt::format(" (default: {})", option.fallback);
  return text;
}

std::string positional_help(const Positional& positional) { return with_choices(positional.help, positional.choices); }

std::string wrap(std::string_view text, std::size_t width, std::size_t indent) {
  std::string result;
  std::size_t used = indent;
  bool first = true;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find_first_of(" \n"), text.size());
    const std::string_view word = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (word.empty()) continue;
    const std::size_t columns = display_width(word);
    if (!first && used + 1 + columns > width) {
      result += '\n';
      result.append(indent, ' ');
      used = indent;
      first = true;
    }
    if (!first) {
      result += ' ';
      ++used;
    }
    result += word;
    used += columns;
    first = false;
  }
  return result;
}

std::vector<std::string_view> paragraphs(std::string_view text) {
  std::vector<std::string_view> result;
  while (!text.empty()) {
    const std::size_t end = text.find("\n\n");
    result.push_back(text.substr(0, end));
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 2);
  }
  return result;
}

std::string help_text(std::string_view path, const Command& command, const Output& out) {
  const Style style = out.style();
  const std::size_t columns = out.form().columns == 0 ? kColumns : std::min(out.form().columns, kMaxColumns);
  std::string text = wrap(fmt::format("{}.", command.summary), columns, 0) + "\n\n";
  text += style.bold("Usage:") + " " + usage_line(path, command) + "\n";
  for (const std::string_view paragraph : paragraphs(command.description)) {
    text += "\n" + wrap(paragraph, columns, 0) + "\n";
  }

  std::vector<HelpEntry> entries;
  for (const Command& sub : command.subcommands) entries.push_back({std::string(sub.name), std::string(sub.summary)});
  text += section("Commands:", entries, columns, style);
  entries.clear();
  for (const Positional& positional : command.positionals) {
    entries.push_back({positional_label(positional), positional_help(positional)});
  }
  text += section("Arguments:", entries, columns, style);
  text += section("Options:", option_entries(command.options), columns, style);
  text += section("Options of every command:", option_entries(global_options()), columns, style);

  if (!command.examples.empty()) text += "\n" + style.bold("Examples:") + "\n";
  for (const Example& example : command.examples) {
    text += fmt::format("  {}\n      {}\n", style.blue(example.line), wrap(example.meaning, columns, 6));
  }
  if (!command.subcommands.empty()) {
    text += "\n" + wrap(fmt::format("\"{} COMMAND --help\" says more about one.", path), columns, 0) + "\n";
  }
  return text;
}

Command help_command() {
  return {.name = "help",
          .summary = "Show help for a command",
          .positionals = {{.name = "COMMAND", .help = "The command's name", .required = false, .repeats = true}},
          .examples = {{"tokometer help config show", "What \"config show\" does and takes"}},
          .run = run_help};
}

}  // namespace tokometer::cli
