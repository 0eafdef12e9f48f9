#include "app/event_feed.h"

#include <utility>

namespace tokometer::app {

EventFeed::EventFeed(Consumer consumer, Limits limits)
    : consumer_(std::move(consumer)), limits_(limits), thread_([this] { run(); }) {}

EventFeed::~EventFeed() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void EventFeed::offer(event::Event event) {
  {
    const std::lock_guard lock(mutex_);
    if (waiting_.size() >= limits_.waiting) {
      ++dropped_;
      return;
    }
    waiting_.push_back(std::move(event));
    if (waiting_.size() > 1) return;  // the consumer is awake already
  }
  wake_.notify_one();
}

std::uint64_t EventFeed::dropped() const {
  const std::lock_guard lock(mutex_);
  return dropped_;
}

void EventFeed::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
    if (waiting_.empty()) return;
    std::deque<event::Event> batch = std::exchange(waiting_, {});
    lock.unlock();
    for (const event::Event& event : batch) consumer_(event);
    lock.lock();
  }
}

}  // namespace tokometer::app
