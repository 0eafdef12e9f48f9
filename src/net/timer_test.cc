#include "net/timer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <random>
#include <vector>

namespace tokometer::net {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;

const SteadyTime kStart{std::chrono::hours(1)};

TEST(Timers, FireInOrderOfTime) {
  Timers timers;
  std::vector<int> fired;
  Timer late(timers, [&] { fired.push_back(2); });
  Timer early(timers, [&] { fired.push_back(1); });
  late.arm(kStart + milliseconds(20));
  early.arm(kStart + milliseconds(10));
  EXPECT_EQ(timers.next(), kStart + milliseconds(10));
  timers.fire(kStart + milliseconds(9));
  EXPECT_TRUE(fired.empty());
  timers.fire(kStart + milliseconds(30));
  EXPECT_THAT(fired, ElementsAre(1, 2));
  EXPECT_EQ(timers.next(), std::nullopt);
  EXPECT_FALSE(late.armed());
}

TEST(Timers, ArmingLaterMovesTheTimeWithoutTouchingTheHeap) {
  Timers timers;
  int fired = 0;
  Timer timer(timers, [&] { ++fired; });
  timer.arm(kStart + milliseconds(10));
  timer.arm(kStart + milliseconds(50));
  EXPECT_EQ(timers.next(), kStart + milliseconds(10));  // not known yet
  timers.fire(kStart + milliseconds(10));
  EXPECT_EQ(fired, 0);
  EXPECT_EQ(timers.next(), kStart + milliseconds(50));
  timers.fire(kStart + milliseconds(50));
  EXPECT_EQ(fired, 1);
}

TEST(Timers, ArmingEarlierCounts) {
  Timers timers;
  int fired = 0;
  Timer timer(timers, [&] { ++fired; });
  timer.arm(kStart + milliseconds(50));
  timer.arm(kStart + milliseconds(10));
  timers.fire(kStart + milliseconds(10));
  EXPECT_EQ(fired, 1);
}

TEST(Timers, DisarmedAndDestroyedOnesStaySilent) {
  Timers timers;
  int fired = 0;
  Timer disarmed(timers, [&] { ++fired; });
  auto destroyed = std::make_unique<Timer>(timers, [&] { ++fired; });
  disarmed.arm(kStart);
  destroyed->arm(kStart);
  disarmed.disarm();
  destroyed.reset();
  timers.fire(kStart + milliseconds(1));
  EXPECT_EQ(fired, 0);
  EXPECT_EQ(timers.next(), std::nullopt);
}

TEST(Timers, ACallbackMayArmItsTimerAndDestroyOthers) {
  Timers timers;
  int fired = 0;
  auto other = std::make_unique<Timer>(timers, [&] { fired += 100; });
  other->arm(kStart + milliseconds(1));
  Timer timer(timers, [&] {
    ++fired;
    other.reset();
    timer.arm(kStart + milliseconds(5 * fired));
  });
  timer.arm(kStart);
  timers.fire(kStart + milliseconds(2));
  EXPECT_EQ(fired, 1);
  timers.fire(kStart + milliseconds(5));
  EXPECT_EQ(fired, 2);
}

TEST(Timers, ManyInRandomOrder) {
  Timers timers;
  std::mt19937 random(7);
  std::vector<int> fired;
  std::vector<std::unique_ptr<Timer>> all;
  std::vector<int> expected;
  for (int i = 0; i < 1'000; ++i) {
    const int when = static_cast<int>(random() % 10'000);
    all.push_back(std::make_unique<Timer>(timers, [&fired, when] { fired.push_back(when); }));
    all.back()->arm(kStart + milliseconds(random() % 10'000));
    all.back()->arm(kStart + milliseconds(when));
    if (i % 5 == 0) {
      all.back().reset();
    } else {
      expected.push_back(when);
    }
  }
  std::ranges::sort(expected);
  for (int now = 0; now <= 10'000; now += 10) timers.fire(kStart + milliseconds(now));
  std::vector<int> sorted = fired;
  std::ranges::sort(sorted);
  EXPECT_EQ(sorted, expected);
  for (std::size_t i = 1; i < fired.size(); ++i) EXPECT_LE(fired[i - 1] / 10, (fired[i] + 9) / 10);
}

}  // namespace
}  // namespace tokometer::net
