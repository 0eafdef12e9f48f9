// What one exchange tells of quotas, read from its heads as they pass or as they are recorded.
//
//   ExchangeQuotas quotas(spec, request_fields, target);
//   quotas.response_head(status, fields, now);
//   board.offer(quotas.finish(accounts, event));  // when it is known which model was asked
//
// Not here: how fields are read (quota/reader.h), what is kept (quota/board.h, store/).
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

#include "app/accounts.h"
#include "base/time.h"
#include "event/event.h"
#include "provider/spec.h"
#include "quota/account.h"
#include "quota/reader.h"
#include "quota/snapshot.h"
#include "wire/fields.h"

namespace tokometer::app {

class ExchangeQuotas {
 public:
  // `spec`, which may be null, must outlive this. Keeps what tells the account, of which only a fingerprint leaves.
  ExchangeQuotas(const provider::Spec* spec, wire::Fields request_fields, std::string_view target);

  void response_head(int status, wire::Fields fields, UtcTime now);

  // Values that could not be read.
  std::size_t malformed() const { return reading_.malformed; }

  // The snapshots, with the account and the model that `event` says. None where a recording has something else in the
  // credential's place, so that nobody can tell whose they are.
  std::vector<quota::Snapshot> finish(const Accounts& accounts, const event::Event& event);

 private:
  const provider::Spec* spec_;  // null: it tells of no quotas
  std::optional<quota::Account> account_;
  quota::Reading reading_;
};

}  // namespace tokometer::app
