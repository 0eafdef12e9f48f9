#include "quota/board.h"

#include <algorithm>

namespace tokometer::quota {

void Board::offer(std::span<const Snapshot> snapshots) {
  const std::lock_guard lock(mutex_);
  for (const Snapshot& snapshot : snapshots) {
    auto found = entries_.find(snapshot.key());
    if (found == entries_.end()) {
      if (entries_.size() >= limits_.quotas && !make_room()) {
        ++dropped_;
        continue;
      }
      found = entries_.emplace(snapshot.key(), Entry{}).first;
    } else if (snapshot.seen_at < found->second.snapshot.seen_at) {
      continue;
    }
    found->second.snapshot = snapshot;
    if (!found->second.is_changed) ++changed_;
    found->second.is_changed = true;
  }
}

// Whether something could go.
bool Board::make_room() {
  auto oldest = entries_.end();
  for (auto entry = entries_.begin(); entry != entries_.end(); ++entry) {
    if (entry->second.is_changed) continue;
    if (oldest == entries_.end() || entry->second.snapshot.seen_at < oldest->second.snapshot.seen_at) oldest = entry;
  }
  if (oldest == entries_.end()) return false;
  entries_.erase(oldest);
  return true;
}

bool Board::has_changed() const {
  const std::lock_guard lock(mutex_);
  return changed_ > 0;
}

std::vector<Snapshot> Board::take_changed() {
  const std::lock_guard lock(mutex_);
  std::vector<Snapshot> changed;
  changed.reserve(changed_);
  for (auto& [key, entry] : entries_) {
    if (!entry.is_changed) continue;
    changed.push_back(entry.snapshot);
    entry.is_changed = false;
  }
  changed_ = 0;
  return changed;
}

std::vector<Snapshot> Board::all() const {
  const std::lock_guard lock(mutex_);
  std::vector<Snapshot> all;
  all.reserve(entries_.size());
  for (const auto& [key, entry] : entries_) all.push_back(entry.snapshot);
  return all;
}

std::uint64_t Board::dropped() const {
  const std::lock_guard lock(mutex_);
  return dropped_;
}

}  // namespace tokometer::quota
