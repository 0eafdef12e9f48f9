// `tokometer run COMMAND`: a program whose calls come through a proxy, and what they used.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <iterator>
#include <limits>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "app/child.h"
#include "app/instance.h"
#include "app/interception.h"
#include "app/proxy_service.h"
#include "app/shared_proxy.h"
#include "app/tool_environment.h"
#include "app/upstream.h"
#include "cli/authority.h"
#include "cli/builtin.h"
#include "cli/environment.h"
#include "cli/health.h"
#include "cli/printer.h"
#include "cli/recorded.h"
#include "cli/report_file.h"
#include "cli/run_context.h"
#include "cli/run_reasons.h"
#include "cli/run_report.h"
#include "cli/running.h"
#include "cli/settings.h"
#include "client/tools.h"
#include "event/codec.h"
#include "event/journal_reader.h"
#include "net/certificate_authority.h"
#include "provider/registry.h"

namespace tokometer::cli {
namespace {

namespace fs = std::filesystem;

// Calls that the program broke off by ending: the proxy has noticed by then.
constexpr std::chrono::milliseconds kLastCallsWait(100);
// What our messages begin with.
constexpr std::string_view kOurName = "tokometer: ";
// The password where the proxy asks for none.
constexpr std::string_view kNoToken = "run";
// What may be said of the proxy that is started.
constexpr std::array<std::string_view, 6> kPassedSettings = {"intercept", "tunnel",         "origins",
                                                             "resolve",   "upstream_proxy", "no_proxy"};

// Settings that may be given to the proxy that is started.
std::vector<Option> passed_options() {
  std::vector<Option> options;
  for (Option& option : setting_options()) {
    if (std::ranges::find(kPassedSettings, option.setting) != kPassedSettings.end()) {
      options.push_back(std::move(option));
    }
  }
  return options;
}

// Starts a proxy with our settings, on any free port. What it says is worth reading only where it fails.
Result<void> start_proxy(const Arguments& arguments, const app::Config& config, const Environment& environment) {
  std::vector<std::string> options = option_words(arguments);
  options.emplace_back("--listen=127.0.0.1:0");
  const auto upstream = app::find_upstream(config, config.listen);
  // Going directly instead would be another way than the one that the user has set.
  if (!upstream) return fail(upstream.error());
  // Variables that lead to the proxy which usually serves here lead nowhere, as none does now.
  if (!upstream->remarks.empty() && !upstream->proxies.https && !upstream->proxies.http) {
    options.emplace_back("--upstream-proxy=none");
  }
  StringOutput said;
  Environment quiet{.out = environment.out,
                    .err = said,
                    .clock = environment.clock,
                    .log = environment.log,
                    .variable = environment.variable,
                    .program = environment.program};
  const auto started = start_in_background(config, options, quiet, app::RunBy::kRun);
  if (started) return {};
  std::string_view reason = said.text();
  if (reason.starts_with(kOurName)) reason.remove_prefix(kOurName.size());
  while (reason.ends_with('\n')) reason.remove_suffix(1);
  if (reason.empty()) return fail(started.error());
  return fail(started.error().code, fmt::format("the proxy did not start: {}", reason));
}

// Whether a proxy has the settings that are given, if any are. That of a run before may be there still, and have just
// those.
bool has_passed(const Arguments& arguments, const app::Status& status) {
  const auto& has = status.start.options;
  return std::ranges::all_of(without_place(option_words(arguments)),
                             [&](const std::string& word) { return std::ranges::find(has, word) != has.end(); });
}

// How a proxy that is there may be given what only a new one takes from us.
std::string_view remedy_for(app::RunBy run_by) {
  switch (run_by) {
    case app::RunBy::kRun:
      return "other programs use it: run this one without the option, when those have ended,";
    case app::RunBy::kTerminal:
      return "end it and start it with the option,";
    case app::RunBy::kSystemd:
    case app::RunBy::kLaunchd:
      return "write it to the settings file (`tokometer config init`) and restart it (`tokometer restart`),";
    case app::RunBy::kBackground:
      break;
  }
  return "give the option to that one (`tokometer restart`),";
}

// A proxy that somebody else has started has settings of its own, which are not ours to change.
Result<void> check_passed(const Arguments& arguments, const app::SharedProxy& proxy) {
  if (has_passed(arguments, proxy.status())) return {};
  for (const Arguments::Given& given : arguments.given()) {
    const Option& option = *given.option;
    if (std::ranges::find(kPassedSettings, option.setting) == kPassedSettings.end()) continue;
    return fail(ErrorCode::kUsage,
                fmt::format("--{}: the proxy on {} is there already, with settings of its own: {} or name another "
                            "folder by --data-dir",
                            option.name, proxy.address(), remedy_for(proxy.status().start.run_by)));
  }
  return {};
}

Result<app::SharedProxy> shared_proxy(const Arguments& arguments, const app::Config& config, Environment& environment) {
  auto proxy =
      app::SharedProxy::use(config, {.start = [&] { return start_proxy(arguments, config, environment); },
                                     .suits = [&](const app::Status& status) { return has_passed(arguments, status); },
                                     .say = [&](std::string_view what) { say_waiting(what, environment); }});
  if (!proxy) return proxy;
  if (auto checked = check_passed(arguments, *proxy); !checked) return fail(std::move(checked.error()));
  return proxy;
}

std::string proxy_url(const app::Config& config, const app::SharedProxy& proxy, const client::CallContext& context) {
  std::string token(kNoToken);
  // It may be there from a time when the proxy listened elsewhere.
  if (!std::ranges::all_of(proxy.status().listening, app::is_local_listener)) {
    if (auto given = app::find_proxy_token(config.data_dir)) token = std::move(*given);
  }
  return fmt::format("http://{}:{}@{}", client::user_of_context(context), token, proxy.address());
}

// What stands before a route.
std::string base_url(const std::string& address, const client::CallContext& context) {
  return fmt::format("http://{}/c/{}", address, client::encode_context(context));
}

// The environment as it is, with what the tool needs in the place of what was there.
std::vector<std::string> child_environment(const Environment& environment, const app::FilledTool& filled,
                                           const client::CallContext& context, const std::string& address) {
  std::vector<app::FilledTool::Variable> set = filled.environment;
  set.push_back({std::string(kContextVariable), client::to_json(context)});
  const std::string base = base_url(address, context);
  std::vector<std::string> lines;
  for (const std::string& name : environment.variable_names) {
    if (std::ranges::find(set, name, &app::FilledTool::Variable::name) != set.end()) continue;
    if (auto value = environment.variable(name)) {
      lines.push_back(fmt::format("{}={}", name, app::with_base(std::move(*value), address, base)));
    }
  }
  for (const auto& [name, value] : set) lines.push_back(fmt::format("{}={}", name, value));
  return lines;
}

// Shows the run's calls as they end.
class PanelShower {
 public:
  PanelShower(const app::Config& config, const ProgramRun& run, event::Position from, const RunReport& empty,
              Output& out)
      : reader_(app::journal_folder(config.data_dir), from), run_(run), report_(empty), out_(out) {}

