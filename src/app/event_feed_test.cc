#include "app/event_feed.h"

#include <gtest/gtest.h>

#include <latch>
#include <string>
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
    EventFeed feed([&](const event::Event& event) { seen.push_back(event.response_model); });
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
    EventFeed feed(
        [&](const event::Event&) {
          if (seen++ == 0) {
            started.count_down();
            release.wait();
          }
        },
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

}  // namespace
}  // namespace tokometer::app
