#include "app/quota_metrics.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

namespace tokometer::app {
namespace {

std::string labels_of(const quota::Snapshot& snapshot) {
  return fmt::format("{},{},{},{}", label("provider", snapshot.provider), label("account", snapshot.account),
                     label("quota", snapshot.name), label("model", snapshot.model));
}

}  // namespace

void render_quotas(const quota::Board& board, UtcTime now, MetricsText& out, std::size_t max_series) {
  std::vector<quota::Snapshot> shown = board.all();
  std::erase_if(shown, [now](const quota::Snapshot& snapshot) {
    const auto end = quota::window_end(snapshot);
    return end && *end <= now;
  });
  if (shown.size() > max_series) {
    std::ranges::sort(shown, std::ranges::greater(), &quota::Snapshot::seen_at);
    shown.resize(max_series);
  }
  const auto gauge = [&](std::string_view name, std::string_view help, auto&& value) {
    out.describe(name, "gauge", help);
    for (const quota::Snapshot& snapshot : shown) {
      if (const auto number = value(snapshot)) out.sample(name, labels_of(snapshot), fmt::format("{}", *number));
    }
  };
  gauge("tokometer_quota_used_ratio",
        "Used part of a quota, as its provider last said; more than 1 where it was passed.",
        [](const quota::Snapshot& snapshot) { return snapshot.used_fraction; });
  gauge("tokometer_quota_limit", "How much of it there is in a window.",
        [](const quota::Snapshot& snapshot) { return snapshot.limit; });
  gauge("tokometer_quota_remaining", "How much of it is left.",
        [](const quota::Snapshot& snapshot) { return snapshot.remaining; });
  gauge("tokometer_quota_reset_timestamp_seconds", "When it begins anew, in seconds since 1970.",
        [](const quota::Snapshot& snapshot) {
          return snapshot.resets_at ? std::optional(snapshot.resets_at->time_since_epoch().count() / 1'000'000)
                                    : std::nullopt;
        });
  out.describe("tokometer_quotas_dropped_total", "counter", "Snapshots of quotas for which there was no room.");
  out.sample("tokometer_quotas_dropped_total", "", static_cast<std::int64_t>(board.dropped()));
}

}  // namespace tokometer::app
