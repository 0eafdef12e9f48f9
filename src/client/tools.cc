#include "client/tools.h"

#include <algorithm>
#include <string>
#include <utility>

#include "base/files.h"

namespace tokometer::client {
namespace {

constexpr std::string_view kDefaultTool = "default";

Result<Tool> read_tool(const std::string& file, std::string_view content) {
  json::Mistakes mistakes(file);
  Tool tool = read_tool_file(content, mistakes);
  if (!mistakes.empty()) return fail(mistakes.first());
  return tool;
}

void put(std::vector<Tool>& tools, Tool&& tool) {
  const auto same = std::ranges::find(tools, tool.name, &Tool::name);
  same == tools.end() ? tools.push_back(std::move(tool)) : void(*same = std::move(tool));
}

void put_over(ToolMode& under, const ToolMode& over) {
  for (const auto& [name, value] : over.environment) under.environment[name] = value;
  under.base_urls_if_set.insert(under.base_urls_if_set.end(), over.base_urls_if_set.begin(),
                                over.base_urls_if_set.end());
  under.arguments.insert(under.arguments.end(), over.arguments.begin(), over.arguments.end());
}

}  // namespace

Result<Tools> Tools::load(std::span<const embedded::File> builtin, const std::filesystem::path& user_folder) {
  Tools loaded;
  for (const embedded::File& file : builtin) {
    auto tool = read_tool(std::string(file.name), file.content);
    if (!tool) return fail(std::move(tool.error()));
    put(loaded.tools_, std::move(*tool));
  }
  const auto files = files_in(user_folder, ".json");
  if (!files) return fail(files.error());
  for (const std::filesystem::path& file : *files) {
    const auto content = read_file(file);
    if (!content) return fail(content.error());
    auto tool = read_tool(file.string(), *content);
    if (!tool) return fail(std::move(tool.error()));
    put(loaded.tools_, std::move(*tool));
  }
  const auto found = std::ranges::find(loaded.tools_, kDefaultTool, &Tool::name);
  if (found != loaded.tools_.end()) loaded.default_ = *found;
  return loaded;
}

Tool Tools::of(std::string_view command) const {
  const std::string_view name = command.substr(command.rfind('/') + 1);
  Tool merged = default_;
  const auto found = std::ranges::find_if(
      tools_, [&](const Tool& tool) { return std::ranges::find(tool.commands, name) != tool.commands.end(); });
  if (found == tools_.end()) return merged;
  merged.name = found->name;
  merged.commands = found->commands;
  put_over(merged.intercept, found->intercept);
  put_over(merged.base_url, found->base_url);
  if (!found->note.empty()) merged.note = found->note;
  return merged;
}

}  // namespace tokometer::client
