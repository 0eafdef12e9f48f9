// All tools that are known, and which of them a command is.
//
//   const auto tools = Tools::load(embedded::tools(), config_folder / "tools");
//   const Tool tool = tools->of("/usr/bin/claude");  // every program's, and what Claude Code needs besides
//
// Immutable once loaded.
//
// Not here: the files' format (tool_file.h).
#pragma once

#include <filesystem>
#include <span>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "client/tool_file.h"
#include "embedded/embedded.h"

namespace tokometer::client {

class Tools {
 public:
  // Reads `builtin`, and over it every *.json of `user_folder` (which may be missing or empty): a tool of the user's
  // replaces ours of the same name. Fails on the first fault: "FILE:LINE: what".
  static Result<Tools> load(std::span<const embedded::File> builtin, const std::filesystem::path& user_folder);

  // What `command`, a path or a bare name, needs: the default's, under what its own tool says. The default alone for
  // a command that nobody knows.
  Tool of(std::string_view command) const;

  std::span<const Tool> all() const { return tools_; }

 private:
  std::vector<Tool> tools_;
  Tool default_;
};

}  // namespace tokometer::client
