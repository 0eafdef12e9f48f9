#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <filesystem>
#include <iterator>

#include "app/proxy_service.h"
#include "app/upstream.h"
#include "base/format.h"
#include "cli/checks.h"
#include "cli/time_range.h"
#include "cli/version.h"
#include "store/sqlite/sqlite_store.h"

namespace tokometer::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kLagWarn = std::int64_t{16} << 20;
constexpr std::uintmax_t kDiskFail = std::uintmax_t{100} << 20;
constexpr std::uintmax_t kDiskWarn = std::uintmax_t{1} << 30;
// A larger store would take longer to read than anybody waits for a doctor.
constexpr std::uintmax_t kStoreReadWhole = std::uintmax_t{64} << 20;
constexpr std::chrono::minutes kClockSlack{2};

Finding check_store(const app::Config& config) {
  const fs::path file = app::store_file(config.data_dir);
  std::error_code error;
  const auto size = fs::file_size(file, error);
  if (error) return {.name = "store", .says = "no calls are recorded yet"};
  const auto store = store::sqlite::open({.file = file, .read_only = true});
  if (!store && store.error().code == ErrorCode::kUnsupported) {
    return {"store", Verdict::kWarn, store.error().message,
            "`tokometer store check` brings an older file up to date; a newer one takes the program that wrote it"};
  }
  if (!store) {
    return {"store", Verdict::kFail, store.error().message,
            fmt::format("move {} away: calls are then recorded into a new one", file.string())};
  }
  const std::string where = fmt::format("{}, {}", format::bytes(static_cast<std::int64_t>(size)), file.string());
  if (size > kStoreReadWhole) {
    return {.name = "store", .says = where + "; large, so only opened: `tokometer store check` reads it whole"};
  }
  const auto report = (*store)->check(false);
  if (!report) return {"store", Verdict::kFail, report.error().message, "see `tokometer store check`"};
  if (!report->problems.empty()) {
    return {"store", Verdict::kFail, report->problems.front(), "see `tokometer store check`; keep a copy of the file"};
  }
  return {.name = "store", .says = fmt::format("{}, {}", format::calls(report->events), where)};
}

Finding check_disk(const fs::path& folder) {
  std::error_code error;
  fs::path place = folder;
  while (!fs::exists(place, error) && place.has_relative_path()) place = place.parent_path();
  const auto space = fs::space(place, error);
  if (error)
    return {"disk", Verdict::kWarn, fmt::format("{}: {}", place.string(), error.message()), "look at the disk"};
  const std::string says =
      fmt::format("{} free for {}", format::bytes(static_cast<std::int64_t>(space.available)), folder.string());
  constexpr std::string_view kRemedy =
      "free some, or `tokometer store purge --before 90d` and `tokometer store compact`";
  if (space.available < kDiskFail) return {"disk", Verdict::kFail, says, std::string(kRemedy)};
  if (space.available < kDiskWarn) return {"disk", Verdict::kWarn, says, std::string(kRemedy)};
  return {.name = "disk", .says = says};
}

Finding check_folder(const fs::path& folder) {
  struct stat now{};
  if (::stat(folder.c_str(), &now) != 0) {
    return {.name = "data folder", .says = fmt::format("{}, made by the first start", folder.string())};
  }
  if (now.st_uid != ::geteuid() || ::access(folder.c_str(), R_OK | W_OK | X_OK) != 0) {
    return {"data folder", Verdict::kFail,
            fmt::format("{} is not yours to write: calls are not recorded", folder.string()),
            fmt::format("sudo chown -R \"$(id -un)\" {}", folder.string())};
  }
  if ((now.st_mode & 077U) != 0) {
    return {"data folder", Verdict::kWarn,
            fmt::format("{} can be entered by others (mode {:o})", folder.string(), now.st_mode & 0777U),
            fmt::format("chmod 700 {}", folder.string())};
  }
  return {.name = "data folder", .says = fmt::format("{}, yours alone", folder.string())};
}

// A clock that was set back: events would have wrong times, certificates would not hold yet.
Finding check_clock(const Patient& patient) {
  const UtcTime now = patient.environment.clock.now();
  UtcTime newest;
  if (patient.running && patient.running->status) newest = patient.running->status->start.at;
  for (const fs::path& file : {app::store_file(patient.config.data_dir),
                               net::CertificateAuthority::certificate_path(patient.authority_folder)}) {
    struct stat written{};
    if (::stat(file.c_str(), &written) != 0) continue;
    newest = std::max(newest, UtcTime(std::chrono::seconds(written.st_mtim.tv_sec)));
  }
  if (patient.authority) newest = std::max(newest, patient.authority->not_before);
  const std::string says = format_rfc3339(now).substr(0, 19) + "Z";
  if (newest > now + kClockSlack) {
    return {"clock", Verdict::kWarn,
            fmt::format("{}, but files of ours were written at {}Z", says, format_rfc3339(newest).substr(0, 19)),
            "set the machine's clock (`timedatectl set-ntp true`)"};
  }
  return {.name = "clock", .says = says};
}

