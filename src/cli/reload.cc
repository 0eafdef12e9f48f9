#include <fmt/format.h>
#include <signal.h>

#include <cerrno>
#include <chrono>
#include <thread>

#include "app/instance.h"
#include "cli/builtin.h"
#include "cli/environment.h"
#include "cli/settings.h"

namespace tokometer::cli {
namespace {

constexpr std::chrono::seconds kPatience{5};
constexpr std::chrono::milliseconds kPause{20};

Result<ExitCode> run_reload(const Arguments& arguments, Environment& environment) {
  const auto config = load_settings(arguments, environment);
  // The proxy would refuse the same file: say so before asking it.
  if (!config) return fail(config.error());
  const auto running = app::find_instance(config->data_dir);
  if (!running) {
    return fail(ErrorCode::kNotFound, fmt::format("no proxy runs on {}", config->data_dir.string()));
  }
  const std::int64_t before = running->status ? running->status->reloads : 0;
  if (kill(running->pid, SIGHUP) != 0) return fail(io_error(fmt::format("process {}", running->pid), errno));

  const SteadyTime deadline = environment.clock.steady() + kPatience;
  while (environment.clock.steady() < deadline) {
    const auto now = app::find_instance(config->data_dir);
    if (!now) return fail(ErrorCode::kNetwork, fmt::format("process {} has ended", running->pid));
    if (now->status && now->status->reloads > before) {
      if (!now->status->reload_ok) return fail(ErrorCode::kInvalid, now->status->message);
      environment.out.print("{}\n", now->status->message);
      return ExitCode::kOk;
    }
    std::this_thread::sleep_for(kPause);
  }
  return fail(ErrorCode::kTimeout,
              fmt::format("process {} did not answer within {} s", running->pid, kPatience.count()));
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
