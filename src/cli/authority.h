// What the commands share that look after the certificate authority's files.
#pragma once

#include <filesystem>
#include <vector>

#include "app/trust_store.h"
#include "base/error.h"
#include "base/time.h"
#include "cli/environment.h"
#include "net/certificate_authority.h"

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

app::TrustSurroundings trust_surroundings(const Environment& environment);

}  // namespace tokometer::cli
