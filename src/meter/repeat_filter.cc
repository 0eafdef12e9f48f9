#include "meter/repeat_filter.h"

#include <functional>
#include <string>

namespace tokometer::meter {

RepeatFilter::RepeatFilter(std::size_t capacity) : capacity_(capacity) { order_.reserve(capacity); }

bool RepeatFilter::first(std::string_view provider, std::string_view id) {
  if (id.empty()) return true;
  std::string key(provider);
  key += '\n';
  key += id;
  const std::uint64_t hash = std::hash<std::string>{}(key);
  const std::scoped_lock lock(mutex_);
  if (!seen_.insert(hash).second) return false;
  if (order_.size() < capacity_) {
    order_.push_back(hash);
  } else {
    seen_.erase(order_[next_]);
    order_[next_] = hash;
    next_ = (next_ + 1) % capacity_;
  }
  return true;
}

}  // namespace tokometer::meter
