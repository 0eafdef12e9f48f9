// A new certificate authority in the place of another, by which programs that start meanwhile lose no call.
//
//   auto rotated = rotate_authority(data_dir, domains, [&](const auto& made) { return have_proxy_reload(); });
//
// A program reads what it is to trust as it starts, and calls later, whichever authority the proxy has by then. So all
// that it may read names both, from before the new one is there until the proxy uses it:
//
//   1. ca/next.pem: the new certificate, until the rotation is over
//   2. ca/ca.pem and the files made of it (trust_files.h): the old one and the new one
//   3. ca/ca.key: the new one
//   4. the proxy reads that
//   5. ca/ca.pem and the files: the new one
//
// Where it is cut short, what is there works. The next rotation ends it, or the next proxy as it starts.
//
// Not here: making an authority (net/certificate_authority.h), stores of the system (trust_store.h).
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/time.h"
#include "net/certificate_authority.h"

namespace tokometer::app {

// A certificate that was ours before a rotation, kept without its key in ca/earlier.
struct EarlierCertificate {
  std::filesystem::path file;
  net::CertificateAuthority::Info info;
};

// Those in the authority's `folder` that are good after `now`, by name.
std::vector<EarlierCertificate> earlier_certificates(const std::filesystem::path& folder, UtcTime now);

// Makes an authority for `domains` in the place of that in `data_dir`, or where there is none. `tell` is called when it
// is there, has the proxy that runs use it, and fails where that still has the old one: then both stay trusted.
// kInvalid while another process is at it.
Result<void> rotate_authority(const std::filesystem::path& data_dir, const std::vector<std::string>& domains,
                              const std::function<Result<void>(const net::CertificateAuthority::Info& made)>& tell);

// Whether a rotation goes on, or was cut short.
bool is_rotating(const std::filesystem::path& data_dir);

// Ends one that was cut short. For the proxy that has the folder, before it has read its authority.
Result<void> end_rotation(const std::filesystem::path& data_dir);

}  // namespace tokometer::app
