// A whole session, CONNECT and what follows it included, under any bytes from both sides, in any order: nothing may
// crash, no command may name a connection that is gone, and what ends must end.
//
// Input: a sequence of steps, each one byte of what happens and, for bytes
// received, one of how many follow.

#include <array>
#include <cstddef>
#include <cstdint>
#include <set>
#include <string_view>

#include "base/check.h"
#include "proxy/front.h"

namespace tokometer::proxy {
namespace {

class FuzzDriver : public Driver {
 public:
  ConnId connect(const Origin&, Reuse, Offer) override {
    open_.insert(++last_);
    return last_;
  }
  void release(ConnId conn, std::unique_ptr<IdleConnection>) override {
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
  void secure(std::string_view, std::string_view) override {
    TOKOMETER_CHECK(open_.contains(kClient) && !securing);
    securing = true;
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
  void call_at_turn_end() override {}
  UtcTime now() const override { return {}; }
  SteadyTime steady() const override { return {}; }

  bool is_open(ConnId conn) const { return open_.contains(conn); }
  bool connecting(ConnId conn) const { return conn != kClient && !connected_.contains(conn); }
  bool reads(ConnId conn) const {
    return is_open(conn) && !connecting(conn) && !paused_.contains(conn) && !ended_.contains(conn) &&
           !(conn == kClient && securing);
  }
  void forget(ConnId conn) {
    open_.erase(conn);
    paused_.erase(conn);
  }
  void set_connected(ConnId conn) { connected_.insert(conn); }
  void set_ended(ConnId conn) { ended_.insert(conn); }
  ConnId last() const { return last_; }

  bool writable = true;
  bool securing = false;  // the client's TLS is being agreed on
  std::array<bool, kTimerCount> armed{};

 private:
  std::set<ConnId> open_{kClient};
  std::set<ConnId> connected_;
  std::set<ConnId> half_closed_;
  std::set<ConnId> paused_;
  std::set<ConnId> ended_;
  ConnId last_ = kClient;
};

struct Contexts : ContextSource {
  std::shared_ptr<const Context> context;
  std::shared_ptr<const Context> current() const override { return context; }
};

std::shared_ptr<const Context> fuzz_context(OnClientClose on_client_close) {
  const std::array<embedded::File, 1> files{
      {{"a.json", R"({"name":"a","title":"A","base_url":"http://a","route":"a","hosts":["a"]})"}}};
  auto registry = provider::Registry::load(files, {});
  TOKOMETER_CHECK(registry.has_value());
  auto router = Router::make(*registry, {});
  TOKOMETER_CHECK(router.has_value());
  Settings settings;
  settings.on_client_close = on_client_close;
  settings.limits.held_bytes = 128;
  settings.limits.retry_bytes = 128;
  settings.limits.request_content_bytes = 512;
  auto forwarding = std::make_shared<const Forwarding>(*registry, ForwardingOptions{}, std::make_shared<Distrust>());
  return std::make_shared<Context>(Context{std::move(*router), settings, nullptr, nullptr, std::move(forwarding)});
}

void run(std::string_view input) {
  static const std::array<std::shared_ptr<const Context>, 2> kContexts = {fuzz_context(OnClientClose::kCancel),
                                                                          fuzz_context(OnClientClose::kDrain)};
  if (input.empty()) return;
  Contexts contexts;
  contexts.context = kContexts[static_cast<unsigned char>(input[0]) % 2];
  input.remove_prefix(1);
  FuzzDriver driver;
  Front session(driver, contexts);
  while (!input.empty() && !session.done()) {
    const auto step = static_cast<unsigned char>(input[0]);
    input.remove_prefix(1);
    const ConnId conn = (step & 0x80U) != 0 ? driver.last() : kClient;
    switch (step % 8) {
      case 0:
      case 1: {
        if (input.empty()) break;
        const std::string_view bytes = input.substr(1, static_cast<unsigned char>(input[0]));
        input.remove_prefix(1 + bytes.size());
        if (driver.reads(conn) && !bytes.empty()) session.on_bytes(conn, bytes);
        break;
      }
      case 2:
        if (driver.securing) {
          driver.securing = false;
          session.on_secured(Protocol::kHttp1);
        } else if (driver.connecting(driver.last()) && driver.is_open(driver.last())) {
          driver.set_connected(driver.last());
          session.on_connected(driver.last(), {.reused = (step & 0x10U) != 0});
        }
        break;
      case 3:
        if (!driver.reads(conn)) break;
        driver.set_ended(conn);
        session.on_eof(conn);
        break;
      case 4:
        if (!driver.is_open(conn)) break;
        driver.forget(conn);
        if (conn == kClient && driver.securing) {
          driver.securing = false;
          session.on_closed(conn, (step & 0x10U) != 0 ? NetError::kDistrusted : NetError::kTls);
          break;
        }
        session.on_closed(conn, (step & 0x10U) != 0 ? NetError::kNone : NetError::kReset);
        break;
      case 5:
        driver.writable = (step & 0x10U) != 0;
        if (driver.writable && driver.is_open(conn) && !driver.connecting(conn)) session.on_drained(conn);
        break;
      case 6: {
        const std::size_t timer = (step >> 4U) % kTimerCount;
        if (driver.armed[timer]) {
          driver.armed[timer] = false;
          session.on_timer(static_cast<Timer>(timer));
        }
        break;
      }
      default:
        if ((step & 0x70U) == 0x70U) session.on_shutdown();
    }
  }
  if (!session.done()) return;
  TOKOMETER_CHECK(!driver.is_open(kClient));
  TOKOMETER_CHECK(driver.last() == kClient || !driver.is_open(driver.last()));
}

}  // namespace
}  // namespace tokometer::proxy

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  tokometer::proxy::run({reinterpret_cast<const char*>(data), size});
  return 0;
}
