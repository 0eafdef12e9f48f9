// Connections that are joined: connection.h and pipes.h, as a session has them by Driver::join.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <map>
#include <string>
#include <thread>

#include "net/loopback_peer.h"
#include "net/server.h"
#include "proxy/front.h"

namespace tokometer::net {
namespace {

// A tunnel, as proxy/front.h makes it.
class TunnelSession final : public TestSession {
 public:
  TunnelSession(proxy::Driver& driver, Sightings& sightings, std::uint16_t port) : TestSession(driver, sightings) {
    driver_.pause(proxy::kClient, true);
    origin_ =
        driver_.connect({.tls = false, .host = "127.0.0.1", .port = port}, proxy::Reuse::kFresh, proxy::Offer::kTunnel);
  }
  void on_connected(proxy::ConnId conn, proxy::Connected /*how*/) override {
    driver_.join(conn);
    driver_.pause(proxy::kClient, false);
  }
  void on_bytes(proxy::ConnId conn, std::string_view bytes) override {
    if (!driver_.send(conn == proxy::kClient ? origin_ : proxy::kClient, {bytes})) driver_.pause(conn, true);
  }
  void on_drained(proxy::ConnId conn) override {
    driver_.pause(conn == proxy::kClient ? origin_ : proxy::kClient, false);
  }
  void on_eof(proxy::ConnId conn) override {
    TestSession::on_eof(conn);
    driver_.close(conn == proxy::kClient ? origin_ : proxy::kClient, proxy::Close::kHalf);
    if (++ended_ < 2) return;
    driver_.close(origin_, proxy::Close::kGraceful);
    finish(proxy::Close::kGraceful);
  }
  void on_closed(proxy::ConnId conn, proxy::NetError why) override {
    TestSession::on_closed(conn, why);
    if (conn == proxy::kClient) return driver_.close(origin_, proxy::Close::kReset);
    finish(proxy::Close::kReset);
  }

 private:
  proxy::ConnId origin_ = 0;
  int ended_ = 0;
};

class TunnelTest : public testing::TestWithParam<std::size_t> {
 protected:
  TunnelTest() {
    options_.listen = {*Address::parse("127.0.0.1:0")};
    options_.limits.max_pipes = GetParam();
    server_ = std::move(*Server::open(options_, system_clock(), log_));
    EXPECT_TRUE(server_->start(std::make_shared<TestFactory>(
        [this](proxy::Driver& driver) { return std::make_unique<TunnelSession>(driver, seen_, origin_.port()); })));
  }
  Peer client() const { return Peer::connect(server_->addresses()[0]); }
  static const std::string& much() {
    static const std::string bytes = [] {
      std::string made;
      for (int i = 0; made.size() < 24U << 20U; ++i) made += std::to_string(i) + ",";
      return made;
    }();
    return bytes;
  }

