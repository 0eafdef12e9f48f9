#include <fmt/format.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "app/instance.h"
#include "app/log_file.h"
#include "app/proxy_service.h"
#include "app/settings.h"
#include "app/signals.h"
#include "app/start_check.h"
#include "app/terminal.h"
#include "app/use_lock.h"
#include "cli/builtin.h"
#include "cli/environment.h"
#include "cli/printer.h"
#include "cli/running.h"
#include "cli/settings.h"
#include "cli/version.h"

namespace tokometer::cli {
namespace {

namespace fs = std::filesystem;

// What to set in which program, for the first address that listens on TCP.
std::string banner(const std::vector<std::string>& listening, const app::Config& config, const Style& style) {
  std::string text =
      fmt::format("Tokometer listens on {}\n", style.bold(fmt::format("{}", fmt::join(listening, ", "))));
  for (const std::string& address : listening) {
    if (address.starts_with("unix:")) continue;
    const std::string url = app::local_url({address}).value_or("");
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
    if (auto applied = service.reload(config); !applied) {
      if (auto faults = app::start_faults(*next); !faults.empty()) return fail(settings_error(faults));
      return fail(std::move(applied.error()));
    }
    if (kept.empty()) return "settings applied";
    return fmt::format("settings applied, but for {}: that takes a restart", fmt::join(kept, ", "));
  }

  const Arguments& arguments_;
  const Environment& environment_;
  const app::Settings settings_;
};

// Until the first signal to end, the end of the terminal, or (if it is to serve only `while_used`) the end of the last
// run that uses it: reloads and keeps house. The lock, if there is one, keeps further runs waiting until we are gone.
std::optional<app::UseLock> serve(app::Signals& signals, app::ProxyService& service, Reloader& reloader,
                                  const app::Terminal& terminal, const fs::path* while_used) {
  for (;;) {
    const auto signal = signals.wait(std::chrono::seconds(1));
    if (signal == SIGHUP && !terminal.has_gone()) {
      reloader.reload(service);
    } else if (signal) {
      return std::nullopt;
    }
    service.maintain();
    if (while_used == nullptr || service.open_exchanges() > 0) continue;
    if (auto last = app::UseLock::take(*while_used)) return last;
  }
}

// Lets running calls end; a second signal cuts them off.
void drain(app::Signals& signals, app::ProxyService& service, std::chrono::milliseconds limit) {
  std::atomic<bool> ended = false;
  // First: who finds that nobody answers any more finds the reason.
  service.publish_drain();
  service.shutdown(limit);
  std::thread joiner([&] {
    service.join();
    ended = true;
  });
  while (!ended) {
    service.publish_drain();
    const auto signal = signals.wait(std::chrono::milliseconds(20));
    if (signal && *signal != SIGHUP) service.cut_off();
  }
  joiner.join();
}

app::RunBy run_by(const Arguments& arguments) {
  const std::string_view name = arguments.value("run-by").value_or("");
  for (const app::RunBy one : {app::RunBy::kBackground, app::RunBy::kSystemd, app::RunBy::kLaunchd, app::RunBy::kRun}) {
    if (name == app::name_of(one)) return one;
  }
  return app::RunBy::kTerminal;
}

// The log of a proxy in the background; messages go to stderr too, which whoever starts it reads until it serves.
Result<std::unique_ptr<app::LogFile>> open_log(const app::Config& config, Environment& environment) {
  auto file = app::LogFile::open(app::log_file(config.data_dir), environment.clock);
  if (!file) return file;
  environment.log.set_sink([to = file->get()](LogLevel, std::string_view line) {
    to->write(line);
    std::fwrite(line.data(), 1, line.size(), stderr);
  });
  return file;
}

void serve_in_background(app::LogFile& file, Environment& environment, const std::vector<std::string>& listening) {
  environment.log.set_sink([&file](LogLevel, std::string_view line) { file.write(line); });
  environment.log.info("process {} listens on {}", getpid(), fmt::join(listening, ", "));
  file.take_stdio();  // tells whoever waits: the log is written by then
}

Result<ExitCode> run_proxy(const Arguments& arguments, Environment& environment) {
  auto settings = app::load_settings(settings_inputs(arguments, environment));
  if (!settings) return fail(settings_error(settings.error()));
  app::Config config = settings->config;
  const app::RunBy run_by_whom = run_by(arguments);
  const bool background = run_by_whom == app::RunBy::kBackground || run_by_whom == app::RunBy::kRun;
  // Calls are in the store; the log is for what the program says of itself.
  if (background) config.print = app::Print::kQuiet;
  environment.log.set_level(config.log_level);
  std::unique_ptr<app::LogFile> log_file;
  if (background) {
    auto opened = open_log(config, environment);
    if (!opened) return fail(std::move(opened.error()));
    log_file = std::move(*opened);
  }
  for (const std::string& line : app::unknown_variables(settings_inputs(arguments, environment))) {
    environment.log.warn("{}", line);
  }

  const app::Terminal terminal;
  std::signal(SIGPIPE, SIG_IGN);  // a client or terminal that has gone is an error to handle, not an end
  app::Signals signals({SIGINT, SIGTERM, SIGHUP});
  const bool quiet = config.print == app::Print::kQuiet;
  const auto printer = make_printer(config.print, environment.out, environment.clock, local_time_of_day);
  app::EventFeed::Consumer consumer;
  if (!quiet) {
    consumer = {.take = [&](const event::Event& event) { printer->print(event); },
                .finish = [&] { printer->finish(); }};
  }
  auto service = app::ProxyService::open(config, std::move(consumer), environment.clock, environment.log);
  if (!service) {
    // Where it stands in the settings, if it is one of those.
    if (auto faults = app::start_faults(*settings); !faults.empty()) return fail(settings_error(faults));
    return fail(std::move(service.error()));
  }
  Output& said = config.print == app::Print::kJson ? environment.err : environment.out;
  if (!quiet) {
    said.write(banner((*service)->listening(), config, said.style()));
    said.flush();
  }
  app::Start start{.version = std::string(version()), .at = environment.clock.now(), .run_by = run_by_whom};
  start.options = option_words(arguments);
  if (log_file) start.log_file = log_file->path().string();
  if (auto started = (*service)->start(std::move(start)); !started) return fail(std::move(started.error()));
  if (log_file) serve_in_background(*log_file, environment, (*service)->listening());

  Reloader reloader(arguments, environment, std::move(*settings));
  const bool while_used = run_by_whom == app::RunBy::kRun;
  const auto last = serve(signals, **service, reloader, terminal, while_used ? &config.data_dir : nullptr);
  drain(signals, **service, config.timeouts.drain);
  service->reset();  // before the lock: whoever waits for it finds the data folder free
  if (log_file) environment.log.info("process {} has ended as asked", getpid());
  environment.log.set_sink([](LogLevel, std::string_view line) { std::fwrite(line.data(), 1, line.size(), stderr); });
  return ExitCode::kOk;
}

}  // namespace

Command proxy_command() {
  std::vector<Option> options = setting_options();
  options.push_back(
      {.name = "run-by",
       .type = OptionType::kChoice,
       .placeholder = "WHO",
       .help = "Who starts it: set by `tokometer up`, services and `tokometer run`, whose proxy ends with its "
               "last program",
       .choices = {app::name_of(app::RunBy::kBackground), app::name_of(app::RunBy::kSystemd),
                   app::name_of(app::RunBy::kLaunchd), app::name_of(app::RunBy::kRun)}});
  return {.name = "proxy",
          .summary = "Serve as a proxy that meters every call",
          .description =
              "Point a client's base URL at it: paths begin with the provider's name (/openai/v1, /anthropic, "
              "/gemini), or are the provider's own where only the host was replaced. /p/PROJECT in front sets the "
              "project. What passes is not changed; each call's tokens, speed and cost are printed as it ends and "
              "recorded for reports.\n\n"
              "SIGHUP (or `tokometer reload`) applies changed settings without dropping a connection. SIGTERM, "
              "Ctrl-C and closing the terminal let running calls end; a second one stops at once. /-/ (a page, "
              "`tokometer open`), /-/health and /-/metrics answer on the same port.",
          .options = std::move(options),
          .examples = {{"tokometer proxy", "Serve on 127.0.0.1:4141 and print each call"},
                       {"tokometer proxy --listen 127.0.0.1:8080 --panel", "Another port, a panel for each call"},
                       {"tokometer proxy --base-url http://127.0.0.1:8000 --type openai_compatible",
                        "One origin only, at any path"},
                       {"tokometer proxy --origin openai=http://127.0.0.1:8000", "Send OpenAI's calls elsewhere"}},
          .run = run_proxy};
}

}  // namespace tokometer::cli
