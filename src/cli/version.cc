#include "cli/version.h"

#include "cli/builtin.h"
#include "cli/environment.h"

namespace tokometer::cli {
namespace {

Result<ExitCode> run_version(const Arguments& arguments, Environment& environment) {
  if (arguments.has("json")) {
    environment.out.print("{{\"name\":\"tokometer\",\"version\":\"{}\"}}\n", version());
  } else {
    environment.out.print("tokometer {}\n", version());
  }
  return ExitCode::kOk;
}

}  // namespace

std::string_view version() { return TOKOMETER_VERSION; }

Command version_command() {
  return {.name = "version",
          .summary = "Show the version",
          .options = {{.name = "json", .help = "Print it as JSON"}},
          .run = run_version};
}

}  // namespace tokometer::cli
