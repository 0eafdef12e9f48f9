#include "cli/completion.h"

#include <fmt/format.h>

#include <functional>
#include <vector>

#include "cli/builtin.h"
#include "cli/environment.h"

namespace tokometer::cli {
namespace {

using Visit = std::function<void(const std::vector<std::string_view>& path, const Command& command)>;

// Calls `visit` for the command and all below it, parents first. `path` leaves out the program's own name.
void walk(const Command& command, std::vector<std::string_view>& path, const Visit& visit) {
  visit(path, command);
  for (const Command& sub : command.subcommands) {
    path.push_back(sub.name);
    walk(sub, path, visit);
    path.pop_back();
  }
}

void walk(const Command& program, const Visit& visit) {
  std::vector<std::string_view> path;
  walk(program, path, visit);
}

// The option's spellings on a command line: "--capture --no-capture", "-f --follow".
std::vector<std::string> spellings(const Option& option) {
  std::vector<std::string> words{"--" + option.name};
  if (option.type == OptionType::kSwitch) words.push_back("--no-" + option.name);
  if (option.letter != '\0') words.push_back(std::string("-") + option.letter);
  return words;
}

std::vector<Option> all_options(const Command& command) {
  std::vector<Option> options = command.options;
  options.insert(options.end(), global_options().begin(), global_options().end());
  return options;
}

// How bash completes a value: the arguments of compgen; empty if it cannot.
std::string compgen(OptionType type, const std::vector<std::string_view>& choices) {
  if (type == OptionType::kFile) return "-f";
  if (type == OptionType::kFolder) return "-d";
  return choices.empty() ? "" : fmt::format("-W '{}'", fmt::join(choices, " "));
}

// `text` within single quotes of zsh or fish.
std::string quoted(std::string_view text, std::string_view quote) {
  std::string result;
  for (const char c : text) {
    if (c == '\'') {
      result += quote;
    } else {
      result += c;
    }
  }
  return result;
}

// In a specification of zsh's _arguments, `[`, `]` and `:` have a meaning.
std::string zsh_text(std::string_view text) {
  std::string result;
  for (const char c : text) {
    if (c == '[' || c == ']' || c == ':' || c == '\\') result += '\\';
    result += c;
  }
  return quoted(result, "'\\''");
}

std::string zsh_action(OptionType type, const std::vector<std::string_view>& choices) {
  if (type == OptionType::kFile) return "_files";
  if (type == OptionType::kFolder) return "_files -/";
  return choices.empty() ? " " : fmt::format("({})", fmt::join(choices, " "));
}

std::string zsh_function(const std::vector<std::string_view>& path) {
  return path.empty() ? "_tokometer" : fmt::format("_tokometer_{}", fmt::join(path, "_"));
}

std::string fish_condition(const std::vector<std::string_view>& path, const Command& command) {
  if (path.empty()) return "__fish_use_subcommand";
  std::string condition;
  for (const std::string_view name : path) {
    condition += fmt::format("{}__fish_seen_subcommand_from {}", condition.empty() ? "" : "; and ", name);
  }
  if (command.subcommands.empty()) return condition;
  condition += "; and not __fish_seen_subcommand_from";
  for (const Command& sub : command.subcommands) condition += fmt::format(" {}", sub.name);
  return condition;
}

std::string fish_option(std::string_view condition, const Option& option) {
  std::string line = "complete -c tokometer";
  if (!condition.empty()) line += fmt::format(" -n '{}'", condition);
  if (option.letter != '\0') line += fmt::format(" -s {}", option.letter);
  line += fmt::format(" -l {}", option.name);
  if (option.type == OptionType::kFile) {
    line += " -r -F";
  } else if (option.type == OptionType::kFolder) {
    line += " -x -a '(__fish_complete_directories)'";
  } else if (!option.choices.empty()) {
    line += fmt::format(" -x -a '{}'", fmt::join(option.choices, " "));
  } else if (option.takes_value()) {
    line += " -x";
  }
  return line + fmt::format(" -d '{}'\n", quoted(option.help, "\\'"));
}

Result<ExitCode> run_completion(const Arguments& arguments, Environment& environment) {
  const std::string_view shell = *arguments.positional(0);
  const Command& program = environment.program;
  environment.out.write(shell == "bash"  ? bash_completion(program)
                        : shell == "zsh" ? zsh_completion(program)
                                         : fish_completion(program));
  return ExitCode::kOk;
}

}  // namespace

std::string bash_completion(const Command& program) {
  std::string descents;
  std::string values;
  std::string words;
  walk(program, [&](const std::vector<std::string_view>& path, const Command& command) {
    const std::string name = fmt::format("{}{}{}", program.name, path.empty() ? "" : " ", fmt::join(path, " "));
    if (!path.empty()) descents += fmt::format("{}\"{}\"", descents.empty() ? "" : " | ", name);
    std::string offered;
    for (const Command& sub : command.subcommands) offered += fmt::format("{} ", sub.name);
    std::string paths;
    for (const Positional& positional : command.positionals) {
      for (const std::string_view choice : positional.choices) offered += fmt::format("{} ", choice);
      if (positional.type == OptionType::kFile || positional.type == OptionType::kFolder) {
        paths = " files=" + compgen(positional.type, {});
      }
    }
    for (const Option& option : all_options(command)) {
      offered += fmt::format("{} ", fmt::join(spellings(option), " "));
      if (!option.takes_value()) continue;
      const std::string how = compgen(option.type, option.choices);
      for (const std::string& word : spellings(option)) {
        values += fmt::format("    \"{}:{}\")", name, word);
        if (!how.empty()) values += fmt::format(" mapfile -t COMPREPLY < <(compgen {} -- \"$current\");", how);
        values += " return ;;\n";
      }
    }
    offered.pop_back();
    words += fmt::format("    \"{}\") words='{}'{} ;;\n", name, offered, paths);
  });
  return fmt::format(R"(# bash completion for tokometer; made by "tokometer completion bash"
_tokometer() {{
  local current=${{COMP_WORDS[COMP_CWORD]}} previous=${{COMP_WORDS[COMP_CWORD - 1]}}
  local path={} words= files= i
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "$path ${{COMP_WORDS[i]}}" in
    {}) path+=" ${{COMP_WORDS[i]}}" ;;
    esac
  done
  case "$path:$previous" in
{}  esac
  case "$path" in
{}  esac
  mapfile -t COMPREPLY < <(compgen $files -W "$words" -- "$current")
}}
complete -o filenames -F _tokometer tokometer tok
)",
                     program.name, descents, values, words);
}

