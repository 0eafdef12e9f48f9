#include "app/settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <fstream>
#include <span>
#include <sstream>

#include "app/config_file.h"
#include "app/setting.h"
#include "app/upstream.h"
#include "base/check.h"
#include "base/nearest.h"

namespace tokometer::app {
namespace {

namespace fs = std::filesystem;

std::string variable(const Inputs& inputs, std::string_view name) {
  return inputs.variable ? inputs.variable(name).value_or("") : "";
}

// A folder of the XDG base directory specification, for us.
fs::path xdg_folder(const Inputs& inputs, std::string_view name, std::string_view fallback) {
  const std::string set = variable(inputs, name);
  // "All paths must be absolute. If an implementation encounters a relative path […] ignore it."
  if (set.starts_with('/')) return fs::path(set) / "tokometer";
  return fs::path(variable(inputs, "HOME")) / fallback / "tokometer";
}

std::vector<std::string> list_items(std::string_view text) {
  std::vector<std::string> items;
  while (true) {
    const std::size_t comma = text.find(',');
    std::string_view item = text.substr(0, comma);
    while (item.starts_with(' ')) item.remove_prefix(1);
    while (item.ends_with(' ')) item.remove_suffix(1);
    if (!item.empty()) items.emplace_back(item);
    if (comma == std::string_view::npos) return items;
    text.remove_prefix(comma + 1);
  }
}

// The text of a path setting with what it stands for put in.
std::string expanded(const std::string& text, const Inputs& inputs) {
  if (text == "$data") return xdg_folder(inputs, "XDG_DATA_HOME", ".local/share");
  if (text == "$config") return xdg_folder(inputs, "XDG_CONFIG_HOME", ".config");
  if (text == "~" || text.starts_with("~/")) return variable(inputs, "HOME") + text.substr(1);
  return text;
}

// What a section's name is to its keys: "timeouts" to "timeouts.connect".
bool is_section(std::string_view key) {
  return std::ranges::any_of(settings_table(), [&](const Setting& setting) {
    return setting.key.starts_with(key) && setting.key.substr(key.size()).starts_with('.');
  });
}

// Read by parts of the project that are not this program (the end-to-end tests and tools), and by `tokometer run`.
constexpr std::array<std::string_view, 4> kOtherVariables = {"TOKOMETER_BIN", "TOKOMETER_WRITE_DOCS",
                                                             "TOKOMETER_VERSION", "TOKOMETER_CONTEXT"};

class Loader {
 public:
  explicit Loader(const Inputs& inputs) : inputs_(inputs) { settings_.values.resize(settings_table().size()); }

  void read_defaults() {
    for (const Setting& setting : settings_table()) {
      std::vector<std::string> values;
      if (!holds_many(setting) || !setting.fallback.empty()) values.emplace_back(setting.fallback);
      set(setting, Source::kDefault, "", std::move(values));
    }
  }

  // `required`: it is a fault if the file is not there.
  void read_file(const fs::path& file, bool required) {
    settings_.file = file;
    errno = 0;
    const std::ifstream stream(file, std::ios::binary);
    std::stringstream content;
    // A folder opens, but cannot be read.
    if (!stream || !(content << stream.rdbuf())) {
      const bool empty = stream && content.str().empty() && errno == 0;
      if (!empty) {
        if (required || errno != ENOENT) add_fault(file.string(), io_error("cannot be read", errno).message, "");
        return;
      }
    }
    settings_.file_read = true;
    const auto entries = parse_config_file(content.str());
    if (!entries) {
      add_fault(place(file, entries.error().line), entries.error().message, "");
      return;
    }
    for (std::size_t i = 0; i < entries->size();) i = take_entry(file, *entries, i);
  }

  void read_variables() {
    for (const Setting& setting : settings_table()) {
      const std::string name = variable_name(setting);
      const auto value = inputs_.variable ? inputs_.variable(name) : std::nullopt;
      if (!value) continue;
      set(setting, Source::kVariable, name,
          holds_many(setting) ? list_items(*value) : std::vector<std::string>{*value});
    }
  }

  void read_proxy_variables() { settings_.config.proxy_variables = proxy_variables(inputs_.variable); }

  void read_options() {
    for (const Setting& setting : settings_table()) {
      std::vector<std::string> values;
      for (const auto& [key, value] : inputs_.options) {
        if (key != setting.key) continue;
        if (holds_many(setting)) {
          for (std::string& item : list_items(value)) values.push_back(std::move(item));
        } else {
          values.assign(1, value);
        }
      }
      if (!values.empty()) set(setting, Source::kOption, "--" + option_name(setting), std::move(values));
    }
  }

