#include "app/shell_hook.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdlib>

#include "json/document.h"
#include "json/writer.h"

namespace tokometer::app {
namespace {

constexpr std::array<std::string_view, 3> kShellNames{"bash", "zsh", "fish"};

// `@NAME@` replaced in a text of shell.
std::string with(std::string_view text, const std::vector<std::pair<std::string_view, std::string>>& places) {
  std::string filled(text);
  for (const auto& [name, value] : places) {
    for (std::size_t at = filled.find(name); at != std::string::npos; at = filled.find(name, at + value.size())) {
      filled.replace(at, name.size(), value);
    }
  }
  return filled;
}

// In proc(5)'s stat, the state follows the name: Z for a process that has ended, but whose parent does not care.

// bash and zsh. Nothing here may fail or print, whatever options the user has set (-e, -u), nor start a program.
constexpr std::string_view kPosixCheck = R"sh(_tokometer_now=@NOW@
_tokometer_check() {
  @EMULATE@
  local pid='' name='' url='' stat='' now=''
  { read -r pid name url <@FILE@ || :; } 2>/dev/null || :
  if [ -n "$pid" ]; then
    if [ -e /proc/self/stat ]; then
      { read -r stat <"/proc/$pid/stat" || :; } 2>/dev/null || :
      case $stat in
        "$pid ($name) "[ZX]*) ;;
        "$pid ($name) "*) now="$pid $url" ;;
      esac
    elif kill -0 "$pid" 2>/dev/null; then
      now="$pid $url"
    fi
  fi
  if [ "$now" = "$_tokometer_now" ]; then return 0; fi
  _tokometer_now=$now
  _tokometer_restore
  _tokometer_restore() { :; }
  if [ -n "$now" ]; then eval "$(@COMMAND@ 2>/dev/null)"; fi
  return 0
}
)sh";

// The trap on DEBUG runs before each command that is typed, PROMPT_COMMAND before each prompt. Somebody else's trap is
// left alone; bash-preexec keeps a list for others.
constexpr std::string_view kBashHooks = R"sh(_tokometer_prompt() {
  local status=$?
  _tokometer_check
  _tokometer_due=1
  return "$status"
}
_tokometer_before() {
  if [ -n "$_tokometer_due" ] || [ "$_tokometer_at" != "$SECONDS" ]; then
    _tokometer_due='' _tokometer_at=$SECONDS
    _tokometer_check
  fi
  : "$1"
}
_tokometer_due='' _tokometer_at=''
if [[ $- == *i* && ${PROMPT_COMMAND[*]-} != *_tokometer_prompt* ]]; then
  if [[ $(declare -p PROMPT_COMMAND 2>/dev/null) == 'declare -a'* ]]; then
    PROMPT_COMMAND+=(_tokometer_prompt)
  else
    PROMPT_COMMAND="${PROMPT_COMMAND:+$PROMPT_COMMAND
}_tokometer_prompt"
  fi
  if declare -p preexec_functions >/dev/null 2>&1; then
    preexec_functions+=(_tokometer_check)
  elif [[ -z $(trap -p DEBUG) ]]; then
    trap '_tokometer_before "$_"' DEBUG
  fi
fi
)sh";