std::string zsh_completion(const Command& program) {
  std::string text = "#compdef tokometer tok\n# Made by \"tokometer completion zsh\".\n";
  walk(program, [&](const std::vector<std::string_view>& path, const Command& command) {
    text += fmt::format("\n{}() {{\n  local context state state_descr line\n  typeset -A opt_args\n  _arguments -s -C",
                        zsh_function(path));
    for (const Option& option : all_options(command)) {
      for (const std::string& word : spellings(option)) {
        text += fmt::format(" \\\n    '{}{}[{}]", option.repeats ? "*" : "", word, zsh_text(option.help));
        if (option.takes_value()) {
          text += fmt::format(":{}:{}", zsh_text(option.placeholder), zsh_action(option.type, option.choices));
        }
        text += "'";
      }
    }
    if (!command.subcommands.empty()) {
      text += " \\\n    '1:command:->command' \\\n    '*::argument:->argument'\n  case $state in\n  command)\n";
      text += "    local -a commands=(";
      for (const Command& sub : command.subcommands) {
        text += fmt::format("\n      '{}:{}'", sub.name, zsh_text(sub.summary));
      }
      text += ")\n    _describe command commands ;;\n  argument)\n    case $line[1] in\n";
      for (const Command& sub : command.subcommands) {
        std::vector<std::string_view> below = path;
        below.push_back(sub.name);
        text += fmt::format("    {}) {} ;;\n", sub.name, zsh_function(below));
      }
      text += "    esac ;;\n  esac\n}\n";
      return;
    }
    for (const Positional& positional : command.positionals) {
      text += fmt::format(" \\\n    '{}:{}:{}'", positional.repeats ? "*" : "", zsh_text(positional.name),
                          zsh_action(positional.type, positional.choices));
    }
    text += "\n}\n";
  });
  return text + "\n_tokometer \"$@\"\n";
}

std::string fish_completion(const Command& program) {
  std::string text =
      "# fish completion for tokometer; made by \"tokometer completion fish\"\ncomplete -c tokometer -f\n";
  for (const Option& option : global_options()) text += fish_option("", option);
  walk(program, [&](const std::vector<std::string_view>& path, const Command& command) {
    const std::string condition = fish_condition(path, command);
    for (const Command& sub : command.subcommands) {
      text +=
          fmt::format("complete -c tokometer -n '{}' -a {} -d '{}'\n", condition, sub.name, quoted(sub.summary, "\\'"));
    }
    for (const Option& option : command.options) text += fish_option(condition, option);
    for (const Positional& positional : command.positionals) {
      if (positional.type == OptionType::kFile) text += fmt::format("complete -c tokometer -n '{}' -F\n", condition);
      if (!positional.choices.empty()) {
        text += fmt::format("complete -c tokometer -n '{}' -a '{}'\n", condition, fmt::join(positional.choices, " "));
      }
    }
  });
  return text;
}

Command completion_command() {
  return {.name = "completion",
          .summary = "Print completions for a shell",
          .positionals =
              {{.name = "SHELL", .type = OptionType::kChoice, .help = "The shell", .choices = {"bash", "zsh", "fish"}}},
          .examples = {{"source <(tokometer completion bash)", "Complete in this bash; in ~/.bashrc, in every one"},
                       {"tokometer completion fish > ~/.config/fish/completions/tokometer.fish", "The same in fish"}},
          .run = run_completion};
}

}  // namespace tokometer::cli
