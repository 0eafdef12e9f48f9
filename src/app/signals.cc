#include "app/signals.h"

#include <pthread.h>

namespace tokometer::app {
namespace {

constexpr int kEnd = SIGUSR2;            // from the destructor to the thread
constexpr std::size_t kMaxWaiting = 64;  // what nobody waits for is dropped beyond this

}  // namespace

Signals::Signals(std::initializer_list<int> wanted) {
  sigemptyset(&set_);
  for (const int signal : wanted) sigaddset(&set_, signal);
  sigaddset(&set_, kEnd);
  pthread_sigmask(SIG_BLOCK, &set_, &before_);
  thread_ = std::thread([this] { run(); });
}

Signals::~Signals() {
  pthread_kill(thread_.native_handle(), kEnd);
  thread_.join();
  // What ends the program by default does so again, should its last words hang.
  pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

void Signals::run() {
  for (;;) {
    int signal = 0;
    if (sigwait(&set_, &signal) != 0) continue;
    if (signal == kEnd) return;
    {
      const std::lock_guard lock(mutex_);
      if (signals_.size() < kMaxWaiting) signals_.push_back(signal);
    }
    arrived_.notify_one();
  }
}

std::optional<int> Signals::wait(std::chrono::milliseconds limit) {
  std::unique_lock lock(mutex_);
  if (!arrived_.wait_for(lock, limit, [this] { return !signals_.empty(); })) return std::nullopt;
  const int signal = signals_.front();
  signals_.pop_front();
  return signal;
}

}  // namespace tokometer::app
