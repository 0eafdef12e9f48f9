#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <utility>

#include "app/authority_rotation.h"
#include "app/interception.h"
#include "app/program.h"
#include "base/files.h"
#include "cli/authority.h"
#include "cli/checks.h"
#include "cli/style.h"

namespace tokometer::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::milliseconds kAnswerLimit{1500};
constexpr std::chrono::hours kExpiresSoon{24 * 30};
constexpr std::string_view kBeginCertificate = "-----BEGIN CERTIFICATE-----";

std::optional<std::string> program_of(const Patient& patient, std::string_view name) {
  return app::find_program(name, patient.environment.variable("PATH").value_or(""));
}

std::string certificate_file(const Patient& patient) {
  return net::CertificateAuthority::certificate_path(patient.authority_folder).string();
}

// Whether the file holds our certificate, as text; certificates in PEM form have one form only.
bool holds_ours(const Patient& patient, const fs::path& file) {
  const auto ours = read_file(certificate_file(patient));
  const auto content = read_file(file);
  if (!ours || !content) return false;
  const std::size_t begin = ours->find(kBeginCertificate);
  const std::size_t end = ours->rfind("-----END CERTIFICATE-----");
  if (begin == std::string::npos || end == std::string::npos) return false;
  return content->find(ours->substr(begin, end - begin)) != std::string::npos;
}

// The first of `names` that is set decides, as it does for the program.
std::optional<std::pair<std::string, bool>> by_variable(const Patient& patient,
                                                        std::initializer_list<std::string_view> names) {
  for (const std::string_view name : names) {
    const auto value = patient.environment.variable(name);
    if (value && !value->empty()) return std::pair(std::string(name), holds_ours(patient, *value));
  }
  return std::nullopt;
}

// openssl by itself, without variables that point it elsewhere.
std::optional<bool> system_trusts(const Patient& patient) {
  const auto openssl = program_of(patient, "openssl");
  if (!openssl) return std::nullopt;
  const auto asked =
      app::run_program({*openssl, "verify", certificate_file(patient)},
                       {.limit = kAnswerLimit, .variables = {{"SSL_CERT_FILE", ""}, {"SSL_CERT_DIR", ""}}});
  if (!asked) return std::nullopt;
  return asked->exit_code == 0;
}

constexpr std::string_view kByVariables =
    "start programs by `tokometer run`, or `tokometer install` and open a new shell; base URLs need no trust";

Finding distrusts(std::string name, std::string says) {
  return {std::move(name), Verdict::kWarn, std::move(says), std::string(kByVariables), true};
}

// The file that clients are told to trust, beside the one that we work with.
Finding check_certificate_file(const Patient& patient) {
  const fs::path file = certificate_file(patient);
  const std::string_view remedy = "`tokometer ca show` writes it anew";
  const auto wrong = [&](std::string says) {
    return Finding{"certificate file", Verdict::kFail, std::move(says), std::string(remedy)};
  };
  const auto content = read_file(file);
  if (!content && content.error().code == ErrorCode::kNotFound) {
    return wrong(fmt::format("{} is missing: no client can trust us", file.string()));
  }
  if (app::is_rotating(patient.config.data_dir)) {
    return {"certificate file", Verdict::kWarn,
            fmt::format("{} holds the certificates of a rotation, which goes on or was cut short", file.string()),
            "`tokometer restart` ends it, or another `tokometer ca rotate`"};
  }
  const auto read = net::CertificateAuthority::read(file);
  if (!content || !read) return wrong(content ? read.error().message : content.error().message);
  if (read->fingerprint != patient.authority->fingerprint) {
    return wrong(
        fmt::format("{} holds another certificate ({}) than that of our key", file.string(), printable(read->name)));
  }
  if (content->find(kBeginCertificate) != content->rfind(kBeginCertificate)) {
    return {"certificate file", Verdict::kFail,
            fmt::format("{} holds more than our certificate: who trusts it trusts those too", file.string()),
            fmt::format("rm {}; {}", file.string(), remedy)};
  }
  return {.name = "certificate file", .says = file.string()};
}

std::optional<Finding> check_coverage(const Patient& patient) {
  constexpr std::string_view kRotate = "tokometer ca rotate, then `tokometer ca install` if that was done before";
  const auto wanted = wanted_domains(patient.config);
  if (!wanted) return std::nullopt;
  if (std::string unlimited = app::unlimited_text(*patient.authority, *wanted); !unlimited.empty()) {
    return Finding{"interception", Verdict::kWarn, std::move(unlimited),
                   fmt::format("{}{}", wanted->empty() ? "name domains in `intercept` (*.x.com), then " : "", kRotate)};
  }
  const auto uncovered = app::uncovered_domains(*patient.authority, *wanted);
  if (uncovered.empty()) return std::nullopt;
  return Finding{"interception", Verdict::kWarn, app::uncovered_text(uncovered), std::string(kRotate)};
}

}  // namespace

