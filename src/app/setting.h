// The table of settings: for each its key, default, help, check and field.
//
// The command line calls "timeouts.first_byte" --timeouts-first-byte, the
// environment TOKOMETER_TIMEOUTS_FIRST_BYTE, the file `timeouts: {first_byte: …}`.
//
// Not here: reading them from those places (settings.h).
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "app/config.h"
#include "base/error.h"

namespace tokometer::app {

// What a setting holds: the field of Config and what its text may be.
namespace field {
struct Text {
  std::string& (*of)(Config&);
  std::optional<std::string> (*fault)(std::string_view value) = nullptr;  // what is wrong with it, if anything
};
struct Path {  // "~/" stands for the home folder; empty: none
  std::filesystem::path& (*of)(Config&);
};
struct Flag {  // true, false, yes, no, on, off
  bool& (*of)(Config&);
};
struct Number {
  std::int64_t& (*of)(Config&);
  std::int64_t minimum = 0;
  std::int64_t maximum = INT64_MAX;
};
struct Size {  // "16MiB" (units.h)
  std::int64_t& (*of)(Config&);
  std::int64_t minimum = 0;
};
struct Duration {  // "10m" (units.h)
  std::chrono::milliseconds& (*of)(Config&);
  std::chrono::milliseconds minimum{0};
};
struct Choice {
  std::span<const std::string_view> names;
  void (*assign)(Config&, std::size_t index);
};
struct List {  // in one text: separated by commas
  std::vector<std::string>& (*of)(Config&);
  std::optional<std::string> (*fault)(std::string_view item);
  bool may_be_empty = false;
};
struct Map {  // in one text: NAME=VALUE, separated by commas
  std::map<std::string, std::string>& (*of)(Config&);
  std::optional<std::string> (*fault)(std::string_view value);
};
}  // namespace field

using Field = std::variant<field::Text, field::Path, field::Flag, field::Number, field::Size, field::Duration,
                           field::Choice, field::List, field::Map>;

struct Setting {
  std::string_view key;            // "timeouts.first_byte"
  std::string_view fallback{};     // the default, as text; "$data" and "$config" stand for the XDG folders of tokometer
  std::string_view placeholder{};  // of the value in help: "DURATION"
  std::string_view help;           // one sentence without a full stop
  Field field;
  bool at_start_only = false;      // a reload keeps the old value
  bool may_hold_password = false;  // it is never shown, and is not taken from the command line, which others can read
  std::string_view option{};       // on the command line, if not made from the key: "origin"
};

// All settings, in the order of the file that `config init` writes.
std::span<const Setting> settings_table();

// The setting called `key`, or the one that holds `key` as an entry ("origins.openai").
const Setting* find_setting(std::string_view key);

// "timeouts-first-byte"
std::string option_name(const Setting& setting);
// "TOKOMETER_TIMEOUTS_FIRST_BYTE"
std::string variable_name(const Setting& setting);

// Whether the setting holds several values: a list or a map.
bool holds_many(const Setting& setting);

// Sets the field from texts: one for most, any number for lists and maps (whose
// items are NAME=VALUE). Fails with what is wrong and what would be right,
// without saying where.
Result<void> assign(const Setting& setting, std::span<const std::string> values, Config& config);

// A value as it may be shown: "http://***@host:port" where it holds a password.
std::string shown_value(const Setting& setting, std::string_view value);

// What is wrong with settings that are right each for itself but not together.
struct Conflict {
  std::string_view key;
  std::string message;
};
std::vector<Conflict> conflicts(const Config& config);

}  // namespace tokometer::app
