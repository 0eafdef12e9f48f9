// The table of quotas: the newest snapshot of each.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/error.h"
#include "quota/snapshot.h"
#include "store/sqlite/database.h"

namespace tokometer::store::sqlite {

struct QuotaLimits {
  std::int64_t rows = 10'000;        // past this those seen longest ago go
  std::chrono::hours keep{24 * 90};  // not seen for so long before the newest: gone
};

// Writes `snapshots`, each unless a newer one is there. Within a write transaction.
Result<void> write_quotas(std::span<const quota::Snapshot> snapshots, Database& database,
                          const QuotaLimits& limits = {});

// All, by provider, account, name and model.
Result<std::vector<quota::Snapshot>> read_quotas(Database& database);

}  // namespace tokometer::store::sqlite
