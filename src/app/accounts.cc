#include "app/accounts.h"

#include "base/files.h"

namespace tokometer::app {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kKeyBytes = 32;
constexpr std::size_t kFingerprintBytes = 6;

// The key in `folder`, made if there is none.
Result<std::string> kept_key(const fs::path& folder, Log& log) {
  const fs::path file = folder / "account.key";
  auto key = read_file(file, kKeyBytes);
  if (key && key->size() == kKeyBytes) return key;
  if (key || key.error().code == ErrorCode::kTooLarge) {
    log.warn("{}: not a key of {} bytes; a new one is made, under which accounts have other fingerprints",
             file.string(), kKeyBytes);
  } else if (key.error().code != ErrorCode::kNotFound) {
    return key;
  }
  auto fresh = net::random_bytes(kKeyBytes);
  if (!fresh) return fresh;
  if (auto written = replace_file(file, *fresh, 0600); !written) return fail(written.error());
  return fresh;
}

}  // namespace

Accounts Accounts::open(const fs::path& folder, Log& log) {
  auto key = folder.empty() ? net::random_bytes(kKeyBytes) : kept_key(folder, log);
  if (!key) {
    log.warn("{}; fingerprints of accounts hold for this run only", key.error().message);
    key = net::random_bytes(kKeyBytes);
  }
  Accounts accounts;
  auto hmac = key ? net::HmacSha256::open(*key) : Result<net::HmacSha256>(fail(key.error()));
  if (hmac) {
    accounts.hmac_ = std::move(*hmac);
  } else {
    log.warn("{}; accounts are not told apart", hmac.error().message);
  }
  return accounts;
}

std::string Accounts::fingerprint(std::string_view credential) const {
  constexpr std::string_view kDigits = "0123456789abcdef";
  if (credential.empty() || !hmac_) return {};
  const auto digest = hmac_->digest(credential);
  if (!digest) return {};
  std::string text;
  for (std::size_t i = 0; i < kFingerprintBytes; ++i) {
    text += kDigits[(*digest)[i] >> 4U];
    text += kDigits[(*digest)[i] & 15U];
  }
  return text;
}

}  // namespace tokometer::app
