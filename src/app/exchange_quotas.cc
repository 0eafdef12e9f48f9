#include "app/exchange_quotas.h"

#include <string>
#include <utility>

#include "provider/secrets.h"

namespace tokometer::app {
namespace {

constexpr std::size_t kMaxQuotaModelBytes = 128;

}  // namespace

ExchangeQuotas::ExchangeQuotas(const provider::Spec* spec, wire::Fields request_fields, std::string_view target)
    : spec_(spec != nullptr && !spec->quotas.empty() ? spec : nullptr) {
  if (spec_ != nullptr) account_.emplace(spec_->account, request_fields, target);
}

void ExchangeQuotas::response_head(int status, wire::Fields fields, UtcTime now) {
  if (spec_ == nullptr) return;
  reading_ = quota::read(*spec_, status, fields, now);
  if (!reading_.snapshots.empty()) account_->response(fields);
}

std::vector<quota::Snapshot> ExchangeQuotas::finish(const Accounts& accounts, const event::Event& event) {
  if (reading_.snapshots.empty() || account_->credential() == provider::kRedacted) return {};
  const std::string account = accounts.fingerprint(account_->find(event.user));
  const std::string& model = event.request_model.empty() ? event.response_model : event.request_model;
  for (std::size_t i = 0; i < reading_.snapshots.size(); ++i) {
    reading_.snapshots[i].account = account;
    if (reading_.per_model[i]) reading_.snapshots[i].model = model.substr(0, kMaxQuotaModelBytes);
  }
  return std::move(reading_.snapshots);
}

}  // namespace tokometer::app
