// Fingerprints of accounts: what stands for a credential in what is kept and shown.
//
//   const Accounts accounts = Accounts::open(data_dir, log);
//   accounts.fingerprint(account.find(event.user));  // "a1b2c3d4e5f6"
//
// HMAC-SHA-256 of what tells the account, 12 hexadecimal digits of it, under a key of 32
// random bytes that is made once and kept in DIR/account.key (mode 0600). Without
// that file nobody can find out by trying which credential a fingerprint is of.
// The same credential has the same fingerprint with every provider.
//
// Not here: what tells an account (quota/account.h).
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "base/log.h"
#include "net/crypto.h"

namespace tokometer::app {

class Accounts {
 public:
  // Takes the key from `folder`, or makes one. Where the folder cannot be used, or is none, fingerprints hold for this
  // run only, and `log` says so.
  static Accounts open(const std::filesystem::path& folder, Log& log);

  // Empty for an empty credential. Any thread.
  std::string fingerprint(std::string_view credential) const;

 private:
  std::optional<net::HmacSha256> hmac_;  // nothing: OpenSSL refuses; no account has a fingerprint then
};

}  // namespace tokometer::app
