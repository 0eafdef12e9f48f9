#include "meter/repeat_filter.h"

#include <algorithm>
#include <functional>
#include <ranges>
#include <string>
#include <utility>

namespace tokometer::meter {

namespace {

constexpr std::uint64_t kByPoll = 1;

bool is_same(std::uint64_t one, std::uint64_t other) { return (one | kByPoll) == (other | kByPoll); }

}  // namespace

std::uint64_t RepeatFilter::key(std::string_view provider, std::string_view id, By by) {
  std::string text(provider);
  text += '\n';
  text += id;
  const std::uint64_t hash = std::max<std::uint64_t>(std::hash<std::string>{}(text) & ~kByPoll, 2);
  return by == By::kPoll ? hash | kByPoll : hash;
}

bool RepeatFilter::first(std::string_view provider, std::string_view id, By by) {
  if (id.empty()) return true;
  const std::scoped_lock lock(mutex_);
  return note(key(provider, id, by));
}

void RepeatFilter::note_provisional(std::string_view provider, std::string_view id, const Uuid& event) {
  if (id.empty()) return;
  const std::scoped_lock lock(mutex_);
  note({key(provider, id), event});
}

std::optional<Uuid> RepeatFilter::take_provisional(std::string_view provider, std::string_view id) {
  const std::scoped_lock lock(mutex_);
  const auto node = provisional_.extract(key(provider, id));
  if (node.empty()) return std::nullopt;
  return node.mapped();
}

bool RepeatFilter::knows(std::string_view provider, std::string_view id) {
  if (id.empty()) return false;
  const std::uint64_t hash = key(provider, id);
  const std::scoped_lock lock(mutex_);
  return held(hash) != 0 || provisional_.contains(hash);
}

bool RepeatFilter::knows_by_poll(std::string_view provider, std::string_view id) {
  if (id.empty()) return false;
  const std::scoped_lock lock(mutex_);
  return (held(key(provider, id)) & kByPoll) != 0;
}

void RepeatFilter::remember(std::span<const std::uint64_t> stated, std::span<const Provisional> provisional) {
  const std::scoped_lock lock(mutex_);
  for (const std::uint64_t hash : stated | std::views::reverse) note(hash);
  for (const Provisional& response : provisional | std::views::reverse) note(response);
}

void RepeatFilter::note(const Provisional& response) {
  if (held(response.key) != 0 || !provisional_.try_emplace(response.key, response.event).second) return;
  if (provisional_order_.size() < kProvisional) return provisional_order_.push_back(response.key);
  provisional_.erase(std::exchange(provisional_order_[next_provisional_], response.key));
  next_provisional_ = (next_provisional_ + 1) % kProvisional;
}

bool RepeatFilter::note(std::uint64_t hash) {
  if (2 * (order_.size() + 1) > table_.size()) grow();
  if (!insert(hash)) return false;
  if (order_.size() < capacity_) {
    order_.push_back(hash);
  } else {
    erase(order_[next_]);
    order_[next_] = hash;
    next_ = (next_ + 1) % capacity_;
  }
  return true;
}

// The entry that is there for `hash`, with what it says of By; 0 if there is none.
std::uint64_t RepeatFilter::held(std::uint64_t hash) const {
  if (table_.empty()) return 0;
  for (std::size_t at = home(hash); table_[at] != 0; at = after(at)) {
    if (is_same(table_[at], hash)) return table_[at];
  }
  return 0;
}

bool RepeatFilter::insert(std::uint64_t hash) {
  std::size_t at = home(hash);
  for (; table_[at] != 0; at = after(at)) {
    if (is_same(table_[at], hash)) return false;
  }
  table_[at] = hash;
  return true;
}

// Knuth's algorithm R: what stands behind moves up, so that no search ends too early.
void RepeatFilter::erase(std::uint64_t hash) {
  std::size_t hole = home(hash);
  while (table_[hole] != hash) hole = after(hole);
  for (std::size_t at = after(hole); table_[at] != 0; at = after(at)) {
    const std::size_t wanted = home(table_[at]);
    // Whether `wanted` lies in (hole, at], going round: then the entry is where it can be found.
    const bool stays = hole < at ? hole < wanted && wanted <= at : hole < wanted || wanted <= at;
    if (stays) continue;
    table_[hole] = table_[at];
    hole = at;
  }
  table_[hole] = 0;
}

void RepeatFilter::grow() {
  const auto old = std::exchange(table_, std::vector<std::uint64_t>(table_.empty() ? 64 : 2 * table_.size()));
  for (const std::uint64_t hash : old) {
    if (hash != 0) insert(hash);
  }
}

}  // namespace tokometer::meter
