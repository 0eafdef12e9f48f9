#include <fmt/format.h>

#include "app/instance.h"
#include "cli/builtin.h"
#include "cli/environment.h"
#include "cli/running.h"
#include "cli/settings.h"

namespace tokometer::cli {
namespace {

Result<ExitCode> run_reload(const Arguments& arguments, Environment& environment) {
  const auto config = load_settings(arguments, environment);
  // The proxy would refuse the same file: say so before asking it.
  if (!config) return fail(config.error());
  const auto running = app::find_instance(config->data_dir);
  if (!running) {
    return fail(ErrorCode::kNotFound, fmt::format("no proxy runs on {}", config->data_dir.string()));
  }
  const auto said = reload_running(*config, *running, environment);
  if (!said) return fail(said.error());
  environment.out.print("{}\n", *said);
  return ExitCode::kOk;
}

}  // namespace

Command reload_command() {
  return {.name = "reload",
          .summary = "Have the running proxy read its settings, provider specs and prices again",
          .description =
              "Connections and running calls go on undisturbed. If a file is wrong the proxy keeps what it "
              "has, and this command says why. Settings that are read at start only keep their value; "
              "that is said too.",
          .examples = {{"tokometer reload", "Apply the changed file"}},
          .run = run_reload};
}

}  // namespace tokometer::cli
