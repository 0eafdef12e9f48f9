// Reads the settings: options over TOKOMETER_* variables over the YAML file over
// the defaults, and remembers where each came from.
//
//   auto settings = load_settings({.variable = variable, .options = {{"listen", "127.0.0.1:0"}}});
//   if (!settings) for (const Fault& fault : settings.error()) print(fault.text());
//   start(settings->config);
//
// A wrong value is never replaced by a default: every fault is told, nothing is loaded.
#pragma once

#include <expected>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/config.h"

namespace tokometer::app {

struct Fault {
  std::string place;    // "/home/u/.config/tokometer/config.yaml:12", "TOKOMETER_WORKERS", "--workers"
  std::string message;  // "workers: \"many\" is not a whole number"
  std::string remedy;   // "say 4, or 0 for one a core"; empty if there is nothing to add

  // "PLACE: MESSAGE (REMEDY)"
  std::string text() const;
};

enum class Source { kDefault, kFile, kVariable, kOption };

struct Inputs {
  // Where to read: nothing: the usual place, if there is a file.
  std::optional<std::filesystem::path> file;
  std::function<std::optional<std::string>(std::string_view name)> variable;
  // From the command line: a setting's key and one value; lists and maps repeat.
  std::vector<std::pair<std::string, std::string>> options;
  // Of all variables that are set; for unknown_variables only.
  std::vector<std::string> variable_names{};
};

struct Settings {
  Config config;
  // Of every row of settings_table(), by index: where its value came from and the value as text.
  struct Value {
    Source source = Source::kDefault;
    std::string place;                // as in Fault; empty for a default
    std::vector<std::string> values;  // lists and maps have any number, others one
  };
  std::vector<Value> values;
  std::filesystem::path file;  // that was read, or would have been
  bool file_read = false;
};

// Every value is checked; on failure all faults, in the order of their places.
std::expected<Settings, std::vector<Fault>> load_settings(const Inputs& inputs);

// A line for each variable of the environment that looks like a setting of ours and is none.
std::vector<std::string> unknown_variables(const Inputs& inputs);

// The usual place of the file: $XDG_CONFIG_HOME or ~/.config, then tokometer/config.yaml.
std::filesystem::path default_file(const Inputs& inputs);

// The configuration for a running program: that of `next`, but for what cannot
// change while it runs, which stays as in `running`. `kept` gets the keys of
// those that differ.
Config reload(const Settings& running, const Settings& next, std::vector<std::string_view>& kept);

// A file with every setting, its help and default, all commented out.
std::string example_file();

}  // namespace tokometer::app
