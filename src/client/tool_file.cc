#include "client/tool_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace tokometer::client {
namespace {

using json::Member;
using json::Mistakes;
using json::Node;

constexpr std::array<std::string_view, 4> kPlaceholders = {"proxy", "no_proxy", "ca", "ca_bundle"};
constexpr std::string_view kBase = "base:";

void check_template(json::Location where, std::string_view text, Mistakes& mistakes) {
  read_template(
      text, [](std::string_view) {},
      [&](std::string_view name) {
        if (!is_placeholder(name)) mistakes.add(where, fmt::format("unknown placeholder \"{{{}}}\"", name));
      });
}

void check_name(json::Location where, std::string_view name, Mistakes& mistakes) {
  if (name.empty() || name.contains('=')) mistakes.add(where, fmt::format("\"{}\" is no variable's name", name));
}

std::map<std::string, std::optional<std::string>> read_variables(const Member& member, Mistakes& mistakes) {
  std::map<std::string, std::optional<std::string>> variables;
  if (!mistakes.object(member)) return variables;
  for (const Member variable : member.value.members()) {
    check_name(variable.name_location(), variable.name, mistakes);
    std::optional<std::string>& value = variables[std::string(variable.name)];
    if (variable.value.is_null()) continue;
    value = mistakes.text(variable);
    check_template(variable.value.location(), *value, mistakes);
  }
  return variables;
}

ToolMode read_mode(const Member& member, Mistakes& mistakes) {
  ToolMode mode;
  if (!mistakes.object(member)) return mode;
  for (const Member key : member.value.members()) {
    if (key.name == "environment") {
      mode.environment = read_variables(key, mistakes);
    } else if (key.name == "base_urls_if_set") {
      mode.base_urls_if_set = mistakes.texts(key);
      for (const std::string& name : mode.base_urls_if_set) check_name(key.value.location(), name, mistakes);
    } else if (key.name == "arguments") {
      mode.arguments = mistakes.texts(key);
      for (const std::string& argument : mode.arguments) {
        check_template(key.value.location(), argument, mistakes);
      }
    } else {
      mistakes.unknown(key);
    }
  }
  return mode;
}

}  // namespace

bool is_placeholder(std::string_view name) {
  return std::ranges::find(kPlaceholders, name) != kPlaceholders.end() ||
         (name.starts_with(kBase) && name.size() > kBase.size());
}

Tool read_tool_file(std::string_view content, Mistakes& mistakes) {
  Tool tool;
  const auto document = mistakes.parse(content);
  if (!document) return tool;
  const Node root = document->root();
  for (const Member member : root.members()) {
    if (member.name == "$schema") continue;
    if (member.name == "name") {
      tool.name = mistakes.text(member);
    } else if (member.name == "commands") {
      tool.commands = mistakes.texts(member);
    } else if (member.name == "intercept") {
      tool.intercept = read_mode(member, mistakes);
    } else if (member.name == "base_url") {
      tool.base_url = read_mode(member, mistakes);
    } else if (member.name == "note") {
      tool.note = mistakes.text(member);
    } else {
      mistakes.unknown(member);
    }
  }
  if (!root["name"]) mistakes.missing(root, "name");
  if (!root["commands"]) mistakes.missing(root, "commands");
  return tool;
}

}  // namespace tokometer::client
