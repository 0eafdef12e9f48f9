// Waits for the signals that steer a running program, in ordinary code instead
// of a handler.
//
//   Signals signals({SIGINT, SIGTERM, SIGHUP});  // before any other thread starts
//   while (auto signal = signals.wait(1s)) …     // nothing: the time is over
//
// The signals are blocked in the thread that makes this and in all that it
// starts later, as long as this lives; a thread of its own takes them (sigwait, POSIX).
#pragma once

#include <chrono>
#include <condition_variable>
#include <csignal>
#include <deque>
#include <initializer_list>
#include <mutex>
#include <optional>
#include <thread>

namespace tokometer::app {

class Signals {
 public:
  explicit Signals(std::initializer_list<int> wanted);
  ~Signals();
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

  // The next signal that came, or nothing within `limit`.
  std::optional<int> wait(std::chrono::milliseconds limit);

 private:
  void run();

  sigset_t set_, before_;
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<int> signals_;
  std::thread thread_;
};

}  // namespace tokometer::app
