#include "app/late_estimates.h"

#include <gtest/gtest.h>

#include <future>
#include <vector>

namespace tokometer::app {
namespace {

TEST(LateEstimates, AreMadeInTheirOrderAndBeforeTheEnd) {
  std::vector<int> made;
  LateEstimates late;
  for (int i = 0; i < 20; ++i) {
    EXPECT_TRUE(late.offer([&made, i] { made.push_back(i); }));
  }
  late.stop();
  ASSERT_EQ(made.size(), 20U);
  EXPECT_EQ(made.back(), 19);
  EXPECT_FALSE(late.offer([] {}));
}

TEST(LateEstimates, AreBounded) {
  std::promise<void> open;
  std::promise<void> begun;
  LateEstimates late({.waiting = 1});
  EXPECT_TRUE(late.offer([&] {
    begun.set_value();
    open.get_future().wait();
  }));
  begun.get_future().wait();
  EXPECT_TRUE(late.offer([] {}));
  EXPECT_FALSE(late.offer([] {}));
  open.set_value();
}

}  // namespace
}  // namespace tokometer::app