// A proxy that something else than this shell has started may not know of what this shell needs to reach the network.
Findings check_upstream(const Patient& patient) {
  Findings findings;
  for (const Health::Upstream& one : patient.health->upstream) {
    findings.push_back({.name = "upstream proxy",
                        .says = fmt::format("{} origins are reached through {} ({})", one.scheme,
                                            printable(one.address), printable(one.from))});
  }
  const auto here = app::find_upstream(patient.config, patient.running->status->listening);
  if (!here) {
    findings.push_back({"upstream proxy", Verdict::kWarn, here.error().message, "mend or unset it before a restart"});
  } else if (findings.empty() && here->proxies.https) {
    findings.push_back({"upstream proxy", Verdict::kWarn,
                        fmt::format("the proxy reaches origins directly, but this shell goes through {} ({})",
                                    here->proxies.https->text(), here->https_from),
                        "`tokometer restart` in this shell, or upstream_proxy in the configuration file"});
  } else if (findings.empty()) {
    findings.push_back({.name = "upstream proxy", .says = "none: origins are reached directly"});
  }
  return findings;
}

}  // namespace

// One finding, however many they are: what to do is the same.
Findings check_trust_of_clients(const Health& health, const TimeZone& zone) {
  constexpr std::size_t kShown = 5;
  std::vector<std::string> who;
  for (const Health::Distrust& one : health.distrustful) {
    std::string text =
        fmt::format("{} {} our certificate for {}: its calls there {}",
                    one.client.empty() ? "a client without a name" : printable(one.client),
                    one.silent ? "closes its connections on seeing" : "does not take", printable(one.host),
                    one.held ? std::string("fail, as its run has a hard budget")
                             : fmt::format("pass unread until {}", local_minute(one.until, zone)));
    who.push_back(std::move(text));
  }
  if (who.empty()) return {};
  const std::size_t more = who.size() - std::min(who.size(), kShown);
  who.resize(who.size() - more);
  std::string remedy =
      "start them by `tokometer run`, or set their base URLs; `tokometer ca install` for what goes by the system's "
      "store";
  if (!std::ranges::all_of(health.distrustful, &Health::Distrust::held)) {
    remedy +=
        "; then `tokometer reload` has them read at once, with any that have the same TLS library and User-Agent and "
        "so pass unread too";
  }
  return {{"trust of clients", Verdict::kWarn,
           fmt::format("{}{}", fmt::join(who, "; "), more == 0 ? "" : fmt::format("; and {} more", more)),
           std::move(remedy)}};
}

Findings check_proxy(const Patient& patient) {
  if (!patient.running) {
    return {
        {"proxy", Verdict::kFail, fmt::format("none runs on {}", patient.config.data_dir.string()), "tokometer up"}};
  }
  const app::Running& running = *patient.running;
  if (!running.status) {
    return {
        {"proxy", Verdict::kWarn, fmt::format("process {} does not serve yet", running.pid), "look again in a moment"}};
  }
  const app::Status& status = *running.status;
  if (status.draining) {
    return {{"proxy", Verdict::kWarn, fmt::format("process {} is ending: it takes no new calls", running.pid),
             "`tokometer up` when it has ended"}};
  }
  Findings findings;
  findings.push_back(
      {.name = "proxy", .says = fmt::format("process {}, {}", running.pid, name_of(status.start.run_by))});
  const std::string where = fmt::format("{}", fmt::join(status.listening, ", "));
  if (!patient.health) {
    findings.push_back({"address", Verdict::kFail, fmt::format("{}: {}", where, patient.health.error().message),
                        "tokometer restart; if that does not help, `tokometer logs`"});
    return findings;
  }
  findings.push_back({.name = "address", .says = where + " answers"});
  if (status.start.version != version()) {
    findings.push_back({"version", Verdict::kWarn,
                        fmt::format("the proxy is {}, this program {}", status.start.version, version()),
                        "tokometer restart"});
  } else {
    findings.push_back({.name = "version", .says = status.start.version});
  }
  if (!status.reload_ok) {
    findings.push_back({"settings", Verdict::kFail, "the last reload was refused: " + status.message,
                        "mend the file, then `tokometer reload`"});
  }
  std::ranges::move(check_upstream(patient), std::back_inserter(findings));
  const TimeZone zone = TimeZone::local(patient.environment.variable("TZ"));
  std::ranges::move(check_trust_of_clients(*patient.health, zone), std::back_inserter(findings));
  return findings;
}

Findings check_data(const Patient& patient) {
  Findings findings = {check_folder(patient.config.data_dir), check_store(patient.config)};
  if (patient.health) {
    const Health& health = *patient.health;
    if (!health.journal_ok) {
      findings.push_back({"journal", Verdict::kFail, "cannot be written: calls are not recorded",
                          "see `tokometer logs`, and the disk and data folder above"});
    } else if (!health.store_ok || health.journal_lag_bytes > kLagWarn) {
      findings.push_back({"journal", Verdict::kWarn,
                          fmt::format("{} of calls wait to be stored", format::bytes(health.journal_lag_bytes)),
                          "see `tokometer logs`: the store may be held or full"});
    } else {
      findings.push_back(
          {.name = "journal", .says = fmt::format("{} to be stored", format::bytes(health.journal_lag_bytes))});
    }
  }
  findings.push_back(check_disk(patient.config.data_dir));
  findings.push_back(check_clock(patient));
  return findings;
}

}  // namespace tokometer::cli
