#include "net/server.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>

#include "net/loopback_peer.h"

namespace tokometer::net {
namespace {

using std::chrono::milliseconds;

class ServerTest : public testing::Test {
 protected:
  // Starts a server whose sessions `make` makes.
  void serve(const TestFactory::Make& make, const std::string& address = "127.0.0.1:0") {
    options_.listen = {*Address::parse(address)};
    auto server = Server::open(options_, system_clock(), log_);
    ASSERT_TRUE(server) << server.error().message;
    server_ = std::move(*server);
    ASSERT_TRUE(server_->start(std::make_shared<TestFactory>(make)));
  }
  template <typename Session>
  TestFactory::Make sessions() {
    return [this](proxy::Driver& driver) { return std::make_unique<Session>(driver, seen_); };
  }
  Peer client() const { return Peer::connect(server_->addresses()[0]); }

  ServerOptions options_;
  Log log_{LogLevel::kOff};
  Sightings seen_;
  std::unique_ptr<Server> server_;
};

TEST_F(ServerTest, EchoesOverIpv4Ipv6AndUnixSockets) {
  char pattern[] = "/tmp/tokometer-server-XXXXXX";
  const std::filesystem::path folder = ::mkdtemp(pattern);
  for (const std::string& address :
       {std::string("127.0.0.1:0"), std::string("[::1]:0"), "unix:" + (folder / "s").string()}) {
    serve(sessions<EchoSession>(), address);
    Peer peer = client();
    peer.send("hello");
    EXPECT_EQ(peer.receive(5), "hello");
    peer.half_close();
    EXPECT_EQ(peer.receive_all(), "");
    EXPECT_TRUE(peer.at_end());
    server_.reset();
  }
  std::filesystem::remove_all(folder);
}

// Says whose machine its client is.
class AddressSession final : public TestSession {
 public:
  using TestSession::TestSession;
  void on_bytes(proxy::ConnId conn, std::string_view /*bytes*/) override {
    driver_.send(conn, {"(", driver_.client_address(), ")"});
    finish(proxy::Close::kGraceful);
  }
};

TEST_F(ServerTest, KnowsTheMachineOfAClient) {
  char pattern[] = "/tmp/tokometer-server-XXXXXX";
  const std::filesystem::path folder = ::mkdtemp(pattern);
  for (const auto& [address, machine] :
       {std::pair(std::string("127.0.0.1:0"), "(127.0.0.1:0)"), std::pair(std::string("[::1]:0"), "([::1]:0)"),
        std::pair("unix:" + (folder / "s").string(), "()")}) {
    serve(sessions<AddressSession>(), address);
    Peer peer = client();
    peer.send("?");
    EXPECT_EQ(peer.receive_all(), machine);
    server_.reset();
  }
  std::filesystem::remove_all(folder);
}

TEST_F(ServerTest, ServesManyConnectionsOnSeveralWorkers) {
  options_.workers = 2;
  serve(sessions<EchoSession>());
  std::vector<Peer> peers;
  for (int i = 0; i < 300; ++i) {
    peers.push_back(client());
    peers.back().send(std::to_string(i));
  }
  for (std::size_t i = 0; i < peers.size(); ++i) {
    const std::string text = std::to_string(i);
    EXPECT_EQ(peers[i].receive(text.size()), text);
  }
  EXPECT_EQ(server_->stats().accepted, 300U);
  EXPECT_EQ(server_->stats().clients, 300U);
  peers.clear();
  EXPECT_TRUE(eventually([&] { return server_->stats().clients == 0 && server_->stats().lingering == 0; }));
}

TEST_F(ServerTest, StopsReadingForASlowReaderAndLosesNothing) {
  serve(sessions<EchoSession>());
  Peer peer = client();
  std::string sent;
  for (int i = 0; sent.size() < 24U << 20U; ++i) sent += std::to_string(i) + ",";
  std::thread writer([&] {
    peer.send(sent);
    peer.half_close();
  });
  ASSERT_TRUE(seen_.wait("full"));
  // Held back: what the server has taken is bounded by socket buffers and its mark.
  std::this_thread::sleep_for(milliseconds(100));
  EXPECT_LT(server_->stats().bytes_read, sent.size());
  EXPECT_EQ(peer.receive_all(), sent);
  writer.join();
  EXPECT_TRUE(peer.at_end());
  EXPECT_TRUE(seen_.wait("drained"));
}

TEST_F(ServerTest, TellsAReset) {
  serve(sessions<EchoSession>());
  Peer peer = client();
  peer.send("x");
  EXPECT_EQ(peer.receive(1), "x");
  peer.reset();
  EXPECT_TRUE(seen_.wait("client closed: reset"));
  EXPECT_TRUE(eventually([&] { return server_->stats().clients == 0; }));
}

TEST_F(ServerTest, TellsAResetOfAPausedClient) {
  class Deaf : public TestSession {
   public:
    Deaf(proxy::Driver& driver, Sightings& sightings) : TestSession(driver, sightings) {
      driver.pause(proxy::kClient, true);
    }
  };
  serve(sessions<Deaf>());
  Peer peer = client();
  ASSERT_TRUE(eventually([&] { return server_->stats().clients == 1; }));
  peer.reset();
  EXPECT_TRUE(seen_.wait("client closed: reset"));
}

TEST_F(ServerTest, HalfCloseLeavesTheOtherDirectionOpen) {
  class HalfCloser : public TestSession {
   public:
    HalfCloser(proxy::Driver& driver, Sightings& sightings) : TestSession(driver, sightings) {
      driver.send(proxy::kClient, {"all ", "", "we say"});
      driver.close(proxy::kClient, proxy::Close::kHalf);
    }
    void on_bytes(proxy::ConnId /*conn*/, std::string_view bytes) override { sightings_.add(std::string(bytes)); }
    void on_eof(proxy::ConnId conn) override {
      TestSession::on_eof(conn);
      finish(proxy::Close::kGraceful);
    }
  };
  serve(sessions<HalfCloser>());
  Peer peer = client();
  EXPECT_EQ(peer.receive_all(), "all we say");
  EXPECT_TRUE(peer.at_end());
  peer.send("heard");
  EXPECT_TRUE(seen_.wait("heard"));
  peer.half_close();
  EXPECT_TRUE(seen_.wait("client eof"));
}

TEST_F(ServerTest, AGracefulCloseLetsThePeerReadWhatWasSaid) {
  class Refuser : public TestSession {
   public:
    using TestSession::TestSession;
    void on_bytes(proxy::ConnId conn, std::string_view /*bytes*/) override {
      driver_.send(conn, {"no"});
      finish(proxy::Close::kGraceful);
    }
  };
  serve(sessions<Refuser>());
  Peer peer = client();
  // More than socket buffers hold: closing with it unread would send RST.
  peer.send(std::string(4U << 20U, 'x'));
  EXPECT_EQ(peer.receive_all(), "no");
  EXPECT_TRUE(peer.at_end());
  EXPECT_FALSE(peer.was_reset());
}

TEST_F(ServerTest, AClosedClientThatNeverEndsIsResetAfterAWhile) {
  options_.limits.linger_timeout = milliseconds(50);
  class Closer : public TestSession {
   public:
    Closer(proxy::Driver& driver, Sightings& sightings) : TestSession(driver, sightings) {
      finish(proxy::Close::kGraceful);
    }
  };
  serve(sessions<Closer>());
  const Peer peer = client();
  EXPECT_TRUE(eventually([&] { return server_->stats().lingering == 1; }));
  EXPECT_EQ(server_->stats().clients, 0U);
  EXPECT_TRUE(eventually([&] { return server_->stats().lingering == 0; }));
}

TEST_F(ServerTest, TheOldestClosedClientIsResetWhenTooManyWaitForTheirEnd) {
  options_.limits.linger_timeout = std::chrono::hours(1);
  options_.limits.max_lingering = 2;
  class Closer : public TestSession {
   public:
    Closer(proxy::Driver& driver, Sightings& sightings) : TestSession(driver, sightings) {
      finish(proxy::Close::kGraceful);
    }
  };
  serve(sessions<Closer>());
  const Peer first = client();
  EXPECT_TRUE(eventually([&] { return server_->stats().lingering == 1; }));
  const Peer second = client();
  EXPECT_TRUE(eventually([&] { return server_->stats().lingering == 2; }));
  const Peer third = client();
  EXPECT_TRUE(eventually([&] { return server_->stats().accepted == 3 && server_->stats().clients == 0; }));
  EXPECT_EQ(server_->stats().lingering, 2U);
}

TEST_F(ServerTest, AResetReachesThePeerAsOne) {
  class Resetter : public TestSession {
   public:
    using TestSession::TestSession;
    void on_bytes(proxy::ConnId /*conn*/, std::string_view /*bytes*/) override { finish(proxy::Close::kReset); }
  };
  serve(sessions<Resetter>());
  Peer peer = client();
  peer.send("x");
  peer.receive_all();
  EXPECT_TRUE(peer.was_reset());
}

TEST_F(ServerTest, TimersFireMoveAndAreDisarmed) {
  class Timed : public TestSession {
   public:
    Timed(proxy::Driver& driver, Sightings& sightings) : TestSession(driver, sightings) {
      driver.arm(proxy::Timer::kHead, milliseconds(20));
      driver.arm(proxy::Timer::kIdle, milliseconds(10));
      driver.arm(proxy::Timer::kDrain, milliseconds(5));
      driver.arm(proxy::Timer::kIdle, milliseconds(40));
      driver.arm(proxy::Timer::kDrain, milliseconds(0));
    }
    void on_timer(proxy::Timer timer) override {
      sightings_.add(timer == proxy::Timer::kHead ? "head" : timer == proxy::Timer::kIdle ? "idle" : "other");
      if (timer == proxy::Timer::kIdle) finish(proxy::Close::kGraceful);
    }
  };
  serve(sessions<Timed>());
  Peer peer = client();
  EXPECT_EQ(peer.receive_all(), "");
  EXPECT_EQ(seen_.all(), (std::vector<std::string>{"head", "idle"}));
}

TEST_F(ServerTest, HoldsConnectionsBackAtTheLimit) {
  options_.limits.max_clients = 2;
  serve(sessions<EchoSession>());
  std::vector<Peer> peers;
  for (int i = 0; i < 3; ++i) {
    peers.push_back(client());
    peers.back().send("x");
  }
  EXPECT_EQ(peers[0].receive(1), "x");
  EXPECT_EQ(peers[1].receive(1), "x");
  std::this_thread::sleep_for(milliseconds(50));
  EXPECT_EQ(server_->stats().accepted, 2U);
  peers[0].close();
  EXPECT_EQ(peers[2].receive(1), "x");
}

TEST_F(ServerTest, OutOfDescriptorsItTurnsAwayAndGoesOn) {
  options_.limits.accept_pause = milliseconds(10);
  serve(sessions<EchoSession>());
  Peer before = client();
  before.send("x");
  ASSERT_EQ(before.receive(1), "x");
  Peer unlucky = client();
  ASSERT_TRUE(eventually([&] { return server_->stats().accepted == 2; }));
  // Every number is taken: the limit is where the next would be.
  rlimit limit{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &limit), 0);
  Fd turned_away_fd = stream_socket(server_->addresses()[0]);
  const Fd next(::dup(0));
  const rlimit tight{.rlim_cur = static_cast<rlim_t>(next.number()) + 1, .rlim_max = limit.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &tight), 0);
  ASSERT_EQ(begin_connect(turned_away_fd.number(), server_->addresses()[0]), EINPROGRESS);
  Peer turned_away(std::move(turned_away_fd));
  turned_away.receive_all();
  EXPECT_TRUE(turned_away.at_end() || turned_away.was_reset());
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &limit), 0);
  EXPECT_GE(server_->stats().accept_failures, 1U);
  before.send("y");
  EXPECT_EQ(before.receive(1), "y");
  Peer after = client();
  after.send("z");
  EXPECT_EQ(after.receive(1), "z");
}

