// `tokometer service`: the proxy as a service of systemd or launchd.
#include <fmt/format.h>

#include <string>
#include <string_view>

#include "app/instance.h"
#include "app/program.h"
#include "app/service.h"
#include "cli/builtin.h"
#include "cli/environment.h"
#include "cli/installed_program.h"
#include "cli/running.h"
#include "cli/settings.h"
#include "json/writer.h"

namespace tokometer::cli {
namespace {

std::string_view kind_text(app::ServiceKind kind) {
  switch (kind) {
    case app::ServiceKind::kSystemd:
      return "systemd";
    case app::ServiceKind::kLaunchd:
      return "launchd";
    case app::ServiceKind::kNone:
      break;
  }
  return "none";
}

Result<ExitCode> run_enable(const Arguments& arguments, Environment& environment) {
  const auto config = load_settings(arguments, environment);
  if (!config) return fail(config.error());
  const auto program = installed_program(environment);
  if (!program) return fail(program.error());
  const app::Service service(app::service_surroundings(environment.variable));
  const app::ServiceState before = service.state();
  if (before.kind == app::ServiceKind::kNone) return fail(ErrorCode::kUnsupported, before.remedy);
  if (const auto running = app::find_instance(config->data_dir); running && !before.active) {
    if (running->status && running->status->start.run_by == app::RunBy::kTerminal) {
      return fail(ErrorCode::kInvalid,
                  fmt::format("process {} runs in a terminal on this data folder: end it first", running->pid));
    }
    if (auto stopped = stop_running(*config, *running, false, environment); !stopped) return fail(stopped.error());
    environment.out.print("process {}, which ran in the background, has made room\n", running->pid);
  }
  if (auto enabled = service.enable(*program); !enabled) return fail(enabled.error());
  const auto serving = wait_until_serving(*config, environment, std::chrono::seconds(30));
  if (!serving) return fail(serving.error().code, serving.error().message + ": `tokometer logs` may say why");
  environment.out.print("Tokometer serves on {}, now and after every login\n", where_text(*serving));
  if (!service.state().lingers) {
    environment.out.print(
        "It ends when you log out; `loginctl enable-linger` keeps it, and starts it with the machine.\n");
  }
  return ExitCode::kOk;
}

Result<ExitCode> run_disable(const Arguments&, Environment& environment) {
  const app::Service service(app::service_surroundings(environment.variable));
  const app::ServiceState before = service.state();
  if (auto disabled = service.disable(); !disabled) return fail(disabled.error());
  environment.out.write(before.enabled || before.active ? "the service is stopped, and no longer starts by itself\n"
                                                        : "no service was enabled\n");
  return ExitCode::kOk;
}

Result<ExitCode> run_service_status(const Arguments& arguments, Environment& environment) {
  const app::ServiceState state = app::Service(app::service_surroundings(environment.variable)).state();
  const ExitCode code = state.active ? ExitCode::kOk : ExitCode::kNotRunning;
  if (arguments.has("json")) {
    std::string text;
    json::Writer writer(text);
    writer.begin_object().member("manager", kind_text(state.kind)).member("enabled", state.enabled);
    writer.member("active", state.active).member_unless_empty("unit_file", state.unit_file.string());
    writer.member("lingers", state.lingers).member_unless_empty("remedy", state.remedy).end_object();
    environment.out.print("{}\n", text);
    return code;
  }
  if (state.kind == app::ServiceKind::kNone) {
    environment.out.print("no service: {}\n", state.remedy);
    return code;
  }
  environment.out.print("{}: {}, {}\n", kind_text(state.kind), state.enabled ? "enabled" : "not enabled",
                        state.active ? "running" : "not running");
  if (!state.unit_file.empty()) environment.out.print("unit: {}\n", state.unit_file.string());
  if (state.enabled && !state.lingers) {
    environment.out.print("It ends when you log out; `loginctl enable-linger` keeps it.\n");
  }
  return code;
}

}  // namespace

Command service_command() {
  return {
      .name = "service",
      .summary = "Have systemd or launchd keep the proxy running",
      .description =
          "A service of your user, without root: a systemd user unit, or a launchd agent on macOS. It takes its "
          "settings from the configuration file. `tokometer up`, `down`, `restart`, `status` and `logs` work with it.",
      .subcommands = {{.name = "enable",
                       .summary = "Start it now and with every login",
                       .description = "A proxy in the background makes room for it.",
                       .examples = {{"tokometer service enable", "From now on"}},
                       .run = run_enable},
                      {.name = "disable", .summary = "Stop it, and do not start it again", .run = run_disable},
                      {.name = "status",
                       .summary = "Show whether it is enabled and runs",
                       .description = "Exit codes: 0 if it runs, 3 if not.",
                       .options = {{.name = "json", .help = "As one JSON object"}},
                       .run = run_service_status}}};
}

}  // namespace tokometer::cli
