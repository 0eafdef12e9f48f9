// For the fuzzers of sessions: a driver that knows which connections are open and
// checks that no command names another, and the context that sessions run in.
//
// Not here: what happens to them (http1_session_fuzz.cc, http2_session_fuzz.cc).
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "base/check.h"
#include "proxy/front.h"
#include "wire/http2_testing.h"

namespace tokometer::proxy {

class FuzzDriver : public Driver {
 public:
  ConnId connect(const Origin& origin, Reuse, Offer offer) override {
    open_.insert(++last_);
    if (origin.tls && offer == Offer::kAny) tls_.insert(last_);
    return last_;
  }
  void release(ConnId conn, std::unique_ptr<IdleConnection> idle) override {
    std::string out;
    if (idle != nullptr) idle->on_idle_bytes(wire::http2::frame(wire::http2::kPing, 0, 0, "12345678"), time, out);
    TOKOMETER_CHECK(conn != kClient && open_.erase(conn) == 1);
  }
  bool send(ConnId conn, std::initializer_list<std::string_view>) override {
    TOKOMETER_CHECK(open_.contains(conn) && !half_closed_.contains(conn) && !connecting(conn));
    TOKOMETER_CHECK(conn != kClient || !securing);
    return writable;
  }
  void close(ConnId conn, Close how) override {
    TOKOMETER_CHECK(open_.contains(conn));
    if (how == Close::kHalf) {
      half_closed_.insert(conn);
    } else {
      forget(conn);
    }
  }
  bool vouches_for(std::string_view name) override { return name.size() % 7 != 0; }
  void secure(std::string_view, std::string_view) override {
    TOKOMETER_CHECK(open_.contains(kClient) && !securing);
    securing = true;
  }
  void join(ConnId conn) override {
    TOKOMETER_CHECK(open_.contains(kClient) && conn != kClient && open_.contains(conn) && !connecting(conn));
  }
  Traffic traffic(ConnId conn) override {
    TOKOMETER_CHECK(open_.contains(conn));
    return {};
  }
  void pause(ConnId conn, bool paused) override {
    TOKOMETER_CHECK(open_.contains(conn));
    if (paused) {
      paused_.insert(conn);
    } else {
      paused_.erase(conn);
    }
  }
  void arm(Timer timer, std::chrono::milliseconds delay) override {
    armed[static_cast<std::size_t>(timer)] = delay.count() > 0;
  }
  std::string client_address() const override { return "127.0.0.1"; }
  void call_at_turn_end() override { turn = true; }
  UtcTime now() const override { return {}; }
  SteadyTime steady() const override { return time; }

  bool is_open(ConnId conn) const { return open_.contains(conn); }
  bool none_open() const { return open_.empty(); }
  bool connecting(ConnId conn) const { return is_open(conn) && conn != kClient && !connected_.contains(conn); }
  bool reads(ConnId conn) const {
    return is_open(conn) && !connecting(conn) && !paused_.contains(conn) && !ended_.contains(conn) &&
           !(conn == kClient && securing);
  }
  bool has_tls(ConnId conn) const { return tls_.contains(conn); }
  void forget(ConnId conn) {
    open_.erase(conn);
    paused_.erase(conn);
  }
  void set_connected(ConnId conn) { connected_.insert(conn); }
  void set_ended(ConnId conn) { ended_.insert(conn); }
  ConnId last() const { return last_; }

  bool writable = true;
  bool securing = false;  // the client's TLS is being agreed on
  bool turn = false;      // its end is to be told
  SteadyTime time{};
  std::array<bool, kTimerCount> armed{};

 private:
  std::set<ConnId> open_{kClient};
  std::set<ConnId> tls_;
  std::set<ConnId> connected_;
  std::set<ConnId> half_closed_;
  std::set<ConnId> paused_;
  std::set<ConnId> ended_;
  ConnId last_ = kClient;
};

struct FuzzContexts : ContextSource {
  std::shared_ptr<const Context> context;
  std::shared_ptr<const Context> current() const override { return context; }
};

// With limits that few bytes reach, and each way to treat a client that leaves.
inline std::array<std::shared_ptr<const Context>, 2> fuzz_contexts(std::span<const embedded::File> specs) {
  std::array<std::shared_ptr<const Context>, 2> contexts;
  for (const OnClientClose on_client_close : {OnClientClose::kCancel, OnClientClose::kDrain}) {
    auto registry = provider::Registry::load(specs, {});
    TOKOMETER_CHECK(registry.has_value());
    auto router = Router::make(*registry, {});
    TOKOMETER_CHECK(router.has_value());
    Settings settings;
    settings.on_client_close = on_client_close;
    settings.limits.held_bytes = 128;
    settings.limits.retry_bytes = 128;
    settings.limits.request_content_bytes = 512;
    settings.limits.http2.max_streams = 4;
    settings.limits.http2.stream_window = 1'024;
    ForwardingOptions options;
    options.intercept = {"*.x"};
    auto forwarding = std::make_shared<const Forwarding>(*registry, std::move(options), std::make_shared<Distrust>());
    contexts[on_client_close == OnClientClose::kDrain ? 1 : 0] =
        std::make_shared<Context>(Context{std::move(*router), settings, nullptr, nullptr, std::move(forwarding)});
  }
  return contexts;
}

}  // namespace tokometer::proxy