  std::expected<Settings, std::vector<Fault>> finish() {
    if (faults_.empty()) {
      for (const Conflict& conflict : conflicts(settings_.config)) {
        const Settings::Value& value = value_of(*find_setting(conflict.key));
        add_fault(value.place.empty() ? "defaults" : value.place,
                  message_of(conflict.key, value.source, conflict.message), "");
      }
    }
    if (!faults_.empty()) return std::unexpected(std::move(faults_));
    return std::move(settings_);
  }

 private:
  static std::string place(const fs::path& file, std::size_t line) { return fmt::format("{}:{}", file.string(), line); }

  // With the key before it, unless it is said by the name of the option.
  static std::string message_of(std::string_view key, Source source, std::string_view message) {
    return source == Source::kOption ? std::string(message) : fmt::format("{}: {}", key, message);
  }

  void add_fault(std::string where, std::string message, std::string remedy) {
    faults_.push_back({std::move(where), std::move(message), std::move(remedy)});
  }

  Settings::Value& value_of(const Setting& setting) {
    return settings_.values[static_cast<std::size_t>(&setting - settings_table().data())];
  }

  void set(const Setting& setting, Source source, std::string where, std::vector<std::string> values) {
    if (std::holds_alternative<field::Path>(setting.field)) values[0] = expanded(values[0], inputs_);
    if (source == Source::kOption && shown_value(setting, values[0]) != values[0]) {
      add_fault(std::move(where), "a password on the command line can be read by everybody on this machine",
                fmt::format("set {} in the file, or {}", setting.key, variable_name(setting)));
      return;
    }
    if (const auto assigned = assign(setting, values, settings_.config); !assigned) {
      add_fault(std::move(where), message_of(setting.key, source, assigned.error().message),
                setting.fallback.empty() ? "" : fmt::format("the default is {}", setting.fallback));
      return;
    }
    value_of(setting) = {source, std::move(where), std::move(values)};
  }

  // Reads the setting whose first entry is at `index`; the index of the next one's.
  std::size_t take_entry(const fs::path& file, const std::vector<FileEntry>& entries, std::size_t index) {
    const FileEntry& entry = entries[index];
    const std::string where = place(file, entry.line);
    const Setting* const setting = find_setting(entry.key);
    if (setting == nullptr) {
      const bool empty = entry.kind == FileEntry::Kind::kNull || entry.kind == FileEntry::Kind::kEmptyMap;
      // "timeouts:" with every key below commented out says nothing.
      if (!empty || !is_section(entry.key)) unknown_key(where, entry);
      return index + 1;
    }
    const bool map = std::holds_alternative<field::Map>(setting->field);
    std::size_t end = index + 1;
    if (map || entry.kind == FileEntry::Kind::kItem) {
      while (end < entries.size() && find_setting(entries[end].key) == setting && entries[end].kind == entry.kind)
        ++end;
    }
    if (std::ranges::find(seen_, setting) != seen_.end()) {
      add_fault(where, fmt::format("{}: stands twice", setting->key), "keep one");
      return end;
    }
    seen_.push_back(setting);
    if (auto fault = wrong_kind(*setting, entry)) {
      add_fault(where, fmt::format("{}: {}", setting->key, *fault), "");
      return end;
    }
    std::vector<std::string> values;
    for (std::size_t i = index; i < end && entry.kind != FileEntry::Kind::kEmptyMap; ++i) {
      values.push_back(map ? entries[i].key.substr(setting->key.size() + 1) + "=" + entries[i].text : entries[i].text);
    }
    set(*setting, Source::kFile, where, std::move(values));
    return end;
  }

  static std::optional<std::string> wrong_kind(const Setting& setting, const FileEntry& entry) {
    using Kind = FileEntry::Kind;
    const bool map = std::holds_alternative<field::Map>(setting.field);
    const bool list = std::holds_alternative<field::List>(setting.field);
    if (entry.kind == Kind::kNull) return "has no value; comment the line out to have the default";
    if (map) {
      const bool named = entry.key.size() > setting.key.size() && entry.kind == Kind::kText;
      return named || entry.kind == Kind::kEmptyMap ? std::nullopt
                                                    : std::optional<std::string>("takes NAME: VALUE, one a line");
    }
    if (entry.kind == Kind::kEmptyMap) return "takes no keys of its own";
    if (list) return std::nullopt;
    return entry.kind == Kind::kText ? std::nullopt : std::optional<std::string>("takes one value, not a list");
  }

