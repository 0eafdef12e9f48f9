// `tokometer up`: a proxy that stays when the terminal goes.
#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/instance.h"
#include "app/proxy_end.h"
#include "app/service.h"
#include "cli/builtin.h"
#include "cli/environment.h"
#include "cli/running.h"
#include "cli/settings.h"

namespace tokometer::cli {
namespace {

void say_serving(const app::Running& running, std::string_view how, const app::Config& config, Output& out) {
  const auto& listening = running.status->listening;
  out.print("Tokometer {} on {} (process {})\n", how, out.style().bold(fmt::format("{}", fmt::join(listening, ", "))),
            running.pid);
  if (const auto url = app::local_url(listening)) {
    out.print(
        "\n  OpenAI SDKs      {}\n  Anthropic SDKs   {}\n  Google GenAI     {}\n  every new shell  tokometer "
        "install\n\n",
        out.style().green(fmt::format("OPENAI_BASE_URL={}/openai/v1", *url)),
        out.style().green(fmt::format("ANTHROPIC_BASE_URL={}/anthropic", *url)),
        out.style().green(fmt::format("GOOGLE_GEMINI_BASE_URL={}/gemini", *url)));
  }
  out.print(
      "Calls: `tokometer events --follow`. Page: `tokometer open`. State: `tokometer status`. End: `tokometer down`. "
      "Data: {}\n",
      config.data_dir.string());
}

// The proxy that serves already, if there is one that does not end of itself: that is waited for.
Result<std::optional<app::Running>> find_serving(const app::Config& config, Environment& environment) {
  app::ProxyEnd end(config, [&](std::string_view what) { say_waiting(what, environment); });
  for (;;) {
    auto running = app::find_instance(config.data_dir);
    if (!running) return std::nullopt;
    const bool listens = running->status && !running->status->listening.empty();
    const bool stays = listens && running->status->start.run_by != app::RunBy::kRun;
    if (!end.is_near(*running, stays) && listens) return running;
    if (auto waited = end.wait(); !waited) return fail(std::move(waited.error()));
  }
}

Result<ExitCode> run_up(const Arguments& arguments, Environment& environment) {
  const auto config = load_settings(arguments, environment);
  if (!config) return fail(config.error());
  const auto options = option_words(arguments);
  const auto found = find_serving(*config, environment);
  if (!found) return fail(found.error());
  if (const auto& serving = *found) {
    if (serving->status->start.run_by == app::RunBy::kRun) {
      return fail(ErrorCode::kInvalid, fmt::format("process {} serves here for `tokometer run` and ends with its last "
                                                   "program: try again then, or stop it by `tokometer down`",
                                                   serving->pid));
    }
    say_serving(*serving, "serves already", *config, environment.out);
    const auto given = without_place(options);
    if (!given.empty() && without_place(serving->status->start.options) != given) {
      environment.err.print("tokometer: it was started with other options; `tokometer restart` takes these\n");
    }
    return ExitCode::kOk;
  }
  const app::Service service(app::service_surroundings(environment.variable));
  if (options.empty() && service.is_enabled()) {
    if (auto started = service.start(); !started) return fail(std::move(started.error()));
    auto serving = wait_until_serving(*config, environment, std::chrono::seconds(30));
    if (!serving) return fail(serving.error().code, serving.error().message + ": `tokometer logs` may say why");
    say_serving(*serving, "serves, as a service,", *config, environment.out);
    return ExitCode::kOk;
  }
  const auto running = start_in_background(*config, options, environment);
  if (!running) return fail(running.error());
  say_serving(*running, "serves in the background", *config, environment.out);
  return ExitCode::kOk;
}

}  // namespace

Command up_command() {
  std::vector<Option> options = setting_options();
  // In the background nothing is printed.
  std::erase_if(options, [](const Option& option) { return option.setting == "print"; });
  return {.name = "up",
          .summary = "Start a proxy in the background",
          .description =
              "Returns when it serves, or says why it does not. Where the service is enabled (`tokometer service "
              "enable`) and no options are given, it is the service that starts; otherwise a process of its own, "
              "whose messages `tokometer logs` shows. If one runs already, that is said and all is well.\n\n"
              "Exit codes: 0 if a proxy serves, 1 if not.",
          .options = std::move(options),
          .examples = {{"tokometer up", "Serve on 127.0.0.1:4141"},
                       {"tokometer up --listen 127.0.0.1:8080", "On another port"}},
          .run = run_up};
}

}  // namespace tokometer::cli
