#include "net/listener.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "net/loopback_peer.h"

namespace tokometer::net {
namespace {

class ListenUnix : public testing::Test {
 protected:
  ListenUnix() {
    char pattern[] = "/tmp/tokometer-listen-XXXXXX";
    folder_ = ::mkdtemp(pattern);
    path_ = folder_ / "s";
  }
  ~ListenUnix() override { std::filesystem::remove_all(folder_); }

  std::filesystem::path folder_;
  std::filesystem::path path_;
};

TEST(Listen, ReportsThePortThatTheSystemChose) {
  for (const char* text : {"127.0.0.1:0", "[::1]:0"}) {
    const auto listeners = listen_on(*Address::parse(text), 3, 16);
    ASSERT_TRUE(listeners) << listeners.error().message;
    ASSERT_EQ(listeners->size(), 3U);
    EXPECT_NE(listeners->front().address.port(), 0);
    for (const Listener& listener : *listeners) EXPECT_EQ(listener.address.text(), listeners->front().address.text());
  }
}

TEST(Listen, RefusesAnAddressInUse) {
  const auto first = listen_on(*Address::parse("127.0.0.1:0"), 2, 16);
  ASSERT_TRUE(first);
  for (const unsigned workers : {1U, 2U}) {
    const auto second = listen_on(first->front().address, workers, 16);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, ErrorCode::kIo);
    EXPECT_NE(second.error().message.find(first->front().address.text()), std::string::npos);
  }
}

TEST_F(ListenUnix, IsOursAloneAndGoesWithUs) {
  {
    const auto listeners = listen_on(*Address::unix_path(path_.string()), 2, 16);
    ASSERT_TRUE(listeners) << listeners.error().message;
    struct stat info{};
    ASSERT_EQ(::stat(path_.c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777U, 0600U);
  }
  EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST_F(ListenUnix, ReplacesADeadSocketOnly) {
  const Address address = *Address::unix_path(path_.string());
  {
    const Fd dead = stream_socket(address);
    ASSERT_EQ(::bind(dead.number(), address.raw(), address.size()), 0);
  }
  const auto first = listen_on(address, 1, 16);
  ASSERT_TRUE(first) << first.error().message;
  const auto second = listen_on(address, 1, 16);
  ASSERT_FALSE(second);
  EXPECT_TRUE(std::filesystem::exists(path_));
}

TEST_F(ListenUnix, LeavesOtherFilesAlone) {
  std::ofstream(path_) << "precious";
  const auto listeners = listen_on(*Address::unix_path(path_.string()), 1, 16);
  ASSERT_FALSE(listeners);
  EXPECT_TRUE(std::filesystem::is_regular_file(path_));
}

}  // namespace
}  // namespace tokometer::net
