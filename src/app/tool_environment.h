// The environment and arguments by which a program's calls come through a proxy:
// the templates of its tool (client/tool_file.h), filled.
//
//   auto filled = fill_tool(tool.base_url, {.variable = variable, .base = "http://127.0.0.1:4141/c/…"}, registry);
//
// A base URL that the user has set already is kept in meaning: one of a provider that is known goes to that provider
// through us, any other stays as it is, since its key must not go elsewhere.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/trust_files.h"
#include "base/error.h"
#include "client/tool_file.h"
#include "provider/registry.h"

namespace tokometer::app {

struct ToolInputs {
  std::function<std::optional<std::string>(std::string_view name)> variable;  // of the environment so far
  std::string proxy;                                                          // "http://ctx-…:x@127.0.0.1:4141"
  std::string address;                                                        // of the proxy: "127.0.0.1:4141"
  std::string base;                   // what stands before a route: "http://127.0.0.1:4141/c/…"
  const TrustFiles* trust = nullptr;  // null: "{ca}" and "{ca_bundle}" can't be filled, nor is what has them set
};

struct FilledTool {
  struct Variable {
    std::string name;
    std::string value;
  };
  std::vector<Variable> environment;
  std::vector<std::string> arguments;  // before the user's own
  std::vector<std::string> kept;       // variables with a base URL of the user's that no provider is known for
};

Result<FilledTool> fill_tool(const client::ToolMode& mode, const ToolInputs& inputs,
                             const provider::Registry& registry);

// `value` with `base` in the place of every URL that leads to the proxy at `address` with another run's context: those
// that the run around this one has set.
std::string with_base(std::string value, std::string_view address, std::string_view base);

// Hosts that are asked directly: the user's, and this machine.
std::string no_proxy_list(std::string_view of_user);

}  // namespace tokometer::app
