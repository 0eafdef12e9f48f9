// What `tokometer doctor` looks at: each a function that gives findings, with a
// remedy where something is wrong.
//
//   for (const Finding& finding : check_proxy(patient)) …
//
// The functions run side by side on threads: they read the patient only, change nothing, and
// what other programs they ask has a time limit.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/instance.h"
#include "base/error.h"
#include "base/time_zone.h"
#include "cli/environment.h"
#include "cli/health.h"
#include "cli/settings.h"
#include "net/certificate_authority.h"

namespace tokometer::cli {

enum class Verdict { kOk, kWarn, kFail };

struct Finding {
  std::string name;  // of what was looked at: "proxy", "HTTPS_PROXY"
  Verdict verdict = Verdict::kOk;
  std::string says;          // what was found
  std::string remedy = {};   // what to do about it; empty for kOk
  bool is_distrust = false;  // a program that does not trust our certificates
};
using Findings = std::vector<Finding>;

// What all checks know of the installation.
struct Patient {
  const app::Config& config;
  const Environment& environment;
  std::optional<app::Running> running;
  Result<Health> health;  // kNotFound: no proxy runs
  std::filesystem::path authority_folder;
  Result<net::CertificateAuthority::Info> authority;  // kNotFound: there is none yet
};

// checks_proxy.cc: the process, its address and version, what it could not do, clients that do not trust it.
Findings check_proxy(const Patient& patient);
// What it says of the last of these. Times are those of `zone`.
Findings check_trust_of_clients(const Health& health, const TimeZone& zone);
// The store, the journal behind it, disk, folder, clock.
Findings check_data(const Patient& patient);
// checks_trust.cc: the certificate authority's files.
Findings check_authority(const Patient& patient);
// Who trusts it: one function for each, since each may ask a program. Nothing where it is not installed.
Findings check_system_trust(const Patient& patient);
Findings check_node_trust(const Patient& patient);
Findings check_python_trust(const Patient& patient);
Findings check_curl_trust(const Patient& patient);
Findings check_java_trust(const Patient& patient);
// With one in the place of several `is_distrust`, whose remedies are much the same: for people.
Findings fold_distrust(Findings findings);
// checks_shell.cc: variables of this shell that lead to the proxy, past it, or nowhere.
Findings check_variables(const Patient& patient);
// The block in start-up files, and programs that are known.
Findings check_clients(const Patient& patient);

}  // namespace tokometer::cli
