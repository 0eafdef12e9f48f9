#include "app/use_lock.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <utility>

namespace tokometer::app {
namespace {

class UseLockTest : public ::testing::Test {
 protected:
  ~UseLockTest() override { std::filesystem::remove_all(folder); }

  std::filesystem::path folder = [] {
    std::string pattern = testing::TempDir() + "use_XXXXXX";
    return std::filesystem::path(mkdtemp(pattern.data()));
  }();
};

TEST_F(UseLockTest, TheLastUserFreesTheProxy) {
  auto first = UseLock::share(folder).value();
  auto second = UseLock::share(folder).value();
  ASSERT_TRUE(first && second);
  EXPECT_FALSE(UseLock::take(folder));
  first.reset();
  EXPECT_FALSE(UseLock::take(folder));
  second.reset();
  EXPECT_TRUE(UseLock::take(folder));
}

TEST_F(UseLockTest, NobodyUsesAProxyThatIsEnding) {
  auto ending = UseLock::take(folder);
  ASSERT_TRUE(ending);
  EXPECT_FALSE(UseLock::share(folder).value());
  ending.reset();
  EXPECT_TRUE(UseLock::share(folder).value());
}

}  // namespace
}  // namespace tokometer::app
