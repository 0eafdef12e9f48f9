// Whose quotas an exchange tells of: what tells its account from others.
//
//   Account account(spec.account, request_fields, target);
//   account.response(response_fields);
//   fingerprint(account.find(event.user));
//
// That is who the exchange says it is for where its spec names a place for it (`identity`), because tokens that are
// renewed each hour would make a new account each hour; else the credential that the request carries.
//
// Not here: the fingerprint that is kept instead of it (app/accounts.h).
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "provider/quota_rules.h"
#include "wire/fields.h"

namespace tokometer::quota {

// Longer values have no claims that are looked at.
inline constexpr std::size_t kMaxTokenBytes = std::size_t{16} << 10U;

class Account {
 public:
  // `rules` must outlive this. Without the name of an authentication scheme before it ("Bearer …"), a credential is the
  // same one however it is sent.
  Account(const provider::AccountRules& rules, wire::Fields request, std::string_view target);

  void response(wire::Fields fields);

  // What the request carries: never to be logged or shown. Empty if there is nothing.
  std::string_view credential() const { return credential_; }

  // What stands for the account, to be kept and shown as a fingerprint only; empty if nothing does. `user`: whom the
  // call says it is for.
  std::string find(std::string_view user) const;

 private:
  std::optional<std::string> identity(const provider::AccountSource& source,
                                      std::optional<std::string_view> value) const;

  const provider::AccountRules& rules_;
  std::string credential_;
  std::string identity_;  // the best that was found yet
  std::size_t rank_;      // its place in rules_.identity; their number if there is none
};

}  // namespace tokometer::quota
