// What the commands share that look after the certificate authority's files.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "app/config.h"
#include "app/trust_store.h"
#include "base/error.h"
#include "base/time.h"
#include "cli/environment.h"
#include "net/certificate_authority.h"
#include "provider/registry.h"

namespace tokometer::cli {

// A certificate that was ours before a rotation, kept without its key.
struct EarlierCertificate {
  std::filesystem::path file;
  net::CertificateAuthority::Info info;
};

// Those in `folder` that are good after `now`, by name.
std::vector<EarlierCertificate> earlier_certificates(const std::filesystem::path& folder, UtcTime now);
// Keeps the certificate in `folder`, if there is one, as an earlier one.
Result<void> keep_earlier(const std::filesystem::path& folder);

// For which domains an authority is wanted: those of `config`, and what the proxy that runs was told on its command
// line.
std::vector<std::string> wanted_domains(const provider::Registry& providers, app::Config config);
// The same, with the provider files of `config`.
Result<std::vector<std::string>> wanted_domains(const app::Config& config);

app::TrustSurroundings trust_surroundings(const Environment& environment);

}  // namespace tokometer::cli
