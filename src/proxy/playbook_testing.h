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
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "proxy/http1_session.h"

namespace tokometer::proxy {

inline constexpr std::string_view kAcmeSpec = R"({
  "name": "acme", "title": "Acme", "base_url": "https://api.acme.example", "route": "acme",
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
  SteadyTime time{};

  Playbook& operator>>(const Happening& happening) {
    EXPECT_TRUE(done_.empty()) << "not expected: " << printable(done_.front());
    done_.clear();
    happening.run(session());
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

  void measure() { context->taps = std::make_shared<LoggingTaps>(*this); }
  Session& session() {
    if (!session_) {
      source_.context = context;
      session_ = std::make_unique<Http1Session>(*this, source_);
    }
    return *session_;
  }
  void destroy_session() { session_.reset(); }
  bool done() { return session().done(); }
  std::chrono::milliseconds delay(Timer timer) const { return timers_[static_cast<std::size_t>(timer)]; }

  ConnId connect(const Origin& origin, Reuse reuse) override {
    log(fmt::format("connect {}://{}:{}{}", origin.tls ? "https" : "http", origin.host, origin.port,
                    reuse == Reuse::kFresh ? " fresh" : ""));
    return ++last_conn_;
  }
  void release(ConnId conn) override { log(fmt::format("release {}", conn)); }
  bool send(ConnId conn, std::initializer_list<std::string_view> pieces) override {
    std::string text = fmt::format("send {} ", conn);
    for (const std::string_view piece : pieces) text += piece;
    log(text);
    return writable;
  }
  void close(ConnId conn, Close how) override {
    constexpr std::array<std::string_view, 3> kNames = {"graceful", "half", "reset"};
    log(fmt::format("close {} {}", conn, kNames[static_cast<std::size_t>(how)]));
  }
  void pause(ConnId conn, bool paused) override { log(fmt::format("{} {}", paused ? "pause" : "resume", conn)); }
  void arm(Timer timer, std::chrono::milliseconds delay) override { timers_[static_cast<std::size_t>(timer)] = delay; }
  UtcTime now() const override { return UtcTime{}; }
  SteadyTime steady() const override { return time; }

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
    void response_head(int status, wire::Fields, SteadyTime) override { play_.log(fmt::format("tap head {}", status)); }
    void response_content(std::string_view bytes, SteadyTime) override {
      play_.log(fmt::format("tap response {}", bytes));
    }
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
      for (const wire::Field& field : start.fields) {
        if (wire::istarts_with(field.name, "x-tokometer-")) play_.log(fmt::format("tap sees {}", field.name));
      }
      return std::make_unique<LoggingTap>(play_);
    }

   private:
    Playbook& play_;
  };

  void log(std::string command) { done_.push_back(std::move(command)); }
  static std::string printable(std::string_view text) { return testing::PrintToString(std::string(text)); }

  Source source_;
  std::deque<std::string> done_;
  std::array<std::chrono::milliseconds, kTimerCount> timers_{};
  ConnId last_conn_ = kClient;
  std::unique_ptr<Session> session_;
};

}  // namespace tokometer::proxy
