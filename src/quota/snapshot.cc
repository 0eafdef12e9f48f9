#include "quota/snapshot.h"

namespace tokometer::quota {

std::optional<UtcTime> window_end(const Snapshot& snapshot) {
  if (snapshot.resets_at) return snapshot.resets_at;
  if (snapshot.window) return snapshot.seen_at + *snapshot.window;
  return std::nullopt;
}

}  // namespace tokometer::quota
