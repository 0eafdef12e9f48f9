// What a shell evaluates so that programs started in it use the proxy, while
// there is one.
//
//   eval "$(tokometer shell-init bash)"     # in ~/.bashrc; written there by `tokometer install`
//
// A proxy that has ended must not take a shell's network with it. So the shell
// looks, before each prompt and before each command, at DIR/serving (instance.h) and
// whether that process lives. It starts no program for that: where nothing has
// changed, it costs two reads. When the proxy has gone, the variables get back
// what they were; when it is there again, maybe elsewhere, they are set anew.
//
// What they were is kept in one exported variable, kStateVariable, so that shells
// within shells know it too. A variable that the user has changed since is left alone.
//
// Not here: which variables those are (cli/shell_init.cc), the file with the block (rc_file.h).
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"

namespace tokometer::app {

enum class Shell { kBash, kZsh, kFish };
std::optional<Shell> shell_of(std::string_view name);  // "bash", "/usr/bin/zsh"
std::string_view name_of(Shell shell);

// `text` as one word of the shell's language.
std::string shell_word(Shell shell, std::string_view text);

inline constexpr std::string_view kStateVariable = "_TOKOMETER_STATE";

struct VariableChange {
  std::string name;
  std::string ours;
  std::optional<std::string> before;  // nothing: it was not set

  friend bool operator==(const VariableChange&, const VariableChange&) = default;
};
using Changes = std::vector<VariableChange>;

// The value of kStateVariable, and what it says; nothing for a text that is none.
std::string encode_state(const Changes& changes);
Changes decode_state(std::string_view state);

// What a variable was before us, by a state that may be empty.
using VariableLookup = std::function<std::optional<std::string>(std::string_view name)>;
VariableLookup original_variables(VariableLookup variable, const Changes& state);

// Takes the changes back in this very process, as long as it has one thread: a proxy that is started in such a shell
// must not be led to itself.
void take_back(const Changes& state);

// Shell text that makes the changes, and defines the function that takes them back.
std::string apply_text(Shell shell, const Changes& changes);
// Shell text that takes them back at once.
std::string restore_text(Shell shell, const Changes& changes);

struct HookPlaces {
  std::filesystem::path serving_file;
  std::vector<std::string> command;  // that prints apply_text()
  std::string now;                   // the process and URL that hold at present: "4711 http://…"; empty: none
};
// Shell text that looks after the variables from here on.
std::string hook_text(Shell shell, const HookPlaces& places);

}  // namespace tokometer::app
