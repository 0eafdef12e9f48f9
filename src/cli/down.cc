// `tokometer down` and `tokometer restart`.
#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "app/instance.h"
#include "app/service.h"
#include "cli/builtin.h"
#include "cli/environment.h"
#include "cli/running.h"
#include "cli/settings.h"

namespace tokometer::cli {
namespace {

bool is_service(const app::Running& running) {
  if (!running.status) return false;
  const app::RunBy run_by = running.status->start.run_by;
  return run_by == app::RunBy::kSystemd || run_by == app::RunBy::kLaunchd;
}

const Option& now_option() {
  static const Option option{.name = "now", .help = "Cut running calls off"};
  return option;
}

// A service is told too, or its manager would start it again.
Result<void> stop(const app::Config& config, const app::Running& running, bool at_once, Environment& environment) {
  if (is_service(running)) {
    const app::Service service(app::service_surroundings(environment.variable));
    if (auto asked = service.stop(); !asked) return asked;
  }
  return stop_running(config, running, at_once, environment);
}

Result<ExitCode> run_down(const Arguments& arguments, Environment& environment) {
  const auto config = load_settings(arguments, environment);
  if (!config) return fail(config.error());
  const auto running = app::find_instance(config->data_dir);
  if (!running) {
    environment.out.print("no proxy runs on {}\n", config->data_dir.string());
    return ExitCode::kOk;
  }
  if (auto stopped = stop(*config, *running, arguments.has("now"), environment); !stopped) {
    return fail(std::move(stopped.error()));
  }
  environment.out.print("process {} has ended\n", running->pid);
  return ExitCode::kOk;
}

Result<ExitCode> run_restart(const Arguments& arguments, Environment& environment) {
  const auto config = load_settings(arguments, environment);
  if (!config) return fail(config.error());
  auto options = option_words(arguments);
  const auto given = without_place(options);
  const auto running = app::find_instance(config->data_dir);
  bool service = false;
  if (running) {
    if (running->status && running->status->start.run_by == app::RunBy::kTerminal) {
      return fail(ErrorCode::kInvalid,
                  fmt::format("process {} runs in a terminal: end it there, or by `tokometer down`", running->pid));
    }
    if (running->status && running->status->start.run_by == app::RunBy::kRun) {
      return fail(ErrorCode::kInvalid, fmt::format("process {} serves `tokometer run`: programs that were started so "
                                                   "would lose it; end them, or `tokometer down`",
                                                   running->pid));
    }
    service = is_service(*running);
    if (service && !given.empty()) {
      return fail(ErrorCode::kUsage,
                  "a service takes its settings from the file (`tokometer config init`), not from options");
    }
    // As it was started, but for what is given now.
    if (given.empty() && running->status) {
      std::ranges::move(without_place(running->status->start.options), std::back_inserter(options));
    }
    if (auto stopped = stop(*config, *running, arguments.has("now"), environment); !stopped) {
      return fail(std::move(stopped.error()));
    }
  }
  Result<app::Running> serving = fail(ErrorCode::kNotFound, "");
  if (service) {
    const app::Service manager(app::service_surroundings(environment.variable));
    if (auto started = manager.start(); !started) return fail(std::move(started.error()));
    serving = wait_until_serving(*config, environment, std::chrono::seconds(30));
  } else {
    serving = start_in_background(*config, options, environment);
  }
  if (!serving) return fail(serving.error());
  environment.out.print("Tokometer serves on {}\n", where_text(*serving));
  return ExitCode::kOk;
}

}  // namespace

Command down_command() {
  return {.name = "down",
          .summary = "Stop the proxy that runs on this data folder",
          .description =
              "New connections are refused at once; running calls may end first (timeouts.drain, 30 s), and what they "
              "used is recorded. Tunnels in which nothing has passed for long do not hold it up. It is no matter how "
              "the proxy "
              "was started. If none runs, that is said and all is "
              "well.\n\nExit codes: 0 if no proxy runs any more, 1 if it does.",
          .options = {now_option()},
          .examples = {{"tokometer down", "Let running calls end"}, {"tokometer down --now", "Do not wait for them"}},
          .run = run_down};
}

Command restart_command() {
  std::vector<Option> options = setting_options();
  std::erase_if(options, [](const Option& option) { return option.setting == "print"; });
  options.push_back(now_option());
  return {.name = "restart",
          .summary = "Stop the proxy and start it again in the background",
          .description =
              "With the options that it was started with, or with those given here. What can be changed without a "
              "restart, `tokometer reload` changes without dropping a connection.\n\n"
              "Exit codes: 0 if it serves again, 1 if not.",
          .options = std::move(options),
          .examples = {{"tokometer restart", "After an update of the program"}},
          .run = run_restart};
}

}  // namespace tokometer::cli
