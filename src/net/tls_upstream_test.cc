// Connections to origins through another proxy: dial.h with upstream_proxy.h.
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <map>

#include "net/server.h"
#include "net/tls_test_peer.h"

namespace tokometer::net {
namespace {

class UpstreamDialTest : public testing::Test {
 protected:
  UpstreamDialTest() {
    char pattern[] = "/tmp/tokometer-upstream-XXXXXX";
    folder_ = ::mkdtemp(pattern);
    write_pem(ca_, folder_ / "ca.pem");
    options_.tls = {.origin_ca = folder_ / "ca.pem", .system_store = false};
    options_.names = [](const std::string&) -> Resolver::Answer { return fail(ErrorCode::kNotFound, "no such name"); };
  }
  ~UpstreamDialTest() override { std::filesystem::remove_all(folder_); }

  // A client that has said "hello", for an origin behind `proxy_`.
  Peer client(const proxy::Origin& origin) {
    options_.listen = {*Address::parse("127.0.0.1:0")};
    auto server = Server::open(options_, system_clock(), log_);
    EXPECT_TRUE(server);
    server_ = std::move(*server);
    auto by = UpstreamProxy::parse("http://user:pass@127.0.0.1:" + std::to_string(proxy_.port()));
    EXPECT_TRUE(by);
    server_->set_upstream({.https = *by, .http = *by, .except = {}});
    EXPECT_TRUE(server_->start(std::make_shared<TestFactory>(
        [this, origin](proxy::Driver& driver) { return std::make_unique<RelaySession>(driver, seen_, origin); })));
    Peer peer = Peer::connect(server_->addresses()[0]);
    peer.send("hello");
    return peer;
  }
  // The proxy's side, which has been asked for a tunnel to `authority`.
  Peer asked_for(const std::string& authority) {
    Peer peer = proxy_.accept();
    const std::string request = "CONNECT " + authority + " HTTP/1.1\r\nHost: " + authority +
                                "\r\nProxy-Authorization: Basic dXNlcjpwYXNz\r\n\r\n";
    EXPECT_EQ(peer.receive(request.size()), request);
    return peer;
  }

  const proxy::Origin plain_{.tls = false, .host = "origin.example", .port = 8080};
  std::filesystem::path folder_;
  const Certificate ca_ = make_certificate("", nullptr);
  ServerOptions options_;
  Log log_{LogLevel::kOff};
  Sightings seen_;
  PeerListener proxy_;
  std::unique_ptr<Server> server_;
};

TEST_F(UpstreamDialTest, TunnelsWithoutLookingTheOriginUp) {
  Peer peer = client(plain_);
  Peer at_proxy = asked_for("origin.example:8080");
  // What the origin says first may come with the proxy's answer.
  at_proxy.send("HTTP/1.1 200 Connection established\r\n\r\nwelcome");
  EXPECT_EQ(at_proxy.receive(5), "hello");
  at_proxy.send(", you");
  EXPECT_EQ(peer.receive(12), "welcome, you");
}

TEST_F(UpstreamDialTest, KeepsTheOrderOfALotThatComesWithTheAnswer) {
  Peer peer = client(plain_);
  Peer at_proxy = asked_for("origin.example:8080");
  std::string sent;
  for (int i = 0; sent.size() < 1U << 20U; ++i) sent += std::to_string(i) + ",";
  at_proxy.send("HTTP/1.1 200 OK\r\n\r\n" + sent);
  at_proxy.half_close();
  EXPECT_EQ(peer.receive_all(), sent);
}

TEST_F(UpstreamDialTest, NamesAnAddress) {
  Peer peer = client({.tls = false, .host = "fd00::1", .port = 80});
  Peer at_proxy = asked_for("[fd00::1]:80");
}

TEST_F(UpstreamDialTest, SpeaksTlsInTheTunnel) {
  const Certificate certificate = make_certificate("DNS:origin.example", &ca_);
  const auto context = server_context(certificate, TLS1_3_VERSION);
  Peer peer = client({.host = "origin.example"});
  Peer at_proxy = asked_for("origin.example:443");
  at_proxy.send("HTTP/1.1 200 OK\r\n\r\n");
  TlsPeer origin(context.get(), std::move(at_proxy));
  ASSERT_TRUE(origin.ok());
  EXPECT_EQ(origin.server_name(), "origin.example");
  EXPECT_EQ(origin.receive(5), "hello");
  origin.send("world");
  EXPECT_EQ(peer.receive(5), "world");
}

TEST_F(UpstreamDialTest, VerifiesTheOriginInTheTunnel) {
  const Certificate certificate = make_certificate("DNS:another.example", &ca_);
  const auto context = server_context(certificate, TLS1_3_VERSION);
  Peer peer = client({.host = "origin.example"});
  Peer at_proxy = asked_for("origin.example:443");
  at_proxy.send("HTTP/1.1 200 OK\r\n\r\n");
  TlsPeer origin(context.get(), std::move(at_proxy));
  EXPECT_TRUE(seen_.wait("origin closed: tls name"));
}

TEST_F(UpstreamDialTest, SaysHowTheProxyRefused) {
  std::map<std::string, int> times;
  for (const auto& [answer, why] :
       {std::pair{"HTTP/1.1 407 Who\r\n\r\n", "proxy unauthorized"},
        std::pair{"HTTP/1.1 403 No\r\n\r\n", "proxy refused"}, std::pair{"HTTP/1.0 502 Bad\r\n\r\n", "proxy refused"},
        std::pair{"SSH-2.0-x\r\n\r\n", "proxy"}, std::pair{"HTTP/1.1 200", "proxy"}}) {
    Peer peer = client(plain_);
    Peer at_proxy = asked_for("origin.example:8080");
    at_proxy.send(answer);
    at_proxy.half_close();
    EXPECT_TRUE(seen_.wait(std::string("origin closed: ") + why, ++times[why])) << answer;
  }
}

TEST_F(UpstreamDialTest, DoesNotWaitForEver) {
  options_.limits.connect_timeout = std::chrono::milliseconds(30);
  Peer peer = client(plain_);
  Peer at_proxy = asked_for("origin.example:8080");
  EXPECT_TRUE(seen_.wait("origin closed: proxy timeout"));
}

// Gives its connection up at the very time at which that gives up itself.
class ImpatientSession final : public TestSession {
 public:
  ImpatientSession(proxy::Driver& driver, Sightings& sightings, const proxy::Origin& origin,
                   std::chrono::milliseconds patience)
      : TestSession(driver, sightings) {
    driver_.arm(proxy::Timer::kHead, patience);
    origin_ = driver_.connect(origin, proxy::Reuse::kFresh, proxy::Offer::kHttp1);
  }
  void on_timer(proxy::Timer timer) override {
    driver_.close(origin_, proxy::Close::kReset);
    finish(proxy::Close::kGraceful);
    TestSession::on_timer(timer);
  }

