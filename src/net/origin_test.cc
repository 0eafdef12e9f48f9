// Connections to origins as a session gets them: dial.h, pool.h.
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "net/loopback_peer.h"
#include "net/server.h"

namespace tokometer::net {
namespace {

using std::chrono::milliseconds;

class OriginTest : public testing::Test {
 protected:
  // Leads clients to `host`; with 0 as its port to the port that is listened at.
  void serve(const std::string& host, std::uint16_t port, std::string_view listen = "127.0.0.1:0") {
    options_.listen = {*Address::parse(listen)};
    auto server = Server::open(options_, system_clock(), log_);
    ASSERT_TRUE(server) << server.error().message;
    server_ = std::move(*server);
    if (behind_itself_) {
      const std::string itself = "0x7f000001:" + std::to_string(server_->addresses()[0].port());
      server_->set_upstream({.http = *UpstreamProxy::parse(itself)});
    }
    if (port == 0) port = server_->addresses()[0].port();
    const proxy::Origin origin{.tls = false, .host = host, .port = port};
    ASSERT_TRUE(server_->start(std::make_shared<TestFactory>(
        [this, origin](proxy::Driver& driver) { return std::make_unique<RelaySession>(driver, seen_, origin); })));
  }
  Peer client(std::string_view first_words) const {
    Peer peer = Peer::connect(server_->addresses()[0]);
    peer.send(first_words);
    return peer;
  }
  // An exchange, after which the session gives the origin's connection back.
  void exchange(Peer& at_origin) {
    Peer peer = client("ping");
    EXPECT_EQ(at_origin.receive(4), "ping");
    at_origin.send("pong");
    EXPECT_EQ(peer.receive(4), "pong");
    peer.half_close();
    peer.receive_all();
  }