  void show() {
    for (;;) {
      const auto record = reader_.next();
      if (!record || !*record) return;
      const auto event = event::decode(**record);
      if (!event || !client::is_within_run(event->run, run_.context.run)) continue;
      out_.write(call_panel(*event, out_.form()));
      report_.add(*event);
      if (report_.is_over_budget() && !std::exchange(told_, true)) {
        out_.write(out_.style().red(fmt::format("budget: {}, used up", report_.spent())) + "\n");
      }
      out_.flush();
    }
  }

 private:
  event::JournalReader reader_;
  const ProgramRun& run_;
  RunReport report_;
  Output& out_;
  bool told_ = false;
};

// Where in the journal what comes from now on stands, or before that.
event::Position journal_end(const app::Config& config, Environment& environment) {
  const auto store = open_recorded(config, environment);
  if (!store) return {};
  return (*store)->cursor().value_or(event::Position());
}

Result<void> add_calls(RunReport& report, const ProgramRun& run, const app::Config& config, Environment& environment) {
  std::this_thread::sleep_for(kLastCallsWait);
  const auto store = open_recorded(config, environment);
  if (!store) return store.error().code == ErrorCode::kNotFound ? Result<void>() : fail(store.error());
  return (*store)->query({.run = run.context.run}, store::Order::kOldestFirst, std::numeric_limits<std::size_t>::max(),
                         [&](const event::Event& event) {
                           report.add(event);
                           return true;
                         });
}

// The authority that the proxy uses, made if there is none: the proxy makes one for its first client that is
// intercepted, and ours has to be told of it before.
Result<void> prepare_authority(ProgramRun& run, const std::vector<std::string>& domains, const app::Config& config,
                               Log& log) {
  const auto authority = app::open_authority(fs::absolute(config.data_dir), domains, log);
  if (!authority) return fail(authority.error());
  run.uncovered = app::uncovered_domains((*authority)->info(), domains);
  return {};
}

// What makes an authority for all hosts that are to be intercepted. A proxy that the run has started is not there any
// more to be asked for them.
std::string rotate_command(const Arguments& arguments) {
  std::string command = "tokometer ca rotate";
  for (const Arguments::Given& given : arguments.given()) {
    if (given.option->setting != "intercept") continue;
    command += given.value.contains('*') ? fmt::format(" --intercept '{}'", given.value)
                                         : fmt::format(" --intercept {}", given.value);
  }
  return command;
}

Result<app::FilledTool> fill(const client::Tool& tool, ProgramRun& run, const app::SharedProxy& proxy,
                             const app::Config& config, const Environment& environment) {
  const auto registry = provider::Registry::load(embedded::providers(), config.config_dir / "providers");
  if (!registry) return fail(registry.error());
  app::ToolInputs inputs{.variable = environment.variable,
                         .proxy = proxy_url(config, proxy, run.context),
                         .address = proxy.address(),
                         .base = base_url(proxy.address(), run.context)};
  if (run.base_url_mode) return app::fill_tool(tool.base_url, inputs, **registry);
  const auto domains = wanted_domains(**registry, config);
  find_past(run, **registry, domains, environment);
  if (auto made = prepare_authority(run, domains, config, environment.log); !made) return fail(std::move(made.error()));
  const fs::path data_dir = fs::absolute(config.data_dir);
  const fs::path certificate = net::CertificateAuthority::certificate_path(app::authority_folder(data_dir));
  const app::TrustFiles trust(data_dir, certificate);
  inputs.trust = &trust;
  return app::fill_tool(tool.intercept, inputs, **registry);
}

Result<ExitCode> run_program(const Arguments& arguments, Environment& environment) {
  const auto config = load_settings(arguments, environment);
  if (!config) return fail(config.error());
  auto context = run_context(arguments, environment);
  if (!context) return fail(std::move(context.error()));
  const auto tools = client::Tools::load(embedded::tools(), config->config_dir / "tools");
  if (!tools) return fail(tools.error());
  const client::Tool tool = tools->of(arguments.positionals().front());
  std::optional<ReportFile> file;
  if (const auto path = arguments.value("json")) {
    if (*path == "-") {
      return fail(ErrorCode::kUsage, "--json -: standard output is the program's: name a file, or /dev/stderr");
    }
    auto opened = ReportFile::open(*path);
    if (!opened) return fail(opened.error().code, "--json: " + opened.error().message);
    file.emplace(std::move(*opened));
  }

  const auto proxy = shared_proxy(arguments, *config, environment);
  if (!proxy) return fail(proxy.error());
  ProgramRun run{.context = std::move(*context),
                 .command = {arguments.positionals().begin(), arguments.positionals().end()},
                 .started_at = environment.clock.now(),
                 .base_url_mode = arguments.has("base-url-mode"),
                 .note = tool.note,
                 .kept = {}};
  auto filled = fill(tool, run, *proxy, *config, environment);
  if (!filled) return fail(std::move(filled.error()));
  if (!run.uncovered.empty()) {
    run.rotate = rotate_command(arguments);
    if (!arguments.has("quiet")) {
      environment.err.print("tokometer: {}\n",
                            app::uncovered_text(run.uncovered, client::has_hard_budget(run.context)));
    }
  }
  run.kept = std::move(filled->kept);
  std::vector<std::string> words = run.command;
  words.insert(words.begin() + 1, filled->arguments.begin(), filled->arguments.end());

  RunReport report(run, environment.clock.steady());
  std::optional<PanelShower> panels;
  if (arguments.has("panel")) {
    panels.emplace(*config, run, journal_end(*config, environment), report, environment.err);
  }
  environment.out.flush();
  environment.err.flush();
  const pid_t process = proxy_process(*config);
  proxy->let_inherit();
  const app::HeldSignals held;
  const auto end = app::run_child(held, words, child_environment(environment, *filled, run.context, proxy->address()),
                                  panels ? [&] { panels->show(); } : std::function<void()>());
  // From here on a screen that has gone is no reason to lose the program's exit code.
  std::signal(SIGPIPE, SIG_IGN);
  if (!end) {
    environment.err.print("tokometer: {}\n", end.error().message);
    return static_cast<ExitCode>(end.error().code == ErrorCode::kNotFound ? app::kNoSuchCommand : app::kNotExecutable);
  }

  run.proxy = find_proxy_fate(*config, process, proxy->address());
  if (auto added = add_calls(report, run, *config, environment); !added) {
    environment.err.print("tokometer: {}\n", added.error().message);
  }
  if (!run.base_url_mode) find_unread(run, proxy->address(), config->data_dir);
  if (!run.base_url_mode && report.calls() == 0) find_node(run, environment);
  if (panels) panels->show();
  if (!arguments.has("quiet")) environment.err.write(report.render(environment.err.form(), environment.clock.steady()));
  if (file) {
    environment.err.flush();  // it may be the same
    // The exit code is the program's all the same.
    if (auto written = file->write(report.json(*end, environment.clock.steady())); !written) {
      environment.err.print("tokometer: --json: {}\n", written.error().message);
    }
  }
  return static_cast<ExitCode>(end->exit_code());
}

}  // namespace

Command run_command() {
  std::vector<Option> options = {
      {.name = "project",
       .type = OptionType::kText,
       .placeholder = "NAME",
       .help = "Book its calls under this project"},
      {.name = "tag", .type = OptionType::kText, .placeholder = "TAG", .help = "Mark its calls", .repeats = true},
      {.name = "budget",
       .type = OptionType::kText,
       .placeholder = "AMOUNT",
       .help = "Say when it has used so much: 5usd, 0.50usd, 500ktok, 2Mtok"},
      {.name = "hard", .help = "Refuse its calls once the budget is used up"},
      {.name = "base-url-mode", .help = "Set base URLs instead of taking TLS apart"},
      {.name = "panel", .help = "Show a panel after each call"},
      {.name = "json", .type = OptionType::kFile, .placeholder = "FILE", .help = "Write the sums there, as JSON"},
      {.name = "quiet", .letter = 'q', .help = "Show no sums"}};
  std::ranges::move(passed_options(), std::back_inserter(options));
  return {.name = "run",
          .summary = "Run a program and see what its calls used",
          .description =
              "Runs COMMAND so that its calls to LLM providers come through a proxy: the one that serves the data "
              "folder, else one that is started in the background and ends with its last program. TLS to the hosts of "
              "known providers is taken apart with this installation's own certificate authority, which only "
              "the program is told to trust; all other hosts pass as they are.\n\n"
              "Arguments, standard streams, terminal, signals and exit code are the program's own. Nothing is written "
              "while it runs, but for --panel; when it has ended, the sums come on standard error. Its calls can be "
              "found later by `tokometer events --run ID`.\n\n"
              "claude, codex, gemini, opencode, copilot and aider get what they need besides; data/tools/*.json "
              "in the configuration folder teaches it others.",
          .positionals =
              {{.name = "COMMAND", .help = "The program, found by PATH"},
               {.name = "ARGUMENT", .help = "Its own arguments, options too", .required = false, .repeats = true}},
          .options = std::move(options),
          .examples = {{"tokometer run claude", "A session of Claude Code, and what it cost"},
                       {"tokometer run --project shop --budget 5usd --hard -- python3 agent.py",
                        "An agent that may spend five dollars"},
                       {"tokometer run --base-url-mode --json usage.json -- ./nightly.sh",
                        "Without taking TLS apart; sums for another program"}},
          .run = run_program,
          .runs_command = true};
}

}  // namespace tokometer::cli
