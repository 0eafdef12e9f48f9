#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "app/interception.h"
#include "app/program.h"
#include "app/rc_file.h"
#include "app/rules.h"
#include "base/files.h"
#include "cli/checks.h"
#include "cli/no_proxy.h"
#include "cli/rc_files.h"
#include "client/tools.h"
#include "embedded/embedded.h"

namespace tokometer::cli {
namespace {

constexpr std::chrono::milliseconds kConnectLimit{500};

// "127.0.0.1:4141" of "http://user:password@localhost:4141/path"; nothing unless it is on this machine.
std::optional<std::string> local_address(std::string_view url) {
  if (const std::size_t scheme = url.find("://"); scheme != std::string_view::npos) url.remove_prefix(scheme + 3);
  url = url.substr(0, url.find('/'));
  if (const std::size_t at = url.rfind('@'); at != std::string_view::npos) url.remove_prefix(at + 1);
  const std::size_t colon = url.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const std::string_view host = url.substr(0, colon);
  const std::string_view port = url.substr(colon);
  if (host == "localhost" || host.starts_with("127.")) {
    return fmt::format("{}{}", host == "localhost" ? "127.0.0.1" : host, port);
  }
  if (host == "[::1]") return std::string(url);
  return std::nullopt;
}

// The verb of one name, or of several with blanks between them.
std::string_view lead(std::string_view names) { return names.contains(' ') ? "lead" : "leads"; }

enum class Leads { kToUs, kToOther, kNowhere };

Leads leads(const Patient& patient, const std::string& address) {
  if (patient.running && patient.running->status) {
    for (const std::string& listening : patient.running->status->listening) {
      const auto url = app::local_url({listening});
      if (url && local_address(*url) == address) return Leads::kToUs;
    }
  }
  const auto health = ask_health({address}, {}, kConnectLimit);
  if (health) return Leads::kToUs;
  return health.error().code == ErrorCode::kInvalid || health.error().code == ErrorCode::kTimeout ? Leads::kToOther
                                                                                                  : Leads::kNowhere;
}

Findings check_proxy_variables(const Patient& patient) {
  constexpr std::array<std::string_view, 6> kNames = {"HTTPS_PROXY", "https_proxy", "HTTP_PROXY",
                                                      "http_proxy",  "ALL_PROXY",   "all_proxy"};
  Findings findings;
  std::string ours;
  std::string dead;
  std::string dead_address;
  for (const std::string_view name : kNames) {
    const auto value = patient.environment.variable(name);
    if (!value || value->empty()) continue;
    const auto address = local_address(*value);
    if (!address) {
      // The value may hold a password.
      findings.push_back({.name = std::string(name), .says = "leads to a proxy on another machine, not to us"});
      continue;
    }
    switch (leads(patient, *address)) {
      case Leads::kToUs:
        ours += (ours.empty() ? "" : ", ") + std::string(name);
        break;
      case Leads::kToOther:
        findings.push_back(
            {.name = std::string(name), .says = fmt::format("leads to another program on {}", *address)});
        break;
      case Leads::kNowhere:
        dead += (dead.empty() ? "" : " ") + std::string(name);
        dead_address = *address;
        break;
    }
  }
  if (!dead.empty()) {
    findings.push_back({"proxy variables", Verdict::kFail,
                        fmt::format("{} {} to {}, where nothing listens: programs started here reach nothing", dead,
                                    lead(dead), dead_address),
                        fmt::format("unset {}; `tokometer install` sets them only while a proxy lives", dead)});
  }
  if (!ours.empty()) {
    findings.push_back({.name = "proxy variables", .says = fmt::format("{} {} to us", ours, lead(ours))});
  } else if (findings.empty()) {
    findings.push_back({.name = "proxy variables",
                        .says = "none in this shell: programs come to us by `tokometer run`, base URLs, or after "
                                "`tokometer install`"});
  }
  return findings;
}

// Entries of NO_PROXY that lead programs past us to hosts that we should see.
Findings check_no_proxy(const Patient& patient) {
  if (no_proxy_of(patient.environment).empty()) return {};
  const auto rules = app::load_rules(patient.config.config_dir);
  if (!rules) return {{"provider files", Verdict::kFail, rules.error().message, "mend the file"}};
  const provider::Registry& providers = *(*rules)->providers;
  const auto passed =
      hosts_past_us(patient.environment, providers, app::intercepted_domains(providers, patient.config));
  if (passed.empty()) return {};
  return {{"NO_PROXY", Verdict::kWarn, fmt::format("leads calls past us: {}", fmt::join(passed, ", ")),
           std::string(kNoProxyRemedy)}};
}

// Base URLs on this machine where nothing listens any more.
Findings check_base_urls(const Patient& patient) {
  Findings findings;
  for (const std::string& name : patient.environment.variable_names) {
    const bool is_base = name.ends_with("_BASE_URL") || name.ends_with("_API_BASE") || name.ends_with("_ENDPOINT") ||
                         name.ends_with("_API_URL");
    const auto value = is_base ? patient.environment.variable(name) : std::nullopt;
    const auto address = value ? local_address(*value) : std::nullopt;
    if (!address) continue;
    switch (leads(patient, *address)) {
      case Leads::kNowhere:
        findings.push_back({name, Verdict::kFail, fmt::format("leads to {}, where nothing listens", *address),
                            fmt::format("unset {}, or start what should listen there (`tokometer up`)", name)});
        break;
      case Leads::kToUs:
        findings.push_back({.name = name, .says = "leads to us"});
        break;
      case Leads::kToOther:
        break;
    }
  }
  return findings;
}

// How the calls of a program that is installed get here.
std::string client_text(const client::Tools& tools, const std::string& command, const std::string& file) {
  const client::Tool tool = tools.of(command);
  std::string text = fmt::format("{}: `tokometer run {}`", file, command);
  if (!tool.note.empty()) text += "; " + tool.note;
  return text;
}

}  // namespace

Findings check_variables(const Patient& patient) {
  Findings findings = check_proxy_variables(patient);
  for (Findings (*const check)(const Patient&) : {check_no_proxy, check_base_urls}) {
    for (Finding& finding : check(patient)) findings.push_back(std::move(finding));
  }
  return findings;
}

Findings check_clients(const Patient& patient) {
  Findings findings;
  std::string installed;
  for (const app::Shell shell : kAllShells) {
    const auto file = rc_file_of(shell, patient.environment);
    const auto content = read_file(file);
    if (content && app::has_block(*content)) installed += (installed.empty() ? "" : ", ") + file.string();
  }
  findings.push_back({.name = "shells",
                      .says = installed.empty() ? "not set up: `tokometer install` has new shells use the "
                                                  "proxy while it lives"
                                                : "set up in " + installed});
  const auto tools = client::Tools::load(embedded::tools(), patient.config.config_dir / "tools");
  if (!tools) {
    findings.push_back({"tools", Verdict::kFail, tools.error().message, "mend the file"});
    return findings;
  }
  for (const client::Tool& tool : tools->all()) {
    for (const std::string& command : tool.commands) {
      const auto file = app::find_program(command, patient.environment.variable("PATH").value_or(""));
      if (!file) continue;
      findings.push_back({.name = tool.name, .says = client_text(*tools, command, *file)});
      break;
    }
  }
  return findings;
}

}  // namespace tokometer::cli