 private:
  proxy::ConnId origin_ = 0;
};

TEST_F(UpstreamDialTest, IsSilentWhenItWasGivenUp) {
  options_.limits.connect_timeout = std::chrono::milliseconds(30);
  options_.listen = {*Address::parse("127.0.0.1:0")};
  server_ = std::move(*Server::open(options_, system_clock(), log_));
  server_->set_upstream({.http = *UpstreamProxy::parse("127.0.0.1:" + std::to_string(proxy_.port()))});
  ASSERT_TRUE(server_->start(std::make_shared<TestFactory>([this](proxy::Driver& driver) {
    return std::make_unique<ImpatientSession>(driver, seen_, plain_, options_.limits.connect_timeout);
  })));
  Peer peer = Peer::connect(server_->addresses()[0]);
  EXPECT_EQ(peer.receive_all(), "");
  EXPECT_TRUE(seen_.wait("timer"));
  EXPECT_EQ(seen_.all().size(), 1U);
}

TEST_F(UpstreamDialTest, SaysThatTheProxyIsNotThere) {
  const std::uint16_t port = proxy_.port();
  options_.listen = {*Address::parse("127.0.0.1:0")};
  proxy_.close();
  server_ = std::move(*Server::open(options_, system_clock(), log_));
  server_->set_upstream({.http = *UpstreamProxy::parse("127.0.0.1:" + std::to_string(port))});
  ASSERT_TRUE(server_->start(std::make_shared<TestFactory>(
      [this](proxy::Driver& driver) { return std::make_unique<RelaySession>(driver, seen_, plain_); })));
  Peer peer = Peer::connect(server_->addresses()[0]);
  peer.send("hello");
  EXPECT_TRUE(seen_.wait("origin closed: proxy"));
}

TEST_F(UpstreamDialTest, GoesDirectlyWhereItIsSaidWhereTheOriginIs) {
  PeerListener origin;
  options_.overrides = {{.host = "origin.example", .port = 8080, .address = origin.address()}};
  Peer peer = client(plain_);
  Peer at_origin = origin.accept();
  EXPECT_EQ(at_origin.receive(5), "hello");
}

}  // namespace
}  // namespace tokometer::net
