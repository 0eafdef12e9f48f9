// A whole session, CONNECT and what follows it included, under any bytes from both sides, in any order: nothing may
// crash, no command may name a connection that is gone, and what ends must end.
//
// Input: a sequence of steps, each one byte of what happens and, for bytes
// received, one of how many follow.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "proxy/fuzz_driver_testing.h"

namespace tokometer::proxy {
namespace {

void run(std::string_view input) {
  static constexpr std::array<embedded::File, 1> kSpecs{
      {{"a.json", R"({"name":"a","title":"A","base_url":"http://a","route":"a","hosts":["a"]})"}}};
  static const auto kContexts = fuzz_contexts(kSpecs);
  if (input.empty()) return;
  FuzzContexts contexts;
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
          session.on_closed(conn, (step & 0x10U) != 0   ? NetError::kDistrusted
                                  : (step & 0x20U) != 0 ? NetError::kTurnedAway
                                                        : NetError::kTls);
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