Findings check_authority(const Patient& patient) {
  if (!patient.authority) {
    if (patient.authority.error().code == ErrorCode::kNotFound) {
      return {{.name = "certificates", .says = "no authority yet: made when first needed, or by `tokometer ca show`"}};
    }
    return {{"certificates", Verdict::kFail, patient.authority.error().message, "tokometer ca rotate"}};
  }
  Findings findings;
  const auto& info = *patient.authority;
  const UtcTime now = patient.environment.clock.now();
  const std::string until = format_rfc3339(info.not_after).substr(0, 10);
  if (info.not_after <= now) {
    findings.push_back({"certificates", Verdict::kFail, fmt::format("{} expired on {}", info.name, until),
                        "tokometer ca rotate, then `tokometer ca install`"});
  } else if (info.not_after <= now + kExpiresSoon) {
    findings.push_back({"certificates", Verdict::kWarn, fmt::format("{} expires on {}", info.name, until),
                        "tokometer ca rotate, then `tokometer ca install`"});
  } else {
    findings.push_back({.name = "certificates", .says = fmt::format("{}, good until {}", info.name, until)});
  }
  findings.push_back(check_certificate_file(patient));
  if (auto finding = check_coverage(patient)) findings.push_back(std::move(*finding));
  const std::string key = net::CertificateAuthority::key_path(patient.authority_folder).string();
  struct stat now_file{};
  if (::stat(key.c_str(), &now_file) == 0 && (now_file.st_mode & 077U) != 0) {
    findings.push_back({"key", Verdict::kFail,
                        fmt::format("{} can be read by others (mode {:o})", key, now_file.st_mode & 0777U),
                        fmt::format("chmod 600 {}; if others had the chance, `tokometer ca rotate`", key)});
  } else {
    findings.push_back({.name = "key", .says = "yours alone (mode 600)"});
  }
  return findings;
}

Findings check_system_trust(const Patient& patient) {
  if (!patient.authority) return {};
  const auto trusts = system_trusts(patient);
  if (!trusts) return {};
  if (*trusts) return {{.name = "system", .says = "trusts our certificates"}};
  return {{"system", Verdict::kWarn, "does not trust our certificates",
           "`tokometer ca install`, for programs that heed no variable; others do without", true}};
}

Findings check_node_trust(const Patient& patient) {
  if (!patient.authority || !program_of(patient, "node")) return {};
  const auto found = by_variable(patient, {"NODE_EXTRA_CA_CERTS"});
  if (found && found->second) return {{.name = "Node", .says = "trusts our certificates, by NODE_EXTRA_CA_CERTS"}};
  return {distrusts("Node", found ? "NODE_EXTRA_CA_CERTS names a file without our certificate"
                                  : "knows only its own roots: NODE_EXTRA_CA_CERTS is not set in this shell")};
}

Findings check_python_trust(const Patient& patient) {
  if (!patient.authority) return {};
  auto python = program_of(patient, "python3");
  if (!python) python = program_of(patient, "python");
  if (!python) return {};
  if (const auto found = by_variable(patient, {"REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"})) {
    if (found->second) return {{.name = "Python", .says = fmt::format("trusts our certificates, by {}", found->first)}};
    return {distrusts("Python", fmt::format("{} names a file without our certificate", found->first))};
  }
  // requests, httpx and most SDKs go by certifi, where it is.
  const auto asked =
      app::run_program({*python, "-c", "import certifi; print(certifi.where())"}, {.limit = kAnswerLimit});
  if (asked && asked->exit_code == 0) {
    std::string file = asked->out.substr(0, asked->out.find('\n'));
    if (holds_ours(patient, file)) return {{.name = "Python", .says = "trusts our certificates, by certifi"}};
    return {
        distrusts("Python", "goes by certifi's roots: REQUESTS_CA_BUNDLE and SSL_CERT_FILE are not set in this shell")};
  }
  if (system_trusts(patient).value_or(false))
    return {{.name = "Python", .says = "trusts our certificates, as the system does"}};
  return {distrusts("Python", "does not trust our certificates: SSL_CERT_FILE is not set in this shell")};
}

Findings check_curl_trust(const Patient& patient) {
  if (!patient.authority || !program_of(patient, "curl")) return {};
  const auto found = by_variable(patient, {"CURL_CA_BUNDLE", "SSL_CERT_FILE"});
  if (found && found->second)
    return {{.name = "curl", .says = fmt::format("trusts our certificates, by {}", found->first)}};
  if (found) return {distrusts("curl", fmt::format("{} names a file without our certificate", found->first))};
  if (system_trusts(patient).value_or(false))
    return {{.name = "curl", .says = "trusts our certificates, as the system does"}};
  return {distrusts("curl", "does not trust our certificates: CURL_CA_BUNDLE is not set in this shell")};
}

Findings check_java_trust(const Patient& patient) {
  if (!patient.authority || !program_of(patient, "java")) return {};
  // Not "Java", as the program `java` has a line of its own.
  constexpr std::string_view kName = "Java's store";
  const auto keytool = program_of(patient, "keytool");
  if (!keytool) return {};
  // The password of Java's own store is public, and everybody's.
  const auto asked =
      app::run_program({*keytool, "-list", "-cacerts", "-storepass", "changeit"}, {.limit = kAnswerLimit});
  if (!asked || asked->exit_code != 0) {
    return {{.name = std::string(kName), .says = "could not be read in time: not looked at"}};
  }
  if (asked->out.find(patient.authority->fingerprint) != std::string::npos) {
    return {{.name = std::string(kName), .says = "trusts our certificates"}};
  }
  return {{std::string(kName), Verdict::kWarn, "does not trust our certificates",
           fmt::format("keytool -importcert -cacerts -storepass changeit -noprompt -alias tokometer -file {}; or "
                       "base URLs",
                       certificate_file(patient))}};
}

Findings fold_distrust(Findings findings) {
  std::vector<std::string> who;
  for (const Finding& finding : findings) {
    if (finding.is_distrust) who.push_back(finding.name);
  }
  if (who.size() < 2) return findings;
  const std::string last = who.back();
  who.pop_back();
  Finding all = distrusts("trust", fmt::format("{} and {} do not trust our certificates, as seen from this shell",
                                               fmt::join(who, ", "), last));
  all.remedy += "; `tokometer ca install` for programs that heed no variable";
  *std::ranges::find_if(findings, &Finding::is_distrust) = std::move(all);
  bool is_first = true;
  std::erase_if(findings,
                [&](const Finding& finding) { return finding.is_distrust && !std::exchange(is_first, false); });
  return findings;
}

}  // namespace tokometer::cli
