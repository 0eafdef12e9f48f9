#include "app/shared_proxy.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <string>

#include "app/instance.h"

namespace tokometer::app {
namespace {

using std::chrono::milliseconds;

class SharedProxyTest : public ::testing::Test {
 protected:
  SharedProxyTest() {
    std::string pattern = testing::TempDir() + "shared_XXXXXX";
    folder = mkdtemp(pattern.data());
    config.data_dir = folder / "data";
  }
  ~SharedProxyTest() override { std::filesystem::remove_all(folder); }

  Error use(const SharedProxy::Start& start, milliseconds patience = milliseconds(0)) {
    auto proxy = SharedProxy::use(config, start, patience);
    return proxy ? Error{ErrorCode::kInvalid, "in use: " + proxy->address()} : proxy.error();
  }

  static Status listening_on(const std::string& address) {
    Status status;
    status.listening = {address};
    return status;
  }

  std::filesystem::path folder;
  Config config;
};

TEST_F(SharedProxyTest, TheLastUserFreesTheProxy) {
  auto first = UseLock::share(config.data_dir, milliseconds(0));
  auto second = UseLock::share(config.data_dir, milliseconds(0));
  ASSERT_TRUE(first.has_value() && second.has_value());
  EXPECT_FALSE(UseLock::take(config.data_dir).has_value());
  {
    const UseLock gone = std::move(*first);
  }
  EXPECT_FALSE(UseLock::take(config.data_dir).has_value());
  {
    const UseLock gone = std::move(*second);
  }
  EXPECT_TRUE(UseLock::take(config.data_dir).has_value());
}

TEST_F(SharedProxyTest, NobodyUsesAProxyThatIsEnding) {
  auto ending = UseLock::take(config.data_dir);
  ASSERT_TRUE(ending.has_value());
  EXPECT_EQ(UseLock::share(config.data_dir, milliseconds(0)).error().code, ErrorCode::kTimeout);
  ending.reset();
  EXPECT_TRUE(UseLock::share(config.data_dir, milliseconds(0)).has_value());
}

TEST_F(SharedProxyTest, SaysWhyNoneStarts) {
  EXPECT_EQ(use([] { return fail(ErrorCode::kIo, "no luck"); }).message, "no luck");
  EXPECT_TRUE(use([]() -> Result<void> { return {}; }).message.ends_with("its proxy has ended"));
}

TEST_F(SharedProxyTest, AProxyThatDoesNotAnswerIsNoProxy) {
  auto instance = Instance::claim(config.data_dir);
  ASSERT_TRUE(instance.has_value());
  ASSERT_TRUE(instance->publish(listening_on("unix:/x")));
  EXPECT_EQ(use([]() -> Result<void> { return {}; }).code, ErrorCode::kUnsupported);
  ASSERT_TRUE(instance->publish(listening_on("127.0.0.1:1")));
  EXPECT_EQ(use([]() -> Result<void> { return {}; }).code, ErrorCode::kTimeout);
}

TEST(LocalAddress, IsOneThatCanBeConnectedTo) {
  EXPECT_EQ(local_address({}), std::nullopt);
  EXPECT_EQ(local_address({"unix:/run/x"}), std::nullopt);
  EXPECT_EQ(local_address({"unix:/run/x", "127.0.0.1:4141"}), "127.0.0.1:4141");
  EXPECT_EQ(local_address({"0.0.0.0:4141"}), "127.0.0.1:4141");
  EXPECT_EQ(local_address({"[::]:4141"}), "[::1]:4141");
  EXPECT_EQ(local_address({"10.0.0.7:4141"}), "10.0.0.7:4141");
}

}  // namespace
}  // namespace tokometer::app