  void unknown_key(const std::string& where, const FileEntry& entry) {
    if (is_section(entry.key)) {
      add_fault(where, fmt::format("{}: is a section, not a setting", entry.key), section_remedy(entry.key));
      return;
    }
    std::vector<std::string_view> keys;
    for (const Setting& setting : settings_table()) keys.push_back(setting.key);
    const auto meant = nearest(entry.key, keys);
    add_fault(
        where, fmt::format("unknown key \"{}\"", entry.key),
        meant ? fmt::format("did you mean \"{}\"?", *meant) : "`tokometer config init` writes all keys there are");
  }

  // "its settings stand below it, indented: connect, head, …"
  static std::string section_remedy(std::string_view section) {
    std::string keys;
    for (const Setting& setting : settings_table()) {
      if (!setting.key.starts_with(section) || !setting.key.substr(section.size()).starts_with('.')) continue;
      keys += (keys.empty() ? "" : ", ") + std::string(setting.key.substr(section.size() + 1));
    }
    return "its settings stand below it, indented: " + keys;
  }

  const Inputs& inputs_;
  Settings settings_;
  std::vector<Fault> faults_;
  std::vector<const Setting*> seen_;  // in the file
};

}  // namespace

std::string Fault::text() const {
  std::string text = place.empty() ? message : place + ": " + message;
  if (!remedy.empty()) text += " (" + remedy + ")";
  return text;
}

fs::path default_file(const Inputs& inputs) { return xdg_folder(inputs, "XDG_CONFIG_HOME", ".config") / "config.yaml"; }

std::expected<Settings, std::vector<Fault>> load_settings(const Inputs& inputs) {
  Loader loader(inputs);
  loader.read_defaults();
  loader.read_file(inputs.file.value_or(default_file(inputs)), inputs.file.has_value());
  loader.read_proxy_variables();
  loader.read_variables();
  loader.read_options();
  return loader.finish();
}

std::vector<std::string> unknown_variables(const Inputs& inputs) {
  constexpr std::string_view kPrefix = "TOKOMETER_";
  std::vector<std::string> known;
  for (const Setting& setting : settings_table()) known.push_back(variable_name(setting));
  known.insert(known.end(), kOtherVariables.begin(), kOtherVariables.end());
  std::vector<std::string_view> names;
  for (const std::string& name : known) names.push_back(std::string_view(name).substr(kPrefix.size()));
  std::vector<std::string> lines;
  for (const std::string& name : inputs.variable_names) {
    if (!name.starts_with(kPrefix) || std::ranges::find(known, name) != known.end()) continue;
    const auto meant = nearest(name.substr(kPrefix.size()), names);
    lines.push_back(fmt::format(
        "{}: no setting has this name, so it changes nothing ({})", name,
        meant ? fmt::format("did you mean {}{}?", kPrefix, *meant) : "`tokometer config show` lists the settings"));
  }
  return lines;
}

Config reload(const Settings& running, const Settings& next, std::vector<std::string_view>& kept) {
  Config config = next.config;
  const auto table = settings_table();
  for (std::size_t i = 0; i < table.size(); ++i) {
    if (!table[i].at_start_only || running.values[i].values == next.values[i].values) continue;
    kept.push_back(table[i].key);
    // These texts were assigned once already: that they are right is known.
    TOKOMETER_CHECK(assign(table[i], running.values[i].values, config).has_value());
  }
  return config;
}

std::string example_file() {
  std::string text =
      "# Settings of tokometer. A line without its # changes a default.\n"
      "# `tokometer config check` says whether this file is right,\n"
      "# `tokometer reload` applies it to the running proxy.\n";
  std::string_view section;
  for (const Setting& setting : settings_table()) {
    std::string_view key = setting.key;
    const std::size_t dot = key.find('.');
    const std::string_view parent = key.substr(0, dot == std::string_view::npos ? 0 : dot);
    text += '\n';
    if (parent != section) text += fmt::format("{}:\n", parent);
    section = parent;
    const std::string_view indent = parent.empty() ? "" : "  ";
    if (!parent.empty()) key.remove_prefix(dot + 1);
    text += fmt::format("{}# {}.{}\n", indent, setting.help, setting.at_start_only ? " Read at start only." : "");
    if (std::holds_alternative<field::List>(setting.field)) {
      text += fmt::format("{}#{}: [\"{}\"]\n", indent, key, setting.fallback);
    } else if (std::holds_alternative<field::Map>(setting.field)) {
      text += fmt::format("{}#{}:\n{}#  openai: https://openai.example.com\n", indent, key, indent);
    } else {
      text += fmt::format("{}#{}: {}\n", indent, key, setting.fallback.empty() ? "\"\"" : setting.fallback);
    }
  }
  return text;
}

}  // namespace tokometer::app
