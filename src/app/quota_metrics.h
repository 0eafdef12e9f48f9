// Quotas as gauges for Prometheus (/-/metrics).
#pragma once

#include <cstddef>

#include "app/metrics.h"
#include "base/time.h"
#include "quota/board.h"

namespace tokometer::app {

// Of so many quotas at most, those seen last.
inline constexpr std::size_t kMaxQuotaSeries = 500;

// What `board` has of quotas whose windows are not over by `now`. Accounts are shown by their fingerprints.
void render_quotas(const quota::Board& board, UtcTime now, MetricsText& out, std::size_t max_series = kMaxQuotaSeries);

}  // namespace tokometer::app
