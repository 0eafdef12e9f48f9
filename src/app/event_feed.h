// Hands finished events to one slow consumer (the printer) on a thread of its
// own, so that a terminal that does not keep up never holds up traffic.
//
//   EventFeed feed({.take = print_call, .finish = print_sums});
//   feed.offer(event);  // any thread; drops and counts when the consumer is too far behind
//   feed.stop(2s);      // what waits is taken, then `finish` is called
//
// A consumer that hangs in a write (a pipe that nobody reads, a stopped terminal)
// does not hold up the end: its system call is broken off (EINTR, by SIGURG).
//
// Not here: the journal, which loses nothing (event/journal.h).
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

#include "event/event.h"

namespace tokometer::app {

class EventFeed {
 public:
  struct Limits {
    std::size_t waiting = 4096;  // events that the consumer has not taken yet
  };
  struct Consumer {
    std::function<void(const event::Event&)> take;
    std::function<void()> finish;  // when everything was taken; may be empty
  };

  explicit EventFeed(Consumer consumer) : EventFeed(std::move(consumer), Limits()) {}
  EventFeed(Consumer consumer, Limits limits);
  // Waits until the consumer has taken everything that was offered.
  ~EventFeed();
  EventFeed(const EventFeed&) = delete;
  EventFeed& operator=(const EventFeed&) = delete;

  void offer(event::Event event);
  std::uint64_t dropped() const;

  // Lets the consumer take what was offered and ends its thread. After `patience`, or as soon as hurry is called, what
  // it has not taken is left and system calls that it waits in are broken off. Whether it took everything.
  bool stop(std::chrono::milliseconds patience);
  // From any thread: ends the patience of a stop, be it running or still to come.
  void hurry();

 private:
  void run();
  void end();

  const Consumer consumer_;
  const Limits limits_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<event::Event> waiting_;
  std::uint64_t dropped_ = 0;
  bool stopping_ = false;
  bool hurried_ = false;
  bool ended_ = false;
  std::condition_variable changed_;  // hurried_ or ended_
  std::atomic<bool> leaves_rest_ = false;
  std::thread thread_;
};

}  // namespace tokometer::app
