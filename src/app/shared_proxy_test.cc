#include "app/shared_proxy.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <functional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

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

  Error use(const std::function<Result<void>()>& start, milliseconds patience = milliseconds(0)) {
    auto proxy = SharedProxy::use(
        config, {.start = start, .suits = [](const Status&) { return true; }, .say = [](std::string_view) {}},
        patience);
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

TEST_F(SharedProxyTest, AProxyThatIsEndingIsWaitedFor) {
  auto instance = Instance::claim(config.data_dir);
  ASSERT_TRUE(instance.has_value());
  Status status = listening_on("127.0.0.1:1");
  status.draining = true;
  ASSERT_TRUE(instance->publish(status));
  const auto none = []() -> Result<void> { return fail(ErrorCode::kIo, "none starts"); };
  EXPECT_TRUE(use(none).message.contains("is ending")) << "not that it does not answer";
  std::thread ending([&] { const Instance gone = std::move(*instance); });
  EXPECT_EQ(use(none, milliseconds(60'000)).message, "none starts");
  ending.join();
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
