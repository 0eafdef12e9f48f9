// `tokometer ca`: the certificate authority of this installation, and who trusts it.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "app/authority_rotation.h"
#include "app/instance.h"
#include "app/interception.h"
#include "app/trust_store.h"
#include "base/files.h"
#include "base/format.h"
#include "cli/authority.h"
#include "cli/builtin.h"
#include "cli/environment.h"
#include "cli/running.h"
#include "cli/settings.h"
#include "cli/table.h"
#include "cli/time_range.h"
#include "json/writer.h"
#include "net/certificate_authority.h"

namespace tokometer::cli {
namespace {

namespace fs = std::filesystem;

// The authority, made if there is none yet.
Result<std::unique_ptr<net::CertificateAuthority>> authority_for(const app::Config& config, Log& log) {
  const auto domains = wanted_domains(config);
  if (!domains) return fail(domains.error());
  return app::open_authority(config.data_dir, *domains, log);
}

// The first of many.
std::string permitted_text(const std::vector<std::string>& permitted) {
  constexpr std::size_t kShown = 6;
  std::string text;
  for (std::size_t i = 0; i < std::min(kShown, permitted.size()); ++i) text += (i == 0 ? "" : ", ") + permitted[i];
  if (kShown < permitted.size()) text += fmt::format(" and {} more (--json has them)", permitted.size() - kShown);
  return text;
}

Result<ExitCode> run_show(const Arguments& arguments, Environment& environment) {
  const auto config = load_settings(arguments, environment);
  if (!config) return fail(config.error());
  const auto authority = authority_for(*config, environment.log);
  if (!authority) return fail(authority.error());
  const auto domains = wanted_domains(*config);
  if (!domains) return fail(domains.error());
  const auto& info = (*authority)->info();
  const fs::path folder = app::authority_folder(config->data_dir);
  const auto earlier = app::earlier_certificates(folder, environment.clock.now());
  if (arguments.has("json")) {
    std::string text;
    json::Writer writer(text);
    writer.begin_object().member("name", info.name).member("sha256", info.fingerprint);
    writer.member("not_before", format_rfc3339(info.not_before)).member("not_after", format_rfc3339(info.not_after));
    writer.member("certificate", net::CertificateAuthority::certificate_path(folder).string());
    writer.member("any_host", info.permitted.empty());
    writer.name("permitted").begin_array();
    for (const std::string& domain : info.permitted) writer.string(domain);
    writer.end_array().name("earlier").begin_array();
    for (const app::EarlierCertificate& one : earlier) {
      writer.begin_object().member("name", one.info.name).member("certificate", one.file.string());
      writer.member("not_after", format_rfc3339(one.info.not_after)).end_object();
    }
    writer.end_array().end_object();
    environment.out.print("{}\n", text);
    return ExitCode::kOk;
  }
  const TimeZone zone = TimeZone::local(environment.variable("TZ"));
  const auto row = [&](std::string_view name, std::string_view value) {
    environment.out.print("{} {}\n", pad(name, 12), value);
  };
  row("name", environment.out.style().bold(info.name));
  row("certificate", net::CertificateAuthority::certificate_path(folder).string());
  row("key", net::CertificateAuthority::key_path(folder).string() + ", which never leaves this machine");
  row("SHA-256", info.fingerprint);
  row("good until", local_text(info.not_after, zone));
  row("good for", info.permitted.empty() ? "any host" : permitted_text(info.permitted));
  if (const std::string unlimited = app::unlimited_text(info, *domains); !unlimited.empty()) {
    row("warning", environment.out.style().yellow(unlimited));
  }
  for (const app::EarlierCertificate& one : earlier) {
    row("earlier",
        fmt::format("{}, until {}: {}", one.info.name, local_text(one.info.not_after, zone), one.file.string()));
  }
  return ExitCode::kOk;
}

Result<ExitCode> run_export(const Arguments& arguments, Environment& environment) {
  const auto config = load_settings(arguments, environment);
  if (!config) return fail(config.error());
  const auto authority = authority_for(*config, environment.log);
  if (!authority) return fail(authority.error());
  const auto file = arguments.value("output");
  if (!file) {
    environment.out.write((*authority)->pem());
    return ExitCode::kOk;
  }
  if (auto written = replace_file(fs::path(*file), (*authority)->pem()); !written) return fail(written.error());
  environment.out.print("{}: written\n", *file);
  return ExitCode::kOk;
}

// Those of the plans that --only leaves.
std::vector<app::TrustPlan> chosen_plans(std::vector<app::TrustPlan> plans, const Arguments& arguments) {
  if (const auto only = arguments.value("only")) {
    std::erase_if(plans, [&](const app::TrustPlan& plan) { return plan.needs_root != (*only == "system"); });
  }
  return plans;
}

// A plan as commands for the user to type.
void print_commands(const app::TrustPlan& plan, Output& out) {
  for (const app::TrustStep& step : plan.steps) {
    out.print("    {}{}\n", plan.needs_root ? "sudo " : "", app::shell_line(step));
  }
}

// Shows or carries out; false where something is left to do.
Result<bool> handle(const app::TrustPlan& plan, bool dry, std::string_view done_already, std::string_view done_now,
                    Environment& environment) {
  Output& out = environment.out;
  if (!plan.missing.empty()) {
    out.print("{}: needs {}\n", plan.title, plan.missing);
    return false;
  }
  if (plan.done) {
    out.print("{}: {}\n", plan.title, done_already);
    return true;
  }
  if (dry) {
    out.print("{}: would be changed by\n", plan.title);
    print_commands(plan, out);
    return true;
  }
  if (plan.needs_root && geteuid() != 0) {
    out.print("{}: root is needed; this does it:\n", plan.title);
    print_commands(plan, out);
    return false;
  }
  if (auto carried = app::carry_out(plan); !carried) {
    return fail(carried.error().code, fmt::format("{}: {}", plan.title, carried.error().message));
  }
  out.print("{}: {}\n", plan.title, done_now);
  return true;
}

Result<ExitCode> run_ca_install(const Arguments& arguments, Environment& environment) {
  const auto config = load_settings(arguments, environment);
  if (!config) return fail(config.error());
  const auto authority = authority_for(*config, environment.log);
  if (!authority) return fail(authority.error());
  if (app::is_rotating(config->data_dir)) {
    // The file has both, and a store would take either or both.
    return fail(ErrorCode::kInvalid,
                "a rotation goes on or was cut short: `tokometer restart` ends it, or another `tokometer ca rotate`");
  }
  const auto stores = app::TrustStores::load();
  if (!stores) return fail(stores.error());
  const fs::path folder = app::authority_folder(config->data_dir);
  const app::TrustedCertificate ours{net::CertificateAuthority::certificate_path(folder), (*authority)->info().name};
  const auto plans = chosen_plans(stores->install_plans(trust_surroundings(environment), ours), arguments);
  if (arguments.value("only") != "browsers" && (plans.empty() || !plans.front().needs_root)) {
    environment.out.print("the system's store: of no kind that is known here; the certificate is {}\n",
                          ours.file.string());
  }
  bool all = !plans.empty() || arguments.has("only");
  for (const app::TrustPlan& plan : plans) {
    const auto handled = handle(plan, arguments.has("dry-run"), "trusts it already", "trusts it now", environment);
    if (!handled) return fail(handled.error());
    all = all && *handled;
  }
  return all ? ExitCode::kOk : ExitCode::kFailed;
}

Result<ExitCode> run_ca_uninstall(const Arguments& arguments, Environment& environment) {
  const auto config = load_settings(arguments, environment);
  if (!config) return fail(config.error());
  const auto stores = app::TrustStores::load();
  if (!stores) return fail(stores.error());
  const fs::path folder = app::authority_folder(config->data_dir);
  std::vector<app::TrustedCertificate> ours;
  const fs::path current = net::CertificateAuthority::certificate_path(folder);
  if (const auto info = net::CertificateAuthority::read(current)) ours.push_back({current, info->name});
  for (const app::EarlierCertificate& one : app::earlier_certificates(folder, UtcTime()))
    ours.push_back({one.file, one.info.name});
  if (ours.empty()) {
    environment.out.write("there is no certificate authority, so that nobody trusts it\n");
    return ExitCode::kOk;
  }
  bool all = true;
  for (const app::TrustedCertificate& one : ours) {
    for (const app::TrustPlan& plan :
         chosen_plans(stores->uninstall_plans(trust_surroundings(environment), one), arguments)) {
      if (plan.done && &one != &ours.front()) continue;
      const auto handled = handle(plan, arguments.has("dry-run"), "does not have it",
                                  fmt::format("no longer has {}", one.name), environment);
      if (!handled) return fail(handled.error());
      all = all && *handled;
    }
  }
  return all ? ExitCode::kOk : ExitCode::kFailed;
}

// Has the proxy that runs read its authority again, with its settings. One that ends meanwhile needs none.
Result<void> tell_proxy(const app::Config& config, Environment& environment) {
  const auto running = app::find_instance(config.data_dir);
  if (!running) return {};
  const auto reloaded = reload_running(config, *running, environment);
  if (reloaded) {
    environment.out.print("process {} uses it\n", running->pid);
    return {};
  }
  const auto now = app::find_instance(config.data_dir);
  if (!now || now->pid != running->pid || (now->status && now->status->draining)) return {};
  return fail(reloaded.error().code, fmt::format("process {} still uses the old one, and programs trust both: {}",
                                                 running->pid, reloaded.error().message));
}

Result<ExitCode> run_rotate(const Arguments& arguments, Environment& environment) {
  const auto config = load_settings(arguments, environment);
  if (!config) return fail(config.error());
  const auto domains = wanted_domains(*config);
  if (!domains) return fail(domains.error());
  const auto rotated = app::rotate_authority(config->data_dir, *domains, [&](const auto& made) {
    environment.out.print("{} is the certificate authority now\n", made.name);
    if (const std::string unlimited = app::unlimited_text(made, *domains); !unlimited.empty()) {
      environment.log.warn("{}", unlimited);
    }
    return tell_proxy(*config, environment);
  });
  if (!rotated) return fail(rotated.error());
  environment.out.write(
      "Programs that run already trust the old one until they are started again; open shells need nothing. Stores of "
      "the system and of browsers trust it by `tokometer ca install`; files made by `ca export` are of the old one.\n");
  return ExitCode::kOk;
}

}  // namespace

Command ca_command() {
  const Option json{.name = "json", .help = "As one JSON object"};
  const Option dry{.name = "dry-run", .help = "Only say what would be done, command by command"};
  std::vector<Option> intercept = setting_options();
  std::erase_if(intercept, [](const Option& option) { return option.setting != "intercept"; });
  const Option only{.name = "only",
                    .type = OptionType::kChoice,
                    .placeholder = "WHICH",
                    .help = "Only the system's store, or only those of browsers",
                    .choices = {"system", "browsers"}};
  return {
      .name = "ca",
      .summary = "The certificate authority of this installation, and who trusts it",
      .description =
          "To read the calls of programs that have no base URL to set, the proxy vouches for LLM hosts itself; "
          "programs must trust its certificate authority for that. `tokometer run`, `install` and `env` tell programs "
          "by variables; the stores of the system and of browsers are changed by `ca install` only. It is made when "
          "first used, and its key never leaves this machine.",
      .subcommands = {
          {.name = "show",
           .summary = "Show its name, fingerprint, hosts and files",
           .options = {json},
           .run = run_show},
          {.name = "export",
           .summary = "Print its certificate in PEM form",
           .options = {{.name = "output",
                        .letter = 'o',
                        .type = OptionType::kFile,
                        .placeholder = "FILE",
                        .help = "Write it to FILE"}},
           .examples = {{"tokometer ca export -o tokometer.pem", "For another machine or container"}},
           .run = run_export},
          {.name = "install",
           .summary = "Have the system and browsers trust it",
           .description =
               "The system's store of Debian, RHEL, SUSE, Arch and their relatives and of macOS, which takes root: "
               "without it, the commands are shown. And each profile of Firefox, Thunderbird and Chromium, by "
               "certutil.\n\nExit codes: 0 if all trust it, 1 if something is left to do.",
           .options = {dry, only},
           .examples = {{"tokometer ca install --dry-run", "See what it takes"},
                        {"tokometer ca install", "Do what can be done as this user"}},
           .run = run_ca_install},
          {.name = "uninstall",
           .summary = "Take it out of all those stores, earlier ones too",
           .options = {dry, only},
           .run = run_ca_uninstall},
          {.name = "rotate",
           .summary = "Make a new one in its place",
           .description =
               "It is good for the hosts of the providers, of the settings and of the proxy that runs, and for those "
               "of --intercept. The old key is gone then; the proxy that runs uses the new one at once, and files of "
               "certificates to which `tokometer env`, `install` and `run` led programs have it. Until the proxy uses "
               "it they have both, so that programs which start meanwhile lose no call; where it is cut short that "
               "stays so, until the next rotation or start of a proxy. The old certificate stays listed by `ca show` "
               "until it expires, for `ca uninstall` to take out of the stores.",
           .options = std::move(intercept),
           .examples = {{"tokometer ca rotate --intercept llm.example",
                         "Before `tokometer run --intercept llm.example`"}},
           .run = run_rotate}}};
}

}  // namespace tokometer::cli
