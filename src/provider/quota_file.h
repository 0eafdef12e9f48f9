// Compiles a spec's `quotas` and `account` (docs/provider-spec.md, "Quotas").
#pragma once

#include "provider/merged.h"
#include "provider/object_reader.h"
#include "provider/quota_rules.h"

namespace tokometer::provider {

// What these sections describe. Adds what is wrong with them to `mistakes`; what comes back then is of no use.
QuotaRules compile_quotas(const Merged& quotas, Mistakes& mistakes);
AccountRules compile_account(const Merged& account, Mistakes& mistakes);

}  // namespace tokometer::provider
