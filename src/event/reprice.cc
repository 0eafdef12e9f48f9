#include "event/reprice.h"

#include <string>

#include "event/assemble.h"
#include "event/codec.h"
#include "meter/reread.h"

namespace tokometer::event {
namespace {

// The rules that the call's usage is read by today; null if its endpoint is not known any more.
const provider::UsageRules* usage_rules(const Event& event, const provider::Registry& providers) {
  const provider::Spec* spec = providers.by_name(event.provider);
  const provider::Endpoint* endpoint = spec != nullptr ? providers.endpoint(*spec, event.method, event.path) : nullptr;
  // Request fields are not kept: where they told endpoints apart, the operation has to be the same.
  if (endpoint == nullptr || endpoint->operation != event.operation || endpoint->format == nullptr) return nullptr;
  return &endpoint->format->usage;
}

std::string bytes_of(const Event& event) {
  std::string bytes;
  encode(event, bytes);
  return bytes;
}

}  // namespace

bool reprice(Event& event, const provider::Registry& providers, const pricing::Catalog& catalog) {
  const std::string before = bytes_of(event);
  if (const provider::UsageRules* rules = usage_rules(event, providers)) {
    event.usage = meter::reread_usage(*rules, event.usage);
  }
  apply_prices(event, catalog);
  return bytes_of(event) != before;
}

}  // namespace tokometer::event
