// What a command is: one table that parsing, --help, the man page and the shell
// completions are all made from.
//
//   Command events_command() {
//     return {.name = "events",
//             .summary = "Show recorded calls",
//             .options = {{.name = "model", .type = OptionType::kText, .placeholder = "NAME", .help = "Only this
//             model"},
//                         {.name = "json", .help = "One JSON object a line"}},
//             .examples = {{"tokometer events --model gpt-5", "Calls of one model"}},
//             .run = run_events};
//   }
//   Result<ExitCode> run_events(const Arguments& arguments, Environment& environment);
//
// To add a command: NAME.cc and NAME_test.cc in this folder, its function
// declared in builtin.h and listed in builtin.cc.
//
// Not here: how a command line is read (parser.h), what a command is given to
// work with (environment.h), the settings (settings.h, app/config.h).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace tokometer::cli {

struct Environment;  // environment.h
class Arguments;

enum class ExitCode : int {
  kOk = 0,
  kFailed = 1,     // the command could not do what was asked
  kWrongUse = 2,   // the command line is wrong
  kNotRunning = 3  // `tokometer status`: there is no proxy, as init scripts say it (LSB)
};

// What an option or an argument takes: decides how it is checked and completed.
enum class OptionType {
  kFlag,    // no value
  kSwitch,  // no value: --NAME is "true", --no-NAME is "false"
  kText,    // any text
  kNumber,  // a whole number, 0 or more
  kChoice,  // one of `choices`
  kFile,    // a path of a file
  kFolder   // a path of a folder
};

struct Option {
  std::string name;    // without its dashes: "since"
  char letter = '\0';  // of the short form, if it has one: 'f' for -f
  OptionType type = OptionType::kFlag;
  std::string placeholder{};  // of the value in help: "TIME"
  std::string fallback{};     // the value when it is not given; empty: none
  std::string help;           // one sentence without a full stop
  std::vector<std::string_view> choices{};
  bool repeats = false;  // every value counts; otherwise the last one does
  // Of an option that sets a setting: its key, and for a flag the value that it stands for.
  std::string setting{};
  std::string setting_value{};

  [[nodiscard]] bool takes_value() const { return type != OptionType::kFlag && type != OptionType::kSwitch; }
};

struct Positional {
  std::string_view name;  // "FILE"
  OptionType type = OptionType::kText;
  std::string_view help;
  std::vector<std::string_view> choices{};
  bool required = true;
  bool repeats = false;  // takes all that are left; only the last may
};

struct Example {
  std::string_view line;
  std::string_view meaning;
};

struct Command {
  // Fails: the error is printed and the exit code is kFailed.
  using Run = Result<ExitCode> (*)(const Arguments&, Environment&);

  std::string_view name;
  std::string_view summary;        // one line without a full stop
  std::string_view description{};  // paragraphs, separated by empty lines
  std::vector<Positional> positionals{};
  std::vector<Option> options{};  // besides those of global_options()
  std::vector<Example> examples{};
  std::vector<Command> subcommands{};  // a command that has some is only their parent, unless it can `run` too
  Run run = nullptr;
  bool runs_command = false;  // from the first argument on, everything is a command line of another program's
};

// Options that every command takes: --config, --data-dir, --color, --help.
const std::vector<Option>& global_options();

// What the user gave, checked against the command's table. Views live as long
// as the Arguments. Asking for an option that the table does not have is a bug.
class Arguments {
 public:
  // Whether the option was on the command line (a default does not count).
  bool has(std::string_view option) const;
  // The last value given, else the table's default, else nothing.
  std::optional<std::string_view> value(std::string_view option) const;
  // Every value given, in order; the default alone if there is none.
  std::vector<std::string_view> values(std::string_view option) const;
  // The value of a kNumber option.
  std::optional<std::int64_t> number(std::string_view option) const;

  // Options as given, in order. A kSwitch has the value "true" or "false", a kFlag an empty one.
  struct Given {
    const Option* option;
    std::string value;
  };
  std::span<const Given> given() const { return given_; }

  std::span<const std::string> positionals() const { return positionals_; }
  // The positional at `index`, if there are so many.
  std::optional<std::string_view> positional(std::size_t index) const;

  // The command that was called, and its name with its parents': "tokometer store check".
  const Command& command() const { return *command_; }
  const std::string& path() const { return path_; }

 private:
  friend class Parser;
  const Option& declared(std::string_view option) const;

  const Command* command_ = nullptr;
  std::string path_;
  std::vector<Given> given_;
  std::vector<std::string> positionals_;
};

}  // namespace tokometer::cli
