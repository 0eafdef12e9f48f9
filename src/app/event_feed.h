// Hands finished events to one slow consumer (the printer) on a thread of its
// own, so that a terminal that does not keep up never holds up traffic.
//
//   EventFeed feed(print_call);
//   feed.offer(event);  // any thread; drops and counts when the consumer is too far behind
//
// Not here: the journal, which loses nothing (event/journal.h).
#pragma once

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
  using Consumer = std::function<void(const event::Event&)>;

  explicit EventFeed(Consumer consumer) : EventFeed(std::move(consumer), Limits()) {}
  EventFeed(Consumer consumer, Limits limits);
  // Waits until the consumer has taken everything that was offered.
  ~EventFeed();
  EventFeed(const EventFeed&) = delete;
  EventFeed& operator=(const EventFeed&) = delete;

  void offer(event::Event event);
  std::uint64_t dropped() const;

 private:
  void run();

  const Consumer consumer_;
  const Limits limits_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<event::Event> waiting_;
  std::uint64_t dropped_ = 0;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace tokometer::app
