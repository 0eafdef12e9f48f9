#include <fmt/format.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "app/proxy_service.h"
#include "app/settings.h"
#include "app/signals.h"
#include "cli/builtin.h"
#include "cli/environment.h"
#include "cli/printer.h"
#include "cli/settings.h"

namespace tokometer::cli {
namespace {

// What to set in which program, for the first address that listens on TCP.
std::string banner(const std::vector<std::string>& listening, const app::Config& config, const Style& style) {
  std::string text =
      fmt::format("Tokometer listens on {}\n", style.bold(fmt::format("{}", fmt::join(listening, ", "))));
  for (const std::string& address : listening) {
    if (address.starts_with("unix:")) continue;
    const std::string url = "http://" + address;
    if (!config.base_url.empty()) {
      text += fmt::format("\n  base URL of your client  {}   ({} goes on to {})\n", style.green(url),
                          config.type.empty() ? "everything" : config.type, config.base_url);
      break;
    }
    text += fmt::format("\n  OpenAI SDKs      {}\n", style.green(fmt::format("OPENAI_BASE_URL={}/openai/v1", url)));
    text += fmt::format("  Anthropic SDKs   {}\n", style.green(fmt::format("ANTHROPIC_BASE_URL={}/anthropic", url)));
    text += fmt::format("  Google GenAI     {}\n", style.green(fmt::format("GOOGLE_GEMINI_BASE_URL={}/gemini", url)));
    text += fmt::format("  a project        {}\n", style.green(fmt::format("{}/p/PROJECT/openai/v1", url)));
    break;
  }
  return text + fmt::format(
                    "\nYour keys pass through and are not kept. Calls are recorded in {}.\n"
                    "Ctrl-C ends it.\n\n",
                    config.data_dir.string());
}

// Reads the settings again; says in one text what came of it.
class Reloader {
 public:
  Reloader(const Arguments& arguments, const Environment& environment, app::Settings settings)
      : arguments_(arguments), environment_(environment), settings_(std::move(settings)) {}

  void reload(app::ProxyService& service) {
    const Result<std::string> outcome = apply(service);
    if (outcome) {
      environment_.log.info("{}", *outcome);
      service.publish_reload(true, *outcome);
    } else {
      environment_.log.error("settings not applied, the old ones stay: {}", outcome.error().message);
      service.publish_reload(false, outcome.error().message);
    }
  }

 private:
  Result<std::string> apply(app::ProxyService& service) {
    auto next = app::load_settings(settings_inputs(arguments_, environment_));
    if (!next) return fail(settings_error(next.error()));
    std::vector<std::string_view> kept;
    const app::Config config = app::reload(settings_, *next, kept);
    if (auto applied = service.reload(config); !applied) return fail(std::move(applied.error()));
    if (kept.empty()) return "settings applied";
    return fmt::format("settings applied, but for {}: that takes a restart", fmt::join(kept, ", "));
  }

  const Arguments& arguments_;
  const Environment& environment_;
  const app::Settings settings_;
};

// Until the first signal to end: reloads and keeps house.
void serve(app::Signals& signals, app::ProxyService& service, Reloader& reloader) {
  for (;;) {
    const auto signal = signals.wait(std::chrono::seconds(1));
    if (signal == SIGHUP) {
      reloader.reload(service);
    } else if (signal) {
      return;
    }
    service.maintain();
  }
}

// Lets running calls end; a second signal cuts them off.
void drain(app::Signals& signals, app::ProxyService& service, std::chrono::milliseconds limit) {
  std::atomic<bool> ended = false;
  service.shutdown(limit);
  std::thread joiner([&] {
    service.join();
    ended = true;
  });
  while (!ended) {
    const auto signal = signals.wait(std::chrono::milliseconds(20));
    if (signal && *signal != SIGHUP) service.shutdown(std::chrono::milliseconds(0));
  }
  joiner.join();
}

Result<ExitCode> run_proxy(const Arguments& arguments, Environment& environment) {
  auto settings = app::load_settings(settings_inputs(arguments, environment));
  if (!settings) return fail(settings_error(settings.error()));
  const app::Config config = settings->config;
  environment.log.set_level(config.log_level);

  std::signal(SIGPIPE, SIG_IGN);  // a client or terminal that has gone is an error to handle, not an end
  app::Signals signals({SIGINT, SIGTERM, SIGHUP});
  const bool quiet = config.print == app::Print::kQuiet;
  const auto printer = make_printer(config.print, environment.out, environment.clock, local_time_of_day);
  app::EventFeed::Consumer consumer;
  if (!quiet) consumer = [&](const event::Event& event) { printer->print(event); };
  auto service = app::ProxyService::open(config, std::move(consumer), environment.clock, environment.log);
  if (!service) return fail(std::move(service.error()));
  Output& said = config.print == app::Print::kJson ? environment.err : environment.out;
  if (!quiet) {
    said.write(banner((*service)->listening(), config, said.style()));
    said.flush();
  }
  if (auto started = (*service)->start(); !started) return fail(std::move(started.error()));

  Reloader reloader(arguments, environment, std::move(*settings));
  serve(signals, **service, reloader);
  drain(signals, **service, config.timeouts.drain);
  if (!quiet) printer->finish();
  return ExitCode::kOk;
}

}  // namespace

Command proxy_command() {
  return {.name = "proxy",
          .summary = "Serve as a proxy that meters every call",
          .description =
              "Point a client's base URL at it: paths begin with the provider's name (/openai/v1, /anthropic, "
              "/gemini), or are the provider's own where only the host was replaced. /p/PROJECT in front sets the "
              "project. What passes is not changed; each call's tokens, speed and cost are printed as it ends and "
              "recorded for reports.\n\n"
              "SIGHUP (or `tokometer reload`) applies changed settings without dropping a connection. SIGTERM and "
              "Ctrl-C let running calls end; a second one stops at once. /-/health and /-/metrics answer on the "
              "same port.",
          .options = setting_options(),
          .examples = {{"tokometer proxy", "Serve on 127.0.0.1:4141 and print each call"},
                       {"tokometer proxy --listen 127.0.0.1:8080 --panel", "Another port, a panel for each call"},
                       {"tokometer proxy --base-url https://api.groq.com/openai --type openai_compatible",
                        "One provider only, at any path"},
                       {"tokometer proxy --origin openai=http://127.0.0.1:8000", "Send OpenAI's calls elsewhere"}},
          .run = run_proxy};
}

}  // namespace tokometer::cli