constexpr std::string_view kZshHooks = R"sh(typeset -ga precmd_functions preexec_functions
precmd_functions=(${precmd_functions:#_tokometer_check} _tokometer_check)
preexec_functions=(${preexec_functions:#_tokometer_check} _tokometer_check)
)sh";

constexpr std::string_view kFishHooks = R"sh(set -g _tokometer_now @NOW@
function _tokometer_check --on-event fish_prompt --on-event fish_preexec
    set -l now ''
    set -l pid
    set -l name
    set -l url
    set -l stat
    if test -r @FILE@
        read pid name url <@FILE@
        if test -e /proc/self/stat
            if test -r "/proc/$pid/stat"
                read stat <"/proc/$pid/stat"
                if string match -q -- "$pid ($name) *" "$stat"; and not string match -q -- "$pid ($name) Z*" "$stat"
                    set now "$pid $url"
                end
            end
        else if kill -0 $pid 2>/dev/null
            set now "$pid $url"
        end
    end 2>/dev/null
    test "$now" = "$_tokometer_now"; and return 0
    set -g _tokometer_now $now
    _tokometer_restore
    function _tokometer_restore
    end
    test -n "$now"; and @COMMAND@ 2>/dev/null | source
    return 0
end
)sh";

std::string command_words(Shell shell, const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + shell_word(shell, word);
  return text;
}

// One line that gives a variable back what it was, if it still is what we made it.
std::string restore_line(Shell shell, const VariableChange& change) {
  const std::string ours = shell_word(shell, change.ours);
  if (shell == Shell::kFish) {
    const std::string then = change.before
                                 ? fmt::format("set -gx {} {}", change.name, shell_word(shell, *change.before))
                                 : fmt::format("set -e {}", change.name);
    return fmt::format("test \"${}\" = {}; and {}\n", change.name, ours, then);
  }
  const std::string then = change.before ? fmt::format("export {}={}", change.name, shell_word(shell, *change.before))
                                         : fmt::format("unset {}", change.name);
  return fmt::format("if [ \"${{{}-}}\" = {} ]; then {}; fi\n", change.name, ours, then);
}

std::string restore_lines(Shell shell, const Changes& changes, std::string_view indent) {
  std::string text;
  for (const VariableChange& change : changes) text += fmt::format("{}{}", indent, restore_line(shell, change));
  text += fmt::format("{}{} {}\n", indent, shell == Shell::kFish ? "set -e" : "unset", kStateVariable);
  return text;
}

}  // namespace

std::optional<Shell> shell_of(std::string_view name) {
  const std::string_view base = name.substr(name.rfind('/') + 1);
  const auto found = std::ranges::find(kShellNames, base);
  if (found == kShellNames.end()) return std::nullopt;
  return static_cast<Shell>(found - kShellNames.begin());
}

std::string_view name_of(Shell shell) { return kShellNames[static_cast<std::size_t>(shell)]; }

std::string shell_word(Shell shell, std::string_view text) {
  std::string word = "'";
  for (const char c : text) {
    if (c == '\'') {
      word += shell == Shell::kFish ? "\\'" : "'\\''";
    } else if (c == '\\' && shell == Shell::kFish) {
      word += "\\\\";
    } else {
      word += c;
    }
  }
  return word + "'";
}

std::string encode_state(const Changes& changes) {
  std::string text;
  json::Writer writer(text);
  writer.begin_object();
  for (const VariableChange& change : changes) {
    writer.name(change.name).begin_array().string(change.ours);
    if (change.before) writer.string(*change.before);
    writer.end_array();
  }
  writer.end_object();
  return text;
}

Changes decode_state(std::string_view state) {
  Changes changes;
  const auto document = json::Document::parse(std::string(state));
  if (!document || !document->root().is_object()) return changes;
  for (const json::Member& member : document->root().members()) {
    const auto ours = member.value[0].string();
    // Names go into shell text as they are.
    const bool is_name =
        member.name.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_") ==
            std::string_view::npos &&
        !member.name.empty();
    if (!ours || !is_name) continue;
    VariableChange change{.name = std::string(member.name), .ours = std::string(*ours), .before = std::nullopt};
    if (const auto before = member.value[1].string()) change.before = *before;
    changes.push_back(std::move(change));
  }
  return changes;
}

VariableLookup original_variables(VariableLookup variable, const Changes& state) {
  return [variable = std::move(variable), state](std::string_view name) {
    auto value = variable(name);
    const auto change = std::ranges::find(state, name, &VariableChange::name);
    if (change != state.end() && value == change->ours) return change->before;
    return value;
  };
}

void take_back(const Changes& state) {
  // NOLINTBEGIN(concurrency-mt-unsafe): one thread, as told
  for (const VariableChange& change : state) {
    const char* const now = std::getenv(change.name.c_str());
    if (now == nullptr || change.ours != now) continue;
    if (change.before) {
      ::setenv(change.name.c_str(), change.before->c_str(), 1);
    } else {
      ::unsetenv(change.name.c_str());
    }
  }
  ::unsetenv(std::string(kStateVariable).c_str());
  // NOLINTEND(concurrency-mt-unsafe)
}

std::string apply_text(Shell shell, const Changes& changes) {
  const bool fish = shell == Shell::kFish;
  std::string text;
  const auto set = [&](std::string_view name, std::string_view value) {
    text += fish ? fmt::format("set -gx {} {}\n", name, shell_word(shell, value))
                 : fmt::format("export {}={}\n", name, shell_word(shell, value));
  };
  for (const VariableChange& change : changes) set(change.name, change.ours);
  set(kStateVariable, encode_state(changes));
  if (fish) return text + "function _tokometer_restore\n" + restore_lines(shell, changes, "    ") + "end\n";
  return text + "_tokometer_restore() {\n" + restore_lines(shell, changes, "  ") + "}\n";
}

std::string restore_text(Shell shell, const Changes& changes) {
  const std::string_view nothing =
      shell == Shell::kFish ? "function _tokometer_restore\nend\n" : "_tokometer_restore() { :; }\n";
  return (changes.empty() ? "" : restore_lines(shell, changes, "")) + std::string(nothing);
}

std::string hook_text(Shell shell, const HookPlaces& places) {
  const std::vector<std::pair<std::string_view, std::string>> values = {
      {"@NOW@", shell_word(shell, places.now)},
      {"@FILE@", shell_word(shell, places.serving_file.string())},
      {"@COMMAND@", command_words(shell, places.command)},
      {"@EMULATE@", shell == Shell::kZsh ? "emulate -L zsh" : ":"}};
  if (shell == Shell::kFish) return with(kFishHooks, values);
  return with(kPosixCheck, values) + std::string(shell == Shell::kBash ? kBashHooks : kZshHooks);
}

}  // namespace tokometer::app
