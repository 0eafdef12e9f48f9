#include "app/signals.h"

#include <gtest/gtest.h>
#include <unistd.h>

namespace tokometer::app {
namespace {

TEST(Signals, ComeInOrderAndOnce) {
  Signals signals({SIGHUP, SIGTERM});
  EXPECT_EQ(signals.wait(std::chrono::milliseconds(0)), std::nullopt);
  ::kill(::getpid(), SIGHUP);
  EXPECT_EQ(signals.wait(std::chrono::seconds(10)), SIGHUP);
  ::kill(::getpid(), SIGTERM);
  EXPECT_EQ(signals.wait(std::chrono::seconds(10)), SIGTERM);
  EXPECT_EQ(signals.wait(std::chrono::milliseconds(0)), std::nullopt);
}

}  // namespace
}  // namespace tokometer::app
