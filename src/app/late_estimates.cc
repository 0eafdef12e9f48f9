#include "app/late_estimates.h"

#include <system_error>
#include <utility>

namespace tokometer::app {

LateEstimates::~LateEstimates() { stop(); }

bool LateEstimates::offer(std::move_only_function<void()> work) {
  const std::lock_guard lock(mutex_);
  if (stopping_ || waiting_.size() >= limits_.waiting) return false;
  if (!thread_.joinable()) {
    try {
      thread_ = std::thread([this] { run(); });
    } catch (const std::system_error&) {
      return false;  // no thread to be had
    }
  }
  waiting_.push_back(std::move(work));
  wake_.notify_one();
  return true;
}

void LateEstimates::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    wake_.notify_one();
  }
  if (thread_.joinable()) thread_.join();
}

void LateEstimates::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
    if (waiting_.empty()) return;
    auto work = std::move(waiting_.front());
    waiting_.pop_front();
    lock.unlock();
    work();
    lock.lock();
  }
}

}  // namespace tokometer::app
