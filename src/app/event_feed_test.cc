#include "app/event_feed.h"

#include <gtest/gtest.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <latch>
#include <string>
#include <thread>
#include <vector>

namespace tokometer::app {
namespace {

event::Event named(std::string model) {
  event::Event event;
  event.response_model = std::move(model);
  return event;
}

TEST(EventFeed, TheConsumerGetsEverythingInOrderBeforeItEnds) {
  std::vector<std::string> seen;
  {
    EventFeed feed({.take = [&](const event::Event& event) { seen.push_back(event.response_model); }, .finish = {}});
    for (int i = 0; i < 1000; ++i) feed.offer(named(std::to_string(i)));
  }
  ASSERT_EQ(seen.size(), 1000U);
  EXPECT_EQ(seen.front(), "0");
  EXPECT_EQ(seen.back(), "999");
}

TEST(EventFeed, AConsumerThatHangsHoldsNobodyUp) {
  std::latch started(1);
  std::latch release(1);
  int seen = 0;
  std::uint64_t dropped = 0;
  {
    EventFeed feed({.take =
                        [&](const event::Event&) {
                          if (seen++ == 0) {
                            started.count_down();
                            release.wait();
                          }
                        },
                    .finish = {}},
                   {.waiting = 10});
    feed.offer(named("first"));
    started.wait();
    for (int i = 0; i < 25; ++i) feed.offer(named("more"));
    dropped = feed.dropped();
    release.count_down();
  }
  EXPECT_EQ(dropped, 15U);
  EXPECT_EQ(seen, 11);
}

// Writes to a pipe that nobody reads.
class HungConsumer {
 public:
  HungConsumer() { EXPECT_EQ(::pipe(ends_.data()), 0); }
  ~HungConsumer() {
    ::close(ends_[0]);
    ::close(ends_[1]);
  }
  void operator()(const event::Event&) {
    const std::string line(std::size_t{1} << 20U, 'x');
    started_.count_down();
    result_ = ::write(ends_[1], line.data(), line.size());
    ++calls_;
  }
  void wait_until_it_hangs() {
    started_.wait();
    int waiting = 0;
    while (::ioctl(ends_[0], FIONREAD, &waiting) == 0 && waiting == 0) std::this_thread::yield();
  }
  int calls() const { return calls_; }

 private:
  std::array<int, 2> ends_{};
  std::latch started_{1};
  ssize_t result_ = 0;
  int calls_ = 0;
};

TEST(EventFeed, StopEndsAConsumerThatHangsInAWrite) {
  HungConsumer consumer;
  bool finished = false;
  EventFeed feed({.take = [&](const event::Event& event) { consumer(event); }, .finish = [&] { finished = true; }});
  feed.offer(named("first"));
  feed.offer(named("second"));
  consumer.wait_until_it_hangs();
  EXPECT_FALSE(feed.stop(std::chrono::milliseconds(20)));
  EXPECT_EQ(consumer.calls(), 1);
  EXPECT_FALSE(finished);
}

TEST(EventFeed, HurryingEndsThePatienceOfAStop) {
  HungConsumer consumer;
  EventFeed feed({.take = [&](const event::Event& event) { consumer(event); }, .finish = {}});
  feed.offer(named("first"));
  consumer.wait_until_it_hangs();
  feed.hurry();
  EXPECT_FALSE(feed.stop(std::chrono::hours(1)));
}

TEST(EventFeed, TheLastThingComesAfterEverything) {
  std::vector<std::string> seen;
  EventFeed feed({.take = [&](const event::Event& event) { seen.push_back(event.response_model); },
                  .finish = [&] { seen.emplace_back("last"); }});
  feed.offer(named("a"));
  feed.offer(named("b"));
  EXPECT_TRUE(feed.stop(std::chrono::hours(1)));
  EXPECT_EQ(seen, (std::vector<std::string>{"a", "b", "last"}));
}

}  // namespace
}  // namespace tokometer::app
