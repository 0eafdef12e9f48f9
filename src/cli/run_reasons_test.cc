#include "cli/run_reasons.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <string>
#include <thread>

#include "app/instance.h"
#include "cli/test_environment.h"

namespace tokometer::cli {
namespace {

// What listens at an address; it answers one question, if at all.
class Listener {
 public:
  Listener() : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in any{};
    any.sin_family = AF_INET;
    any.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(any);
    EXPECT_EQ(::bind(socket_, reinterpret_cast<const sockaddr*>(&any), size), 0);
    EXPECT_EQ(::listen(socket_, 1), 0);
    EXPECT_EQ(::getsockname(socket_, reinterpret_cast<sockaddr*>(&any), &size), 0);
    address = fmt::format("127.0.0.1:{}", ntohs(any.sin_port));
  }
  ~Listener() { ::close(socket_); }
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  std::jthread answer(std::string response) const {
    return std::jthread([socket = socket_, response = std::move(response)] {
      const int client = ::accept(socket, nullptr, nullptr);
      std::array<char, 4096> request{};
      EXPECT_GT(::read(client, request.data(), request.size()), 0);
      EXPECT_EQ(::write(client, response.data(), response.size()), static_cast<ssize_t>(response.size()));
      ::close(client);
    });
  }

  std::string address;

 private:
  int socket_;
};

class ProxyFates : public testing::Test {
 protected:
  static constexpr std::string_view kHealthy = "HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\n{\"status\":\"ok\"}";

  ProxyFates() { config_.data_dir = test_.home() / "data"; }
  ProxyFate fate(std::string_view answer, pid_t process) const {
    const std::jthread answering = listener_.answer(std::string(answer));
    return find_proxy_fate(config_, process, listener_.address);
  }

  TestEnvironment test_;
  app::Config config_;
  Listener listener_;
};

TEST_F(ProxyFates, AreTheProcessesThatHaveTheFolder) {
  EXPECT_EQ(proxy_process(config_), 0);
  EXPECT_EQ(fate(kHealthy, ::getpid()), ProxyFate::kEnded) << "another folder's proxy is there";
  const auto instance = app::Instance::claim(config_.data_dir);
  ASSERT_TRUE(instance);
  EXPECT_EQ(proxy_process(config_), ::getpid());
  EXPECT_EQ(fate(kHealthy, ::getpid()), ProxyFate::kServes);
  EXPECT_EQ(fate(kHealthy, ::getpid() + 1), ProxyFate::kReplaced);
  EXPECT_EQ(find_proxy_fate(config_, ::getpid(), "127.0.0.1:1"), ProxyFate::kEnded);
}

TEST_F(ProxyFates, OfOneThatIsSlowIsThatItServes) {
  const auto instance = app::Instance::claim(config_.data_dir);
  ASSERT_TRUE(instance);
  EXPECT_EQ(find_proxy_fate(config_, ::getpid(), listener_.address), ProxyFate::kServes);
}

TEST(RunReasons, KnowWhichNodeHeedsProxies) {
  for (const std::string_view version : {"v20.20.2", "v18.0.0", "v22.20.9", "v23.11.0", "v24.4.1"}) {
    EXPECT_FALSE(heeds_proxies(version)) << version;
  }
  for (const std::string_view version : {"v22.21.0", "v24.5.0", "v25.0.0", "26.1.0", "", "v20", "nonsense"}) {
    EXPECT_TRUE(heeds_proxies(version)) << version;
  }
}

TEST(RunReasons, KnowScriptsOfNodes) {
  for (const std::string_view line :
       {"#!/usr/bin/env node", "#! /usr/bin/env -S node --no-warnings", "#!/opt/node-20/bin/node", "#!/usr/bin/nodejs",
        "#!/usr/bin/env -S NODE_OPTIONS=x node\r"}) {
    EXPECT_TRUE(is_node_script(line)) << line;
  }
  for (const std::string_view line : {"", "#!", "#!/bin/sh", "#!/bin/sh node", "node", "#!/usr/bin/env python3"}) {
    EXPECT_FALSE(is_node_script(line)) << line;
  }
}

}  // namespace
}  // namespace tokometer::cli
