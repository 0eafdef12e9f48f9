// For tests: the other end of a connection, blocking and bounded in time, and
// sessions to run against it.
//
//   PeerListener origin;
//   Peer client = Peer::connect(server->addresses()[0]);
//   client.send("hello");
//   Peer at_origin = origin.accept();
//   EXPECT_EQ(at_origin.receive(5), "hello");
#pragma once

#include <poll.h>
#include <sys/socket.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/check.h"
#include "net/address.h"
#include "net/fd.h"
#include "net/socket.h"
#include "proxy/driver.h"

namespace tokometer::net {

inline constexpr int kPeerPatienceMs = 5'000;

class Peer {
 public:
  explicit Peer(Fd fd) : fd_(std::move(fd)) {}
  static Peer connect(const Address& address) {
    Fd fd = stream_socket(address);
    TOKOMETER_CHECK(fd);
    const int error = begin_connect(fd.number(), address);
    TOKOMETER_CHECK(error == 0 || error == EINPROGRESS);
    return Peer(std::move(fd));
  }

  void send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t count = ::send(fd_.number(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (count > 0) bytes.remove_prefix(static_cast<std::size_t>(count));
      if (count < 0 && (errno != EAGAIN || !wait(POLLOUT))) return;
    }
  }
  // Until `size` bytes are there, the peer ends or patience does.
  std::string receive(std::size_t size) {
    std::string bytes;
    while (bytes.size() < size) {
      char buffer[16'384];
      const ssize_t count = ::recv(fd_.number(), buffer, std::min(sizeof buffer, size - bytes.size()), 0);
      if (count > 0) bytes.append(buffer, static_cast<std::size_t>(count));
      if (count == 0) {
        at_end_ = true;
        break;
      }
      if (count < 0 && (errno != EAGAIN || !wait(POLLIN))) {
        was_reset_ = errno == ECONNRESET;
        break;
      }
    }
    return bytes;
  }
  std::string receive_all() { return receive(static_cast<std::size_t>(-1)); }

  bool at_end() const { return at_end_; }        // FIN was read
  bool was_reset() const { return was_reset_; }  // RST was met
  void half_close() { ::shutdown(fd_.number(), SHUT_WR); }
  void reset() {
    reset_on_close(fd_.number());
    fd_.close();
  }
  void close() { fd_.close(); }
  int number() const { return fd_.number(); }

 private:
  bool wait(short events) {
    pollfd poll_fd{.fd = fd_.number(), .events = events, .revents = 0};
    return ::poll(&poll_fd, 1, kPeerPatienceMs) > 0;
  }

  Fd fd_;
  bool at_end_ = false;
  bool was_reset_ = false;
};

class PeerListener {
 public:
  explicit PeerListener(std::string_view ip = "127.0.0.1", int backlog = 1'024)
      : fd_(stream_socket(*Address::ip(ip, 0))) {
    const Address any = *Address::ip(ip, 0);
    TOKOMETER_CHECK(::bind(fd_.number(), any.raw(), any.size()) == 0 && ::listen(fd_.number(), backlog) == 0);
  }
  Address address() const { return *local_address(fd_.number()); }
  std::uint16_t port() const { return address().port(); }
  // A peer without a socket if nobody comes in `patience`.
  Peer accept(int patience_ms = kPeerPatienceMs) {
    pollfd poll_fd{.fd = fd_.number(), .events = POLLIN, .revents = 0};
    ::poll(&poll_fd, 1, patience_ms);
    return Peer(accept_connection(fd_.number()));
  }
  void close() { fd_.close(); }

 private:
  Fd fd_;
};

// What test sessions saw, for the test's thread.
class Sightings {
 public:
  void add(std::string what) {
    const std::lock_guard lock(mutex_);
    seen_.push_back(std::move(what));
  }
  std::vector<std::string> all() const {
    const std::lock_guard lock(mutex_);
    return seen_;
  }
  // Waits until `what` has been seen `times`.
  bool wait(std::string_view what, int times = 1) const {
    for (int ms = 0; ms < kPeerPatienceMs; ++ms) {
      const auto seen = all();
      if (std::count(seen.begin(), seen.end(), what) >= times) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return false;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> seen_;
};

// Waits until `condition` holds; false when patience ends.
inline bool eventually(const std::function<bool()>& condition) {
  for (int ms = 0; ms < kPeerPatienceMs; ++ms) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return false;
}

// A session that says what happens to it, and by default does nothing.
class TestSession : public proxy::Session {
 public:
  TestSession(proxy::Driver& driver, Sightings& sightings) : driver_(driver), sightings_(sightings) {}

  void on_connected(proxy::ConnId /*conn*/, proxy::Connected how) override {
    sightings_.add(how.reused ? "reused" : "connected");
  }
  void on_bytes(proxy::ConnId /*conn*/, std::string_view /*bytes*/) override {}
  void on_eof(proxy::ConnId conn) override { sightings_.add(conn == proxy::kClient ? "client eof" : "origin eof"); }
  void on_closed(proxy::ConnId conn, proxy::NetError why) override {
    static const std::map<proxy::NetError, std::string> kNames = {
        {proxy::NetError::kNone, "none"},
        {proxy::NetError::kResolve, "resolve"},
        {proxy::NetError::kRefused, "refused"},
        {proxy::NetError::kConnectTimeout, "connect timeout"},
        {proxy::NetError::kLoop, "loop"},
        {proxy::NetError::kTls, "tls"},
        {proxy::NetError::kTlsIssuer, "tls issuer"},
        {proxy::NetError::kTlsExpired, "tls expired"},
        {proxy::NetError::kTlsName, "tls name"},
        {proxy::NetError::kTlsCertificate, "tls certificate"},
        {proxy::NetError::kReset, "reset"},
        {proxy::NetError::kLimit, "limit"},
        {proxy::NetError::kStopped, "stopped"},
        {proxy::NetError::kDistrusted, "distrusted"},
        {proxy::NetError::kTurnedAway, "turned away"},
        {proxy::NetError::kProxy, "proxy"},
        {proxy::NetError::kProxyTimeout, "proxy timeout"},
        {proxy::NetError::kProxyUnauthorized, "proxy unauthorized"},
        {proxy::NetError::kProxyRefused, "proxy refused"}};
    sightings_.add((conn == proxy::kClient ? "client closed: " : "origin closed: ") + kNames.at(why));
    if (conn == proxy::kClient) done_ = true;
  }
  void on_drained(proxy::ConnId /*conn*/) override { sightings_.add("drained"); }
  void on_timer(proxy::Timer /*timer*/) override { sightings_.add("timer"); }
  void on_turn_end() override { sightings_.add("turn end"); }
  void on_shutdown() override { sightings_.add("shutdown"); }
  bool done() const override { return done_; }

 protected:
  void finish(proxy::Close how) {
    driver_.close(proxy::kClient, how);
    done_ = true;
  }

  proxy::Driver& driver_;
  Sightings& sightings_;
  bool done_ = false;
};

// Sends back what comes, stops reading while it can't, closes when its client does.
class EchoSession : public TestSession {
 public:
  using TestSession::TestSession;
  void on_bytes(proxy::ConnId conn, std::string_view bytes) override {
    if (driver_.send(conn, {bytes})) return;
    sightings_.add("full");
    driver_.pause(conn, true);
  }
  void on_drained(proxy::ConnId conn) override {
    TestSession::on_drained(conn);
    driver_.pause(conn, false);
  }
  void on_eof(proxy::ConnId conn) override {
    TestSession::on_eof(conn);
    finish(proxy::Close::kGraceful);
  }
};

// Opens one connection to `origin` with the client's first byte and relays both
// ways. Keeps the origin's connection ("release") when the client ends.
class RelaySession : public TestSession {
 public:
  RelaySession(proxy::Driver& driver, Sightings& sightings, proxy::Origin origin)
      : TestSession(driver, sightings), origin_name_(std::move(origin)) {}

  void on_bytes(proxy::ConnId conn, std::string_view bytes) override {
    if (conn != proxy::kClient) {
      if (!driver_.send(proxy::kClient, {bytes})) driver_.pause(conn, true);
    } else if (connected_) {
      if (!driver_.send(origin_, {bytes})) driver_.pause(conn, true);
    } else {
      waiting_ += bytes;
      if (origin_ == 0) origin_ = driver_.connect(origin_name_, proxy::Reuse::kAllowed, proxy::Offer::kHttp1);
    }
  }
  void on_connected(proxy::ConnId conn, proxy::Connected how) override {
    TestSession::on_connected(conn, std::move(how));
    connected_ = true;
    driver_.send(conn, {waiting_});
  }
  void on_drained(proxy::ConnId conn) override {
    TestSession::on_drained(conn);
    driver_.pause(conn == proxy::kClient ? origin_ : proxy::kClient, false);
  }
  void on_eof(proxy::ConnId conn) override {
    TestSession::on_eof(conn);
    if (conn == proxy::kClient) {
      if (connected_) driver_.release(origin_, nullptr);
    } else {
      driver_.close(conn, proxy::Close::kGraceful);
    }
    finish(proxy::Close::kGraceful);
  }
  void on_closed(proxy::ConnId conn, proxy::NetError why) override {
    TestSession::on_closed(conn, why);
    if (conn != proxy::kClient) {
      finish(proxy::Close::kReset);
    } else if (origin_ != 0) {
      driver_.close(origin_, proxy::Close::kReset);
    }
  }

 private:
  const proxy::Origin origin_name_;
  proxy::ConnId origin_ = 0;
  bool connected_ = false;
  std::string waiting_;
};

// Makes sessions with a function.
class TestFactory final : public proxy::SessionFactory {
 public:
  using Make = std::function<std::unique_ptr<proxy::Session>(proxy::Driver&)>;
  explicit TestFactory(Make make) : make_(std::move(make)) {}
  std::unique_ptr<proxy::Session> open(proxy::Driver& driver) override { return make_(driver); }

 private:
  const Make make_;
};

}  // namespace tokometer::net
