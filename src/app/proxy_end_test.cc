#include "app/proxy_end.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "app/use_lock.h"

namespace tokometer::app {
namespace {

using std::chrono::milliseconds;

class ProxyEndTest : public ::testing::Test {
 protected:
  ProxyEndTest() {
    std::string pattern = testing::TempDir() + "end_XXXXXX";
    config.data_dir = mkdtemp(pattern.data());
  }
  ~ProxyEndTest() override { std::filesystem::remove_all(config.data_dir); }

  static Running running(RunBy run_by, bool draining = false) {
    Running one{.pid = 1, .status = Status()};
    one.status->start.run_by = run_by;
    one.status->draining = draining;
    return one;
  }
  ProxyEnd end(milliseconds patience = milliseconds(0)) const {
    return {config, [](std::string_view) {}, patience};
  }
  // As whoever waits asks.
  bool is_near_for_long(const Running& one, bool wanted) {
    ProxyEnd waiting = end(milliseconds(60'000));
    while (waiting.is_near(one, wanted)) {
      if (!waiting.wait()) return true;
    }
    return false;
  }

  Config config;
};

TEST_F(ProxyEndTest, IsNearWhereItHasBegunToEnd) {
  EXPECT_TRUE(end().is_near(running(RunBy::kBackground, true), true));
  EXPECT_TRUE(end().is_near(running(RunBy::kRun, true), true));
  EXPECT_FALSE(end().is_near(running(RunBy::kBackground), false));
  EXPECT_FALSE(end().is_near(Running{.pid = 1, .status = {}}, false)) << "it has only begun to start";
}

TEST_F(ProxyEndTest, IsNearWhereNoRunIsLeft) {
  EXPECT_TRUE(end().is_near(running(RunBy::kRun), false));
  EXPECT_FALSE(end().is_near(running(RunBy::kRun), true));
  const auto used = UseLock::share(config.data_dir).value();
  ASSERT_TRUE(used);
  EXPECT_FALSE(is_near_for_long(running(RunBy::kRun), false));
}

TEST_F(ProxyEndTest, IsNotWaitedForForEver) {
  ProxyEnd ending = end();
  EXPECT_TRUE(ending.wait().error().message.contains("does not say where it listens"));
  ASSERT_TRUE(ending.is_near(running(RunBy::kBackground, true), true));
  EXPECT_EQ(ending.wait().error().code, ErrorCode::kTimeout);
  EXPECT_TRUE(ending.wait().error().message.contains("is ending"));
}

}  // namespace
}  // namespace tokometer::app
