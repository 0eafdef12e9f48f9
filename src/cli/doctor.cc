// `tokometer doctor`: what is wrong with the installation, and what to do about it.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <future>
#include <string>
#include <utility>
#include <vector>

#include "app/interception.h"
#include "app/settings.h"
#include "cli/builtin.h"
#include "cli/checks.h"
#include "cli/environment.h"
#include "cli/settings.h"
#include "cli/style.h"
#include "cli/table.h"
#include "json/writer.h"

namespace tokometer::cli {
namespace {

// In the order in which they are shown.
constexpr std::array kChecks = {check_proxy,      check_data,         check_authority,  check_system_trust,
                                check_node_trust, check_python_trust, check_curl_trust, check_java_trust,
                                check_variables,  check_clients};

Patient patient_of(const app::Config& config, const Environment& environment) {
  Patient patient{.config = config,
                  .environment = environment,
                  .running = app::find_instance(config.data_dir),
                  .health = fail(ErrorCode::kNotFound, "no proxy runs"),
                  .authority_folder = app::authority_folder(config.data_dir),
                  .authority = fail(ErrorCode::kNotFound, "there is none")};
  if (patient.running && patient.running->status && !patient.running->status->draining) {
    patient.health = ask_health(patient.running->status->listening, config.data_dir);
  }
  if (const auto authority = net::CertificateAuthority::find(patient.authority_folder)) {
    patient.authority = (*authority)->info();
  } else {
    patient.authority = fail(authority.error());
  }
  return patient;
}

// All checks side by side: those that ask other programs would take too long one after the other.
Findings examine(const Patient& patient) {
  std::vector<std::future<Findings>> running;
  running.reserve(kChecks.size());
  for (const auto check : kChecks) running.push_back(std::async(std::launch::async, check, std::cref(patient)));
  Findings findings;
  for (auto& one : running) {
    for (Finding& finding : one.get()) findings.push_back(std::move(finding));
  }
  return findings;
}

std::string_view verdict_name(Verdict verdict) {
  switch (verdict) {
    case Verdict::kWarn:
      return "warn";
    case Verdict::kFail:
      return "fail";
    case Verdict::kOk:
      break;
  }
  return "ok";
}

std::string findings_json(const Findings& findings, bool healthy) {
  std::string text;
  json::Writer writer(text);
  writer.begin_object().member("ok", healthy).name("checks").begin_array();
  for (const Finding& finding : findings) {
    writer.begin_object().member("name", finding.name).member("status", verdict_name(finding.verdict));
    writer.member("says", finding.says).member_unless_empty("remedy", finding.remedy).end_object();
  }
  writer.end_array().end_object();
  return text + '\n';
}

void print_findings(const Findings& findings, Output& out) {
  const Style style = out.style();
  std::size_t width = 0;
  for (const Finding& finding : findings) width = std::max(width, display_width(finding.name));
  for (const Finding& finding : findings) {
    const std::string mark = finding.verdict == Verdict::kOk     ? style.green("ok  ")
                             : finding.verdict == Verdict::kWarn ? style.yellow("warn")
                                                                 : style.red("FAIL");
    out.print("{}  {}  {}\n", mark, pad(finding.name, width), finding.says);
    if (!finding.remedy.empty()) out.print("      {}  {}\n", pad("", width), style.bold("-> " + finding.remedy));
  }
}

Result<ExitCode> run_doctor(const Arguments& arguments, Environment& environment) {
  const auto config = load_settings(arguments, environment);
  if (!config) return fail(config.error());
  Findings findings = examine(patient_of(*config, environment));
  for (const std::string& line : app::unknown_variables(settings_inputs(arguments, environment))) {
    findings.push_back({"settings", Verdict::kWarn, line, "unset it"});
  }
  if (!arguments.has("json")) findings = fold_distrust(std::move(findings));
  const auto count = [&](Verdict verdict) { return std::ranges::count(findings, verdict, &Finding::verdict); };
  const bool healthy = count(Verdict::kFail) == 0;
  if (arguments.has("json")) {
    environment.out.write(findings_json(findings, healthy));
  } else {
    print_findings(findings, environment.out);
    environment.out.print("\n{} ok, {} to look at, {} wrong\n", count(Verdict::kOk), count(Verdict::kWarn),
                          count(Verdict::kFail));
  }
  return healthy ? ExitCode::kOk : ExitCode::kFailed;
}

}  // namespace

Command doctor_command() {
  return {
      .name = "doctor",
      .summary = "Look for what is wrong, and say what to do about it",
      .description =
          "The proxy, its address and version; store, journal, disk, data folder and clock; the certificate authority, "
          "and whether the system, Node, Python, curl and Java trust it; variables of this shell that lead past the "
          "proxy or to a dead one; clients that refused our certificates. Nothing is changed, and nothing leaves this "
          "machine.\n\nExit codes: 0 if nothing is wrong, 1 if something is (FAIL). What is only to look at (warn) "
          "does not count.",
      .options = {{.name = "json", .help = "As one JSON object"}},
      .examples = {{"tokometer doctor", "When calls are not seen, or programs reach nothing"}},
      .run = run_doctor};
}

}  // namespace tokometer::cli