  ServerOptions options_;
  Log log_{LogLevel::kOff};
  Sightings seen_;
  PeerListener origin_;
  std::unique_ptr<Server> server_;
};

TEST_P(TunnelTest, PassesMuchAndLittleInOrderBothWays) {
  const std::string& sent = much();
  Peer peer = client();
  Peer at_origin = origin_.accept();
  std::thread up([&] { peer.send(sent); });
  std::thread down([&] { at_origin.send(sent); });
  EXPECT_TRUE(at_origin.receive(sent.size()) == sent);
  EXPECT_TRUE(peer.receive(sent.size()) == sent);
  up.join();
  down.join();
  peer.send("little");
  EXPECT_EQ(at_origin.receive(6), "little");
  at_origin.send("less");
  EXPECT_EQ(peer.receive(4), "less");
  EXPECT_GE(server_->stats().bytes_written, 2 * sent.size());
}

TEST_P(TunnelTest, HoldsBackForASlowReaderAndEndsBehindTheLastByte) {
  const std::string& sent = much();
  Peer peer = client();
  Peer at_origin = origin_.accept();
  std::thread down([&] {
    at_origin.send(sent);
    at_origin.half_close();
  });
  // What fits into the sockets' buffers, and no more.
  ASSERT_TRUE(eventually([&] { return server_->stats().bytes_read > std::size_t{64} * 1024; }));
  EXPECT_LT(server_->stats().bytes_read, sent.size());
  EXPECT_TRUE(peer.receive_all() == sent);
  EXPECT_TRUE(peer.at_end());
  down.join();
  // The other way is open still.
  peer.send("late");
  EXPECT_EQ(at_origin.receive(4), "late");
  peer.half_close();
  EXPECT_EQ(at_origin.receive_all(), "");
  EXPECT_TRUE(seen_.wait("client eof"));
}

TEST_P(TunnelTest, BreaksWithItsReader) {
  const std::string& sent = much();
  Peer peer = client();
  Peer at_origin = origin_.accept();
  std::thread down([&] { at_origin.send(sent); });
  EXPECT_EQ(peer.receive(1'000), sent.substr(0, 1'000));
  peer.reset();
  EXPECT_TRUE(seen_.wait("client closed: reset"));
  down.join();
  EXPECT_EQ(at_origin.receive_all(), "");
}

TEST_P(TunnelTest, BreaksWithItsWriter) {
  const std::string& sent = much();
  Peer peer = client();
  Peer at_origin = origin_.accept();
  std::thread down([&] {
    at_origin.send(sent.substr(0, 1U << 20U));
    at_origin.reset();
  });
  down.join();
  peer.receive_all();
  EXPECT_TRUE(peer.was_reset());
}

class LeapingClock final : public Clock {
 public:
  UtcTime now() const override { return system_clock().now(); }
  SteadyTime steady() const override { return system_clock().steady() + leapt_.load(); }
  void leap(std::chrono::hours time) { leapt_ = time; }

 private:
  std::atomic<std::chrono::hours> leapt_{};
};

class NoProviders final : public proxy::ContextSource {
 public:
  std::shared_ptr<const proxy::Context> current() const override { return context_; }

 private:
  const std::shared_ptr<const provider::Registry> registry_ = *provider::Registry::load({}, {});
  const std::shared_ptr<const proxy::Context> context_ = std::make_shared<proxy::Context>(
      proxy::Context{.router = *proxy::Router::make(registry_, {}),
                     .settings = {},
                     .taps = nullptr,
                     .internal = nullptr,
                     .forwarding = std::make_shared<proxy::Forwarding>(registry_, proxy::ForwardingOptions(),
                                                                       std::make_shared<proxy::Distrust>())});
};

TEST_P(TunnelTest, DoesNotHoldUpAShutdownWhenItIsAtRest) {
  LeapingClock clock;
  auto server = std::move(*Server::open(options_, clock, log_));
  ASSERT_TRUE(server->start(std::make_shared<proxy::FrontFactory>(std::make_shared<NoProviders>())));
  Peer peer = Peer::connect(server->addresses()[0]);
  peer.send("CONNECT " + origin_.address().text() + " HTTP/1.1\r\nHost: x\r\n\r\n");
  Peer at_origin = origin_.accept();
  constexpr std::string_view kStands = "HTTP/1.1 200 Connection established\r\n\r\n";
  EXPECT_EQ(peer.receive(kStands.size()), kStands);
  std::thread up([&] { peer.send(much()); });
  EXPECT_TRUE(at_origin.receive(much().size()) == much());
  up.join();
  std::thread down([&] { at_origin.send(much()); });
  EXPECT_TRUE(peer.receive(much().size()) == much());
  down.join();
  constexpr std::chrono::hours kLong{1};
  clock.leap(kLong);
  server->shutdown(kLong);
  EXPECT_EQ(peer.receive_all(), "");
  EXPECT_TRUE(peer.at_end());
  EXPECT_EQ(at_origin.receive_all(), "");
  EXPECT_TRUE(at_origin.at_end());
}

INSTANTIATE_TEST_SUITE_P(WithPipes, TunnelTest, testing::Values(std::size_t{0}, std::size_t{1}, std::size_t{16}));

}  // namespace
}  // namespace tokometer::net
