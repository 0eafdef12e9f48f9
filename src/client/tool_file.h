// What a program needs so that its calls come through us: data/tools/*.json, or
// the user's own, as values.
//
//   {"name": "codex", "commands": ["codex"],
//    "base_url": {"arguments": ["-c", "openai_base_url=\"{base:openai}/v1\""]}}
//
// The format is told in docs/run.md and data/schema/tools.schema.json. Reading is strict: an unknown key or a
// template that nothing can fill is a mistake.
//
// Not here: finding the tool of a command (tools.h), filling templates (app/tool_environment.h).
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "json/mistakes.h"

namespace tokometer::client {

// How calls come through: two ways, and what each needs.
struct ToolMode {
  // By name; nothing: what the default sets is left out.
  std::map<std::string, std::optional<std::string>> environment;
  std::vector<std::string> base_urls_if_set;  // variables that are replaced only where they hold a provider's base URL
  std::vector<std::string> arguments;
};

struct Tool {
  std::string name;
  std::vector<std::string> commands;
  ToolMode intercept;
  ToolMode base_url;
  std::string note;  // why nothing may have been captured; a sentence's part
};

// What may stand in a template between braces: "proxy", "no_proxy", "ca", "ca_bundle" and "base:ROUTE".
bool is_placeholder(std::string_view name);

// Calls `literal` for what is copied and `placeholder` for the names between braces, in order. Braces that hold
// anything but small letters, digits, '-', '_' and ':' are copied.
template <typename Literal, typename Placeholder>
void read_template(std::string_view text, Literal&& literal, Placeholder&& placeholder) {
  constexpr std::string_view kNameCharacters = "abcdefghijklmnopqrstuvwxyz0123456789-_:";
  while (!text.empty()) {
    const auto open = text.find('{');
    if (open == std::string_view::npos) return literal(text);
    const auto end = text.find_first_not_of(kNameCharacters, open + 1);
    const bool is_name = end != std::string_view::npos && end > open + 1 && text[end] == '}';
    if (is_name) {
      if (open > 0) literal(text.substr(0, open));
      placeholder(text.substr(open + 1, end - open - 1));
      text.remove_prefix(end + 1);
    } else {
      literal(text.substr(0, open + 1));
      text.remove_prefix(open + 1);
    }
  }
}

// Reads `content`; what is wrong is added to `mistakes`.
Tool read_tool_file(std::string_view content, json::Mistakes& mistakes);

}  // namespace tokometer::client
