// Timers of one loop: a heap that is touched only when a timer is armed for
// earlier than it waits already.
//
//   Timer timer(timers, [] { ... });
//   timer.arm(loop.steady() + 10s);
//
// Arming later, and disarming, only store the new time; the heap finds out when
// the old one comes. A stream that pushes its deadline off with every chunk
// therefore costs a store each, and one look every few seconds.
//
// Not here: where the time comes from (loop.h).
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <vector>

#include "base/time.h"

namespace tokometer::net {

class Timers;

// Fires once after each arming. Destroying or disarming it, also from within
// its own callback, is all it takes to be rid of it.
class Timer {
 public:
  Timer(Timers& timers, std::move_only_function<void()> fire);
  ~Timer();
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  void arm(SteadyTime when);
  void disarm();
  bool armed() const { return when_ != SteadyTime::max(); }
  SteadyTime when() const { return when_; }

 private:
  friend class Timers;
  static constexpr std::size_t kNowhere = static_cast<std::size_t>(-1);

  Timers& timers_;
  std::move_only_function<void()> fire_;
  SteadyTime when_ = SteadyTime::max();  // max: disarmed
  std::size_t place_ = kNowhere;         // in the heap
};

class Timers {
 public:
  // When `fire` has something to do, at the latest.
  std::optional<SteadyTime> next() const;
  // Fires what is due at `now`, in order of time.
  void fire(SteadyTime now);

 private:
  friend class Timer;

  struct Entry {
    SteadyTime when;  // never after timer->when_
    Timer* timer;
  };

  void schedule(Timer& timer);
  void remove(Timer& timer);
  void move_up(std::size_t place);
  void move_down(std::size_t place);
  void put(std::size_t place, Entry entry);

  std::vector<Entry> heap_;  // binary, earliest first
};

}  // namespace tokometer::net