  ServerOptions options_;
  Log log_{LogLevel::kOff};
  Sightings seen_;
  PeerListener origin_;
  bool behind_itself_ = false;  // its upstream proxy
  std::unique_ptr<Server> server_;
};

TEST_F(OriginTest, RelaysBothWays) {
  serve("127.0.0.1", origin_.port());
  Peer peer = client("hello");
  Peer at_origin = origin_.accept();
  EXPECT_EQ(at_origin.receive(5), "hello");
  at_origin.send("world");
  at_origin.close();
  EXPECT_EQ(peer.receive_all(), "world");
  EXPECT_TRUE(peer.at_end());
  EXPECT_TRUE(seen_.wait("origin eof"));
}

TEST_F(OriginTest, HoldsTheOriginBackForASlowClient) {
  serve("localhost", origin_.port());
  Peer peer = client("go");
  Peer at_origin = origin_.accept();
  std::string sent;
  for (int i = 0; sent.size() < 24U << 20U; ++i) sent += std::to_string(i) + ",";
  std::thread writer([&] {
    at_origin.send(sent);
    at_origin.half_close();
  });
  std::this_thread::sleep_for(milliseconds(100));
  EXPECT_LT(server_->stats().bytes_read, sent.size());
  EXPECT_EQ(peer.receive_all(), sent);
  writer.join();
}

TEST_F(OriginTest, UsesAConnectionAgain) {
  serve("127.0.0.1", origin_.port());
  Peer first = client("ping");
  Peer at_origin = origin_.accept();
  EXPECT_EQ(at_origin.receive(4), "ping");
  first.half_close();
  first.receive_all();
  ASSERT_TRUE(eventually([&] { return server_->stats().idle == 1; }));
  exchange(at_origin);
  EXPECT_TRUE(seen_.wait("reused"));
  EXPECT_EQ(server_->stats().dialed, 1U);
  EXPECT_EQ(server_->stats().reused, 1U);
}

TEST_F(OriginTest, DropsAnIdleConnectionThatDies) {
  serve("127.0.0.1", origin_.port());
  for (const bool by_bytes : {false, true}) {
    Peer peer = client("ping");
    Peer at_origin = origin_.accept();
    EXPECT_EQ(at_origin.receive(4), "ping");
    peer.half_close();
    peer.receive_all();
    ASSERT_TRUE(eventually([&] { return server_->stats().idle == 1; }));
    if (by_bytes) {
      at_origin.send("unasked");
    } else {
      at_origin.close();
    }
    EXPECT_TRUE(eventually([&] { return server_->stats().idle == 0; }));
  }
  EXPECT_EQ(server_->stats().dialed, 2U);
}

TEST_F(OriginTest, LetsIdleConnectionsGoAfterTheirTime) {
  options_.limits.idle_timeout = milliseconds(30);
  serve("127.0.0.1", origin_.port());
  Peer peer = client("ping");
  Peer at_origin = origin_.accept();
  EXPECT_EQ(at_origin.receive(4), "ping");
  peer.half_close();
  peer.receive_all();
  EXPECT_EQ(at_origin.receive_all(), "");
  EXPECT_TRUE(at_origin.at_end());
}

TEST_F(OriginTest, KeepsNoMoreThanItsLimit) {
  options_.limits.max_idle_per_origin = 1;
  serve("127.0.0.1", origin_.port());
  std::vector<Peer> peers;
  std::vector<Peer> at_origin;
  for (int i = 0; i < 3; ++i) {
    peers.push_back(client("ping"));
    at_origin.push_back(origin_.accept());
    EXPECT_EQ(at_origin.back().receive(4), "ping");
  }
  for (Peer& peer : peers) {
    peer.half_close();
    peer.receive_all();
  }
  EXPECT_TRUE(eventually([&] { return server_->stats().clients == 0; }));
  EXPECT_EQ(server_->stats().idle, 1U);
  EXPECT_EQ(server_->stats().origins, 0U);
}

TEST_F(OriginTest, AResetOfTheOriginIsTold) {
  serve("127.0.0.1", origin_.port());
  Peer peer = client("ping");
  Peer at_origin = origin_.accept();
  EXPECT_EQ(at_origin.receive(4), "ping");
  at_origin.reset();
  EXPECT_TRUE(seen_.wait("origin closed: reset"));
  EXPECT_EQ(peer.receive_all(), "");
}

TEST_F(OriginTest, AClientThatLeavesTakesItsOriginAlong) {
  serve("127.0.0.1", origin_.port());
  Peer peer = client("ping");
  Peer at_origin = origin_.accept();
  EXPECT_EQ(at_origin.receive(4), "ping");
  peer.reset();
  at_origin.receive_all();
  EXPECT_TRUE(at_origin.was_reset());
}

TEST_F(OriginTest, NobodyListens) {
  const std::uint16_t port = origin_.port();
  origin_.close();
  serve("127.0.0.1", port);
  Peer peer = client("ping");
  EXPECT_TRUE(seen_.wait("origin closed: refused"));
  EXPECT_EQ(server_->stats().dial_failures, 1U);
  EXPECT_EQ(server_->stats().origins, 0U);
}

TEST_F(OriginTest, ANameWithoutAddress) {
  options_.names = [](const std::string& name) -> Resolver::Answer {
    return fail(ErrorCode::kNetwork, name + ": no address");
  };
  serve("origin.example", origin_.port());
  for (int times = 1; times <= 2; ++times) {  // asked, then known
    Peer peer = client("ping");
    EXPECT_TRUE(seen_.wait("origin closed: resolve", times));
  }
}

TEST_F(OriginTest, TriesTheNextAddressWhenOneRefuses) {
  options_.names = [](const std::string&) -> Resolver::Answer {
    return Resolver::Addresses{*Address::ip("::1", 0), *Address::ip("127.0.0.2", 0), *Address::ip("127.0.0.1", 0)};
  };
  serve("origin.example", origin_.port());
  Peer peer = client("ping");
  Peer at_origin = origin_.accept();
  EXPECT_EQ(at_origin.receive(4), "ping");
}

// However it is written: systems take more forms of an address than one.
TEST_F(OriginTest, DoesNotGoToItself) {
  int times = 0;
  const std::vector<std::string> one = {"127.0.0.1", "localhost", "0.0.0.0", "0x7f000001", "2130706433", "127.1"};
  const std::vector<std::string> many = {"127.0.0.1", "127.0.0.2", "localhost", "0.0.0.0"};
  for (const auto& [listen, hosts] : {std::pair{"127.0.0.1:0", one}, std::pair{"0.0.0.0:0", many}}) {
    for (const std::string& host : hosts) {
      serve(host, 0, listen);
      Peer peer = client("ping");
      EXPECT_TRUE(seen_.wait("origin closed: loop", ++times)) << host << " of " << listen;
      EXPECT_EQ(peer.receive_all(), "");
    }
  }
  EXPECT_TRUE(eventually([&] { return server_->stats().origins == 0; }));
}

TEST_F(OriginTest, DoesNotGoThroughItself) {
  behind_itself_ = true;
  serve("a.example", 80);
  Peer peer = client("ping");
  EXPECT_TRUE(seen_.wait("origin closed: loop"));
  EXPECT_EQ(peer.receive_all(), "");
}

// A listener whose backlog is full: its kernel drops what would connect.
class SilentListener {
 public:
  explicit SilentListener(std::string_view ip) : listener_(ip, 0) {
    for (int i = 0; i < 4; ++i) fillers_.push_back(Peer::connect(listener_.address()));
  }
  std::uint16_t port() const { return listener_.port(); }

