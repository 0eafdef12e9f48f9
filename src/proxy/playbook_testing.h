// Scripts for sessions without sockets: what happens goes in with >>, what the
// core must do in answer comes with <<, in order and completely.
//
//   Playbook play;
//   play >> received(kClient, "GET /acme/x HTTP/1.1\r\nHost: us\r\n\r\n")
//        << "connect https://api.acme.example:443"
//        >> connected(1)
//        << "send 1 GET /x HTTP/1.1\r\nHost: api.acme.example\r\n\r\n";
//
// Each Driver command and each call of a tap is one line; a send of several
// pieces is one line. Timers are asked for with `delay`.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "proxy/front.h"
#include "proxy/http2_origin_testing.h"

namespace tokometer::proxy {

inline constexpr std::string_view kAcmeSpec = R"({
  "name": "acme", "title": "Acme", "base_url": "https://api.acme.example", "route": "acme",
  "error_types": { "400": "acme_bad", "5xx": "acme_down" },
  "bare_paths": [{ "path": "/v1/chat" }]
})";
inline constexpr std::string_view kHomelessSpec = R"({ "name": "homeless", "title": "Homeless", "route": "homeless" })";

inline std::shared_ptr<const provider::Registry> test_registry() {
  const std::array<embedded::File, 2> files{{{"acme.json", kAcmeSpec}, {"homeless.json", kHomelessSpec}}};
  auto registry = provider::Registry::load(files, {});
  EXPECT_TRUE(registry.has_value()) << (registry ? "" : registry.error().message);
  return *registry;
}

struct Happening {
  std::function<void(Session&)> run;
};
inline Happening connected(ConnId conn, bool reused = false) {
  return {[=](Session& session) { session.on_connected(conn, {.reused = reused}); }};
}
inline Happening secured(Protocol protocol = Protocol::kHttp1) {
  return {[=](Session& session) { session.on_secured(protocol); }};
}
inline Happening connected_http2(ConnId conn) {
  return {[=](Session& session) { session.on_connected(conn, {.reused = false, .protocol = Protocol::kHttp2}); }};
}
inline Happening received(ConnId conn, std::string_view bytes) {
  return {[conn, text = std::string(bytes)](Session& session) { session.on_bytes(conn, text); }};
}
inline Happening eof(ConnId conn) {
  return {[=](Session& session) { session.on_eof(conn); }};
}
inline Happening closed(ConnId conn, NetError why = NetError::kReset) {
  return {[=](Session& session) { session.on_closed(conn, why); }};
}
inline Happening drained(ConnId conn) {
  return {[=](Session& session) { session.on_drained(conn); }};
}
inline Happening fired(Timer timer) {
  return {[=](Session& session) { session.on_timer(timer); }};
}
inline Happening shutdown() {
  return {[](Session& session) { session.on_shutdown(); }};
}

class Playbook : public Driver {
 public:
  // Tests may change `context` until the first happening.
  Playbook() : context(std::make_shared<Context>(Context{*Router::make(test_registry(), {}), {}, nullptr, nullptr})) {}
  ~Playbook() override { EXPECT_TRUE(done_.empty()) << "not expected: " << printable(done_.front()); }

  std::shared_ptr<Context> context;
  bool writable = true;  // what sends answer
  bool watches = false;  // what the tap answers when a tunnel opens
  bool in_turn = false;  // what it answers then
  bool may_end = true;   // what it answers when it is asked of the origin's next bytes
  SteadyTime time{};
  std::string address = "127.0.0.1";
  std::string uncovered = {};                // a name that we can't vouch for
  ConnId joined = kClient;                   // with the client
  std::map<ConnId, Traffic> passed = {};     // on connections
  Offer last_offer = Offer::kHttp1;          // of the last connect
  Origin last_origin = {};                   // the same
  std::unique_ptr<IdleConnection> released;  // with the last connection that went to the pool

  Playbook& operator>>(const Happening& happening) {
    EXPECT_TRUE(done_.empty()) << "not expected: " << printable(done_.front());
    done_.clear();
    happening.run(session());
    settled(session());
    return *this;
  }
  Playbook& operator<<(std::string_view expected) {
    if (done_.empty()) {
      ADD_FAILURE() << "expected: " << printable(expected) << "\nbut nothing came";
    } else {
      EXPECT_EQ(printable(done_.front()), printable(expected));
      done_.pop_front();
    }
    return *this;
  }
  // The next command, to look at it more closely.
  std::string take() {
    if (done_.empty()) return {};
    std::string command = std::move(done_.front());
    done_.pop_front();
    return command;
  }

  // The origin of `conn`, which speaks HTTP/2 from now on.
  Http2OriginPeer& http2(ConnId conn, const wire::http2::Limits& limits = {}) {
    auto& peer = http2_origins_[conn];
    if (!peer) {
      peer = std::make_unique<Http2OriginPeer>(
          limits, [this, conn](const std::string& line) { log(fmt::format("at {}: {}", conn, line)); });
    }
    return *peer;
  }
  // It goes on as connection `to`.
  void moved(ConnId from, ConnId to) {
    http2_origins_[to] = std::move(http2_origins_[from]);
    http2_origins_[to]->log = [this, to](const std::string& line) { log(fmt::format("at {}: {}", to, line)); };
    http2_origins_.erase(from);
  }

  void measure() { context->taps = std::make_shared<LoggingTaps>(*this); }
  Session& session() {
    if (!session_) {
      source_.context = context;
      session_ = std::make_unique<Front>(*this, source_);
    }
    return *session_;
  }
  // The next happening is a new connection's.
  void destroy_session() {
    session_.reset();
    last_conn_ = kClient;
  }
  bool done() { return session().done(); }
  std::chrono::milliseconds delay(Timer timer) const { return timers_[static_cast<std::size_t>(timer)]; }

