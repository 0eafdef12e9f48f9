#include "cli/run_context.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>

#include "base/uuid.h"
#include "cli/style.h"
#include "cli/table.h"

namespace tokometer::cli {
namespace {

constexpr client::ContextLimits kRunLimits;

// What TOKOMETER_CONTEXT says.
Result<client::CallContext> given_context(const Environment& environment) {
  const auto given = environment.variable(kContextVariable);
  if (!given || given->empty()) return client::CallContext();
  auto parsed = client::parse_context(*given);
  if (parsed) return parsed;
  if (parsed.error().code == ErrorCode::kTooLarge) {
    return fail(ErrorCode::kUsage, fmt::format("{}: {} bytes: at most {} are read", kContextVariable, given->size(),
                                               kRunLimits.json_bytes));
  }
  return fail(ErrorCode::kUsage, fmt::format("{}: {}: mend it, or unset it", kContextVariable, parsed.error().message));
}

Result<void> check_length(std::string_view option, std::string_view value) {
  if (value.size() <= kRunLimits.value_bytes) return {};
  constexpr std::size_t kShown = 32;
  return fail(ErrorCode::kUsage, fmt::format("--{} \"{}\": {} bytes, at most {} are kept", option,
                                             shorten(printable(value), kShown), value.size(), kRunLimits.value_bytes));
}

Result<void> add_options(const Arguments& arguments, client::CallContext& context) {
  if (const auto project = arguments.value("project")) {
    if (auto checked = check_length("project", *project); !checked) return checked;
    context.project = *project;
  }
  for (const std::string_view tag : arguments.values("tag")) {
    if (auto checked = check_length("tag", tag); !checked) return checked;
    client::add_tag(context.tags, tag);
    if (!tag.empty() && std::ranges::find(context.tags, tag) == context.tags.end()) {
      return fail(ErrorCode::kUsage, fmt::format("--tag: more than {} tags", kRunLimits.tags));
    }
  }
  if (const auto budget = arguments.value("budget")) {
    auto parsed = client::parse_budget(*budget);
    if (!parsed) return fail(ErrorCode::kUsage, "--" + parsed.error().message);
    context.budget = *parsed;
  }
  if (arguments.has("hard")) {
    if (!context.budget) return fail(ErrorCode::kUsage, "--hard: needs a --budget");
    context.budget->hard = true;
  }
  return {};
}

}  // namespace

Result<client::CallContext> run_context(const Arguments& arguments, const Environment& environment) {
  auto given = given_context(environment);
  if (!given) return given;
  client::CallContext context = std::move(*given);
  UuidMaker ids;
  std::string id = ids.make(environment.clock.now()).text();
  if (context.run.empty()) {
    context.run = std::move(id);
  } else {
    auto inner = client::context_within(std::move(context), id);
    if (!inner) return fail(ErrorCode::kUsage, std::move(inner.error().message));
    context = std::move(*inner);
    context.program.clear();  // that of the run around it is this one
  }
  if (auto added = add_options(arguments, context); !added) return fail(std::move(added.error()));
  const std::string_view command = arguments.positionals().front();
  if (context.program.empty()) {
    context.program = command.substr(command.rfind('/') + 1).substr(0, kRunLimits.value_bytes);
  }
  if (const std::size_t bytes = client::to_json(context).size(); bytes > kRunLimits.json_bytes) {
    return fail(ErrorCode::kUsage, fmt::format("--project, --tag and {} are {} bytes together, as JSON with the run's "
                                               "id: at most {} are read",
                                               kContextVariable, bytes, kRunLimits.json_bytes));
  }
  return context;
}

}  // namespace tokometer::cli
