#include "proxy/distrust.h"

#include <algorithm>
#include <utility>

namespace tokometer::proxy {
namespace {

template <typename Record>
auto place_of(std::deque<Record>& records, const Distrust::Client& client) {
  return std::ranges::find(records, client, &Record::client);
}

template <typename Record>
void forget(std::deque<Record>& records, const Distrust::Client& client) {
  std::erase_if(records, [&](const Record& record) { return record.client == client; });
}

template <typename Record>
void keep(std::deque<Record>& records, Record record) {
  if (records.size() >= Distrust::kMaxEntries) records.pop_front();
  records.push_back(std::move(record));
}

}  // namespace

bool Distrust::refused(const Client& client, SteadyTime now) {
  const std::lock_guard lock(mutex_);
  return add(client, false, now);
}

bool Distrust::turned_away(const Client& client, SteadyTime began, SteadyTime ended) {
  const std::lock_guard lock(mutex_);
  const auto speaker = place_of(speakers_, client);
  if (speaker != speakers_.end() && ended - speaker->spoke < kTrustLasts) return false;
  const auto found = place_of(suspects_, client);
  if (found == suspects_.end()) {
    keep(suspects_, {.client = client, .ended = ended, .turns = 1});
    return false;
  }
  // Of several at once, as of a program that is stopped, one counts.
  if (began < found->ended) return false;
  found->ended = ended;
  if (++found->turns < kTurnsInARow) return false;
  suspects_.erase(found);
  return add(client, true, ended);
}

void Distrust::trusted(const Client& client, SteadyTime now) {
  const std::lock_guard lock(mutex_);
  forget(suspects_, client);
  forget(entries_, client);
  const auto speaker = place_of(speakers_, client);
  if (speaker == speakers_.end()) {
    keep(speakers_, {.client = client, .spoke = now});
  } else {
    speaker->spoke = now;
  }
}

bool Distrust::add(const Client& client, bool silent, SteadyTime now) {
  std::erase_if(entries_, [now](const Entry& entry) { return entry.until <= now; });
  if (place_of(entries_, client) != entries_.end()) return false;
  const std::chrono::minutes lasts = silent ? kSilentLasts : kLasts;
  keep(entries_, {.client = client, .silent = silent, .until = now + lasts});
  return true;
}

bool Distrust::contains(const Client& client, SteadyTime now) const {
  const std::lock_guard lock(mutex_);
  return std::ranges::any_of(entries_, [&](const Entry& entry) { return entry.until > now && entry.client == client; });
}

void Distrust::clear() {
  const std::lock_guard lock(mutex_);
  entries_.clear();
  suspects_.clear();
  speakers_.clear();
}

std::vector<Distrust::Entry> Distrust::entries(SteadyTime now) const {
  const std::lock_guard lock(mutex_);
  std::vector<Entry> entries(entries_.begin(), entries_.end());
  std::erase_if(entries, [now](const Entry& entry) { return entry.until <= now; });
  return entries;
}

}  // namespace tokometer::proxy