 private:
  PeerListener listener_;
  std::vector<Peer> fillers_;
};

TEST_F(OriginTest, GivesUpOnASilentAddressInTime) {
  options_.limits.connect_timeout = milliseconds(100);
  const SilentListener silent("127.0.0.1");
  serve("127.0.0.1", silent.port());
  Peer peer = client("ping");
  EXPECT_TRUE(seen_.wait("origin closed: connect timeout"));
}

TEST_F(OriginTest, ASilentAddressGetsItsShareOfTheTimeOnly) {
  options_.limits.connect_timeout = milliseconds(1'000);
  const SilentListener silent("127.0.0.2");
  options_.names = [](const std::string&) -> Resolver::Answer {
    return Resolver::Addresses{*Address::ip("127.0.0.2", 0), *Address::ip("127.0.0.1", 0)};
  };
  // The same port on the other address, where nothing is silent: refused at once.
  serve("origin.example", silent.port());
  const auto start = std::chrono::steady_clock::now();
  Peer peer = client("ping");
  EXPECT_TRUE(seen_.wait("origin closed: refused"));
  const auto took = std::chrono::steady_clock::now() - start;
  EXPECT_GE(took, milliseconds(450));
  EXPECT_LT(took, milliseconds(990));
}

TEST_F(OriginTest, ALookupThatHangsTimesOut) {
  options_.limits.connect_timeout = milliseconds(50);
  options_.names = [](const std::string&) -> Resolver::Answer {
    std::this_thread::sleep_for(milliseconds(300));
    return Resolver::Addresses{};
  };
  serve("origin.example", origin_.port());
  Peer peer = client("ping");
  EXPECT_TRUE(seen_.wait("origin closed: connect timeout"));
}

TEST_F(OriginTest, RefusesMoreConnectionsThanItsLimit) {
  options_.limits.max_origin_connections = 1;
  serve("127.0.0.1", origin_.port());
  Peer first = client("ping");
  Peer at_origin = origin_.accept();
  EXPECT_EQ(at_origin.receive(4), "ping");
  Peer second = client("ping");
  EXPECT_TRUE(seen_.wait("origin closed: limit"));
}

}  // namespace
}  // namespace tokometer::net
