#include "app/event_feed.h"

#include <pthread.h>

#include <csignal>
#include <utility>

namespace tokometer::app {
namespace {

// Ignored by default and sent by no terminal or service manager.
constexpr int kBreakOff = SIGURG;
constexpr std::chrono::milliseconds kBreakOffEvery{10};  // the first may come just before the system call

// Without SA_RESTART: a system call that it finds waiting fails with EINTR.
void take_break_off() {
  struct sigaction action{};
  action.sa_handler = [](int) {};
  sigaction(kBreakOff, &action, nullptr);
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, kBreakOff);
  pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
}

}  // namespace

EventFeed::EventFeed(Consumer consumer, Limits limits)
    : consumer_(std::move(consumer)), limits_(limits), thread_([this] { run(); }) {}

EventFeed::~EventFeed() {
  end();
  if (thread_.joinable()) thread_.join();
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

bool EventFeed::stop(std::chrono::milliseconds patience) {
  end();
  if (!thread_.joinable()) return !leaves_rest_;
  {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, patience, [this] { return ended_ || hurried_; }) || !ended_) leaves_rest_ = true;
    while (!ended_) {
      pthread_kill(thread_.native_handle(), kBreakOff);
      changed_.wait_for(lock, kBreakOffEvery, [this] { return ended_; });
    }
  }
  thread_.join();
  return !leaves_rest_;
}

void EventFeed::hurry() {
  {
    const std::lock_guard lock(mutex_);
    hurried_ = true;
  }
  changed_.notify_all();
}

void EventFeed::end() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
}

void EventFeed::run() {
  take_break_off();
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
    if (waiting_.empty()) break;
    std::deque<event::Event> batch = std::exchange(waiting_, {});
    lock.unlock();
    for (const event::Event& event : batch) {
      if (!leaves_rest_) consumer_.take(event);
    }
    lock.lock();
  }
  lock.unlock();
  if (consumer_.finish && !leaves_rest_) consumer_.finish();
  lock.lock();
  ended_ = true;
  changed_.notify_all();
}

}  // namespace tokometer::app
