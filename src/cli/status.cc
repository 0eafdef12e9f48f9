// `tokometer status`: whether a proxy runs on the data folder, and how it is.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/instance.h"
#include "app/interception.h"
#include "app/proxy_service.h"
#include "base/format.h"
#include "cli/authority.h"
#include "cli/builtin.h"
#include "cli/environment.h"
#include "cli/health.h"
#include "cli/recorded.h"
#include "cli/settings.h"
#include "cli/table.h"
#include "cli/time_range.h"
#include "cli/version.h"
#include "json/writer.h"
#include "store/totals.h"

namespace tokometer::cli {
namespace {

namespace fs = std::filesystem;

struct StatusReport {
  std::optional<app::Running> running;
  std::optional<Health> health;
  std::optional<std::int64_t> memory_bytes;
  std::optional<store::Totals> today;
  std::int64_t store_bytes = 0;             // with its write-ahead log
  std::vector<std::string> uncovered = {};  // that the authority was not made for
};

// What of a process's memory is its own and in RAM, in proc(5)'s words.
std::optional<std::int64_t> resident_bytes(pid_t pid) {
  std::ifstream stream(fmt::format("/proc/{}/status", pid));
  for (std::string line; std::getline(stream, line);) {
    constexpr std::string_view kName = "VmRSS:";
    if (!line.starts_with(kName)) continue;
    const std::size_t begin = line.find_first_of("0123456789");
    std::int64_t kib = 0;
    if (begin == std::string::npos) return std::nullopt;
    std::from_chars(line.data() + begin, line.data() + line.size(), kib);
    return kib * 1024;
  }
  return std::nullopt;
}

std::int64_t file_bytes(const fs::path& file) {
  std::error_code missing;
  const auto bytes = fs::file_size(file, missing);
  return missing ? 0 : static_cast<std::int64_t>(bytes);
}

std::optional<store::Totals> todays(const app::Config& config, const TimeZone& zone, Environment& environment) {
  std::error_code error;
  if (!fs::exists(app::store_file(config.data_dir), error)) return std::nullopt;
  const auto store = open_recorded(config, environment);
  const auto today = parse_moment("today", environment.clock.now(), zone);
  if (!store || !today) return std::nullopt;
  const auto rows = (*store)->report({.filter = {.since = *today}});
  if (!rows) return std::nullopt;
  return rows->empty() ? store::Totals() : rows->front().totals;
}

std::string_view run_by_text(app::RunBy run_by) {
  switch (run_by) {
    case app::RunBy::kBackground:
      return "in the background (tokometer up)";
    case app::RunBy::kSystemd:
      return "as a service of systemd";
    case app::RunBy::kLaunchd:
      return "as a service of launchd";
    case app::RunBy::kRun:
      return "as long as `tokometer run` needs it";
    case app::RunBy::kTerminal:
      break;
  }
  return "in a terminal";
}

std::string cost_text(const store::Totals& totals) {
  const bool unknown = totals.calls > 0 && totals.cost_missing == totals.calls;
  return format::usd(unknown ? std::nullopt : std::optional(totals.cost_picodollars()));
}

// Domains whose hosts pass unread, as the authority was not made for them.
std::vector<std::string> find_uncovered(const app::Config& config) {
  const auto authority = net::CertificateAuthority::find(app::authority_folder(config.data_dir));
  const auto wanted = wanted_domains(config);
  if (!authority || !wanted) return {};
  return app::uncovered_domains((*authority)->info(), *wanted);
}

// How many programs do not take our certificate, of those whose calls fail (`held`) or pass; empty: none.
std::string distrust_text(const Health& health, bool held, const TimeZone& zone) {
  std::set<std::string_view> programs;
  UtcTime until;
  for (const Health::Distrust& one : health.distrustful) {
    if (one.held != held) continue;
    programs.insert(one.client);
    until = std::max(until, one.until);
  }
  if (programs.empty()) return {};
  const bool one = programs.size() == 1;
  return fmt::format("{} our certificate: {} calls {}; see `tokometer doctor`",
                     one ? "1 program refuses" : fmt::format("{} programs refuse", programs.size()),
                     one ? "its" : "their",
                     held ? std::string("fail, as their run has a hard budget")
                          : fmt::format("pass unread until {} or `tokometer reload`", local_minute(until, zone)));
}

void write_distrust(const Health& health, json::Writer& writer) {
  writer.name("distrustful").begin_array();
  for (const Health::Distrust& one : health.distrustful) {
    writer.begin_object().member("client", one.client).member("host", one.host);
    writer.member("silent", one.silent).member("held", one.held).member("until", format_rfc3339(one.until));
    writer.end_object();
  }
  writer.end_array();
}

std::string status_json(const StatusReport& report, const app::Config& config) {
  std::string text;
  json::Writer writer(text);
  writer.begin_object().member("running", report.running.has_value());
  writer.member("data_dir", config.data_dir.string());
  if (report.running) {
    writer.member("pid", report.running->pid);
    if (const auto& status = report.running->status) {
      writer.name("listening").begin_array();
      for (const std::string& address : status->listening) writer.string(address);
      writer.end_array();
      writer.member("version", status->start.version).member("started_at", format_rfc3339(status->start.at));
      writer.member("run_by", app::name_of(status->start.run_by));
      writer.member_unless_empty("log_file", status->start.log_file);
      writer.member("draining", status->draining);
    }
    writer.member("memory_bytes", report.memory_bytes);
    if (report.health) {
      writer.member("health", report.health->status).member("open_calls", report.health->open_calls);
      writer.member("journal_lag_bytes", report.health->journal_lag_bytes);
      write_distrust(*report.health, writer);
    }
  }
  writer.name("uncovered").begin_array();
  for (const std::string& domain : report.uncovered) writer.string(domain);
  writer.end_array();
  writer.member("store_bytes", report.store_bytes);
  if (report.today) {
    writer.member("calls_today", report.today->calls);
  }
  writer.end_object();
  return text + '\n';
}

void print_report(const StatusReport& report, const app::Config& config, const TimeZone& zone,
                  Environment& environment) {
  Output& out = environment.out;
  const Style style = out.style();
  const auto row = [&](std::string_view name, std::string_view value) { out.print("{} {}\n", pad(name, 10), value); };
  if (!report.running) {
    row("proxy", style.red("not running"));
  } else if (!report.running->status) {
    row("proxy", fmt::format("process {}, which does not serve yet", report.running->pid));
  } else {
    const app::Status& status = *report.running->status;
    const auto uptime = std::chrono::floor<std::chrono::seconds>(environment.clock.now() - status.start.at);
    if (status.draining) {
      row("proxy", style.yellow(fmt::format("ending: {} still open", format::calls(status.open_calls))));
    } else if (!report.health) {
      row("proxy", style.red("runs, but does not answer: `tokometer doctor` looks closer"));
    } else if (report.health->status != "ok") {
      row("proxy", style.yellow("serves, but calls wait to be stored: `tokometer logs` says why"));
    } else {
      row("proxy", style.green("serves"));
    }
    row("address", fmt::format("{}", fmt::join(status.listening, ", ")));
    row("process", fmt::format("{}, {}", report.running->pid, run_by_text(status.start.run_by)));
    row("since", fmt::format("{}, {} ago", local_text(status.start.at, zone),
                             format::duration(std::max(uptime, std::chrono::seconds(1)))));
    const bool other = status.start.version != version();
    row("version",
        status.start.version +
            (other ? style.yellow(fmt::format(" (this program is {}: `tokometer restart`)", version())) : ""));
    if (report.health) row("open", format::calls(report.health->open_calls));
    if (report.memory_bytes) row("memory", format::bytes(*report.memory_bytes));
  }
  if (report.today) {
    row("today", fmt::format("{}, {}", format::calls(report.today->calls), cost_text(*report.today)));
  }
  row("store", fmt::format("{}, {}", format::bytes(report.store_bytes), app::store_file(config.data_dir).string()));
  if (report.running && report.running->status && !report.running->status->start.log_file.empty()) {
    row("log", report.running->status->start.log_file);
  }
  for (const bool held : {false, true}) {
    const std::string distrust = report.health ? distrust_text(*report.health, held, zone) : std::string();
    if (!distrust.empty()) row("refused", style.yellow(distrust));
  }
  if (!report.uncovered.empty()) row("unread", style.yellow(app::uncovered_text(report.uncovered)));
  if (!report.running) out.write("\nStart it by `tokometer up`.\n");
}

Result<ExitCode> run_status(const Arguments& arguments, Environment& environment) {
  const auto config = load_settings(arguments, environment);
  if (!config) return fail(config.error());
  const TimeZone zone = TimeZone::local(environment.variable("TZ"));
  StatusReport report;
  report.running = app::find_instance(config->data_dir);
  if (report.running) {
    report.memory_bytes = resident_bytes(report.running->pid);
    if (report.running->status && !report.running->status->draining) {
      if (auto health = ask_health(report.running->status->listening, config->data_dir))
        report.health = std::move(*health);
    }
  }
  report.uncovered = find_uncovered(*config);
  report.today = todays(*config, zone, environment);
  const fs::path store = app::store_file(config->data_dir);
  report.store_bytes = file_bytes(store) + file_bytes(store.string() + "-wal");
  if (arguments.has("json")) {
    environment.out.write(status_json(report, *config));
  } else {
    print_report(report, *config, zone, environment);
  }
  return report.running ? ExitCode::kOk : ExitCode::kNotRunning;
}

}  // namespace

Command status_command() {
  return {.name = "status",
          .summary = "Show whether a proxy runs, where, since when, and what it takes",
          .description = "Exit codes: 0 if one runs on this data folder, 3 if none does.",
          .options = {{.name = "json", .help = "As one JSON object"}},
          .examples = {{"tokometer status", "At a glance"},
                       {"tokometer status --json | jq .calls_today", "One figure, for a script"}},
          .run = run_status};
}

}  // namespace tokometer::cli