TEST_F(ServerTest, AReloadIsForNewSessionsOnly) {
  class Greeter : public TestSession {
   public:
    Greeter(proxy::Driver& driver, Sightings& sightings) : TestSession(driver, sightings) {
      driver.send(proxy::kClient, {"new"});
    }
    void on_eof(proxy::ConnId /*conn*/) override { finish(proxy::Close::kGraceful); }
  };
  serve(sessions<EchoSession>());
  Peer old_client = client();
  old_client.send("a");
  ASSERT_EQ(old_client.receive(1), "a");
  server_->reload(std::make_shared<TestFactory>(sessions<Greeter>()));
  Peer new_client = client();
  EXPECT_EQ(new_client.receive(3), "new");
  old_client.send("b");
  EXPECT_EQ(old_client.receive(1), "b");
}

TEST_F(ServerTest, ShutdownLetsSessionsFinish) {
  class Polite : public EchoSession {
   public:
    using EchoSession::EchoSession;
    void on_shutdown() override {
      TestSession::on_shutdown();
      driver_.send(proxy::kClient, {"bye"});
      finish(proxy::Close::kGraceful);
    }
  };
  serve(sessions<Polite>());
  Peer peer = client();
  peer.send("x");
  ASSERT_EQ(peer.receive(1), "x");
  const Address address = server_->addresses()[0];
  server_->shutdown(milliseconds(10'000));
  EXPECT_EQ(peer.receive_all(), "bye");
  EXPECT_TRUE(peer.at_end());
  peer.close();
  server_->join();
  Peer late = Peer::connect(address);
  late.send("x");
  EXPECT_EQ(late.receive_all(), "");
}

TEST_F(ServerTest, ShutdownResetsWhatDoesNotEnd) {
  serve(sessions<EchoSession>());  // takes no notice of on_shutdown
  Peer peer = client();
  peer.send("x");
  ASSERT_EQ(peer.receive(1), "x");
  server_->shutdown(milliseconds(60'000));
  ASSERT_TRUE(seen_.wait("shutdown"));
  server_->shutdown(milliseconds(20));  // a second word shortens the first
  server_->join();
  peer.receive_all();
  EXPECT_TRUE(peer.was_reset());
  EXPECT_TRUE(seen_.wait("client closed: stopped"));
}

TEST_F(ServerTest, OpenRefusesWhatCannotBe) {
  EXPECT_EQ(Server::open({}, system_clock(), log_).error().code, ErrorCode::kInvalid);
  options_.listen = {*Address::parse("127.0.0.1:0")};
  options_.tls.origin_ca = "/nowhere/ca.pem";
  EXPECT_EQ(Server::open(options_, system_clock(), log_).error().code, ErrorCode::kNotFound);
}

}  // namespace
}  // namespace tokometer::net