  ConnId connect(const Origin& origin, Reuse reuse, Offer offer) override {
    last_offer = offer;
    last_origin = origin;
    log(fmt::format("connect {}://{}:{}{}{}", origin.tls ? "https" : "http", origin.host, origin.port,
                    origin.address.empty() ? "" : fmt::format(" at {}", origin.address),
                    reuse == Reuse::kFresh ? " fresh" : ""));
    return ++last_conn_;
  }
  void release(ConnId conn, std::unique_ptr<IdleConnection> idle) override {
    log(fmt::format("release {}", conn));
    released = std::move(idle);
  }
  bool send(ConnId conn, std::initializer_list<std::string_view> pieces) override {
    if (const auto found = http2_origins_.find(conn); found != http2_origins_.end()) {
      for (const std::string_view piece : pieces) found->second->receive(piece);
      return writable;
    }
    std::string text = fmt::format("send {} ", conn);
    for (const std::string_view piece : pieces) text += piece;
    log(text);
    return writable;
  }
  void close(ConnId conn, Close how) override {
    constexpr std::array<std::string_view, 3> kNames = {"graceful", "half", "reset"};
    log(fmt::format("close {} {}", conn, kNames[static_cast<std::size_t>(how)]));
  }
  bool vouches_for(std::string_view name) override { return name != uncovered; }
  void secure(std::string_view name, std::string_view received) override {
    log(fmt::format("secure {} with {} bytes", name, received.size()));
  }
  void join(ConnId conn) override { joined = conn; }
  Traffic traffic(ConnId conn) override { return passed.contains(conn) ? passed.at(conn) : Traffic{}; }
  void pause(ConnId conn, bool paused) override { log(fmt::format("{} {}", paused ? "pause" : "resume", conn)); }
  void arm(Timer timer, std::chrono::milliseconds delay) override { timers_[static_cast<std::size_t>(timer)] = delay; }
  std::string client_address() const override { return address; }
  void call_at_turn_end() override { log("turn"); }
  UtcTime now() const override { return UtcTime{}; }
  SteadyTime steady() const override { return time; }

 protected:
  // After each happening.
  virtual void settled(Session& /*session*/) {}
  void log(std::string command) { done_.push_back(std::move(command)); }

 private:
  struct Source : ContextSource {
    std::shared_ptr<const Context> context;
    std::shared_ptr<const Context> current() const override { return context; }
  };

  class LoggingTap : public Tap {
   public:
    explicit LoggingTap(Playbook& play) : play_(play) {}
    void request_content(std::string_view bytes) override { play_.log(fmt::format("tap request {}", bytes)); }
    void request_end() override { play_.log("tap request end"); }
    void response_head(int status, wire::Fields fields, SteadyTime) override {
      play_.log(fmt::format("tap head {}", status));
      if (const auto told = wire::find(fields, "x-told")) play_.log(fmt::format("tap told {}", *told));
    }
    void response_content(std::string_view bytes, SteadyTime) override {
      play_.log(fmt::format("tap response {}", bytes));
    }
    bool tunnel_opened() override {
      if (play_.watches) play_.log("tap tunnel");
      return play_.watches;
    }
    bool may_hold_end(std::size_t) const override { return play_.may_end; }
    bool in_turn() const override { return play_.in_turn; }
    void tunnel_content(From from, std::string_view bytes, SteadyTime) override {
      play_.log(fmt::format("tap {} {}", from == From::kFromClient ? "client" : "origin", bytes));
    }
    void tunnel_client_ended() override { play_.log("tap client ended"); }
    void response_end(SteadyTime) override { play_.log("tap end"); }
    void aborted(Abort why, int status, SteadyTime) override {
      play_.log(fmt::format("tap aborted {} {}", to_string(why), status));
    }

   private:
    Playbook& play_;
  };

  class LoggingTaps : public TapFactory {
   public:
    explicit LoggingTaps(Playbook& play) : play_(play) {}
    std::unique_ptr<Tap> open(const ExchangeStart& start) override {
      play_.log(fmt::format("tap open {} {} {} {}", start.method, start.host, start.target, start.project));
      if (start.context != nullptr) play_.log("tap has the context " + client::to_json(*start.context));
      for (const wire::Field& field : start.fields) {
        if (wire::istarts_with(field.name, "x-tokometer-")) play_.log(fmt::format("tap sees {}", field.name));
      }
      return std::make_unique<LoggingTap>(play_);
    }
    void refused(std::string_view code) override { play_.log(fmt::format("tap refused {}", code)); }
    void distrusted(const Distrust::Client& client, bool silent) override {
      play_.log(fmt::format("tap distrusted {} {}{}{}", client.name, client.host, silent ? " silently" : "",
                            client.held ? " held" : ""));
    }
    void tunnelled(std::string_view host, const client::CallContext* context) override {
      if (context != nullptr) play_.log(fmt::format("tap tunnelled {} of {}", host, context->run));
    }
    void unreadable_context(std::string_view) override { play_.log("tap told of an unreadable context"); }

   private:
    Playbook& play_;
  };

  static std::string printable(std::string_view text) { return testing::PrintToString(std::string(text)); }

  Source source_;
  std::deque<std::string> done_;
  std::array<std::chrono::milliseconds, kTimerCount> timers_{};
  std::map<ConnId, std::unique_ptr<Http2OriginPeer>> http2_origins_;
  ConnId last_conn_ = kClient;
  std::unique_ptr<Session> session_;
};

}  // namespace tokometer::proxy
