// A session in HTTP/2 under any frames and any bytes, with origins that answer,
// break off or stay silent: nothing may crash, no command may name a connection
// that is gone, and what ends must end.
//
// Input: steps, each one byte of what happens. Frames have their length put in, so
// that most inputs get past the first; a step may also give bytes as they are.

#include <array>
#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>

#include "proxy/fuzz_driver_testing.h"

namespace tokometer::proxy {
namespace {

constexpr std::array<std::string_view, 8> kAnswers = {
    "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
    "1\r\nx\r\n0\r\ns: 1\r\n\r\n",
    "HTTP/1.1 101 Go\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\nframe",
    "HTTP/1.1 103 Soon\r\nLink: a\r\n\r\n",
    "HTTP/1.0 200 OK\r\n\r\nuntil close",
    "HTTP/1.1 204 No\r\n\r\n",
    "nonsense\r\n\r\n",
};

void fuzz_http2(std::string_view input) {
  namespace h2 = wire::http2;
  static constexpr std::array<embedded::File, 2> kSpecs{
      {{"a.json", R"({"name":"a","title":"A","base_url":"http://a","route":"a"})"},
       {"b.json", R"({"name":"b","title":"B","base_url":"https://b","route":"b"})"}}};
  static const auto kContexts = fuzz_contexts(kSpecs);
  // What an origin says in HTTP/2; ":status: 200" and others stand in HPACK's static table.
  static const std::array<std::string, 8> kFrames = {
      h2::frame(h2::kSettings, 0, 0),
      h2::frame(h2::kHeaders, h2::kEndHeaders, 1, "\x88"),
      h2::frame(h2::kData, 0, 1, "abc"),
      h2::frame(h2::kData, h2::kEndStream, 1, "d"),
      h2::frame(h2::kHeaders, h2::kEndHeaders | h2::kEndStream, 1, h2::block({{"s", "1"}})),
      h2::frame(h2::kRstStream, 0, 1, h2::big_endian(7, 4)),
      h2::frame(h2::kGoaway, 0, 0, h2::big_endian(0, 8)),
      h2::frame(h2::kHeaders, h2::kEndHeaders | h2::kEndStream, 3, "\x89"),
  };
  static const std::array<std::string, 8> kHeads = {
      h2::request_block({}, "GET", "/a/x"),
      h2::request_block({}, "POST", "/a/x"),
      h2::request_block({{"content-length", "3"}}, "POST", "/a/x"),
      h2::request_block({{":protocol", "websocket"}}, "CONNECT", "/a/x"),
      h2::request_block({}, "HEAD", "/-/health"),
      h2::request_block({}, "GET", "/b/x"),
      h2::request_block({}, "POST", "/b/x"),
      h2::request_block({}, "HEAD", "/b/x"),
  };
  if (input.empty()) return;
  FuzzContexts contexts;
  contexts.context = kContexts[static_cast<unsigned char>(input[0]) % 2];
  input.remove_prefix(1);
  FuzzDriver driver;
  Front session(driver, contexts);
  std::uint32_t next_stream = 1;
  std::set<ConnId> http2;
  const auto to_session = [&](std::string_view bytes) {
    if (driver.reads(kClient) && !bytes.empty()) session.on_bytes(kClient, bytes);
  };
  to_session(h2::hello());
  const auto take = [&](std::size_t most) {
    const std::string_view taken = input.substr(0, most);
    input.remove_prefix(taken.size());
    return taken;
  };
  while (!input.empty() && !session.done()) {
    const auto step = static_cast<unsigned char>(input[0]);
    input.remove_prefix(1);
    const ConnId conn = driver.last() > (step >> 6U) ? driver.last() - (step >> 6U) : driver.last();
    switch (step % 16) {
      case 0: {  // a head that is one
        const std::string& head = kHeads[(step >> 4U) % kHeads.size()];
        const std::uint8_t flags = h2::kEndHeaders | ((step & 0x80U) != 0 ? h2::kEndStream : 0);
        to_session(h2::frame(h2::kHeaders, flags, next_stream, head));
        next_stream += 2;
        break;
      }
      case 1: {  // any frame
        const std::string_view head = take(3);
        if (head.size() < 3) break;
        const auto size = static_cast<unsigned char>(head[2]);
        to_session(h2::frame(static_cast<std::uint8_t>(head[0]) % 11, static_cast<std::uint8_t>(head[1]), step >> 4U,
                             take(size)));
        break;
      }
      case 2:
        if (!input.empty()) {
          const std::size_t size = static_cast<unsigned char>(take(1)[0]);
          to_session(take(size));
        }
        break;
      case 3:
        to_session(h2::frame(h2::kData, (step >> 4U) & 1U, (next_stream - 2) & 0x7FFFFFFFU, take(step >> 5U)));
        break;
      case 4:
        to_session(h2::frame(h2::kRstStream, 0, (next_stream - 2) & 0x7FFFFFFFU, h2::big_endian(8, 4)));
        break;
      case 5:
        to_session(h2::frame(h2::kWindowUpdate, 0, (step >> 4U), h2::big_endian(1'000, 4)));
        break;
      case 6:
        if (!driver.connecting(conn)) break;
        driver.set_connected(conn);
        if ((step & 0x20U) != 0 && driver.has_tls(conn)) http2.insert(conn);
        session.on_connected(conn, {.reused = (step & 0x10U) != 0,
                                    .protocol = http2.contains(conn) ? Protocol::kHttp2 : Protocol::kHttp1});
        break;
      case 7:
      case 8:
        if (conn == kClient || !driver.reads(conn)) break;
        if (http2.contains(conn)) {
          session.on_bytes(conn, kFrames[(step >> 4U) % kFrames.size()]);
        } else {
          session.on_bytes(conn, kAnswers[(step >> 4U) % kAnswers.size()]);
        }
        break;
      case 9:
        if (!driver.reads(conn)) break;
        driver.set_ended(conn);
        session.on_eof(conn);
        break;
      case 10: {
        const ConnId gone = (step & 0x10U) != 0 ? kClient : conn;
        if (!driver.is_open(gone)) break;
        driver.forget(gone);
        session.on_closed(gone, (step & 0x20U) != 0 ? NetError::kNone : NetError::kReset);
        break;
      }
      case 11: {
        driver.writable = (step & 0x10U) != 0;
        const ConnId drained = (step & 0x20U) != 0 ? kClient : conn;
        if (driver.writable && driver.is_open(drained) && !driver.connecting(drained)) session.on_drained(drained);
        break;
      }
      case 12: {
        driver.time += std::chrono::minutes(step >> 4U);
        const std::size_t timer = (step >> 4U) % kTimerCount;
        if (driver.armed[timer]) {
          driver.armed[timer] = false;
          session.on_timer(static_cast<Timer>(timer));
        }
        break;
      }
      case 13:
        // Any frame of an origin's.
        if (const std::string_view head = take(3); head.size() == 3 && conn != kClient && driver.reads(conn)) {
          const auto size = static_cast<unsigned char>(head[2]);
          session.on_bytes(conn, h2::frame(static_cast<std::uint8_t>(head[0]) % 11, static_cast<std::uint8_t>(head[1]),
                                           step >> 4U, take(size)));
        }
        break;
      case 14:
        if ((step & 0x70U) == 0x70U) session.on_shutdown();
        break;
      default:
        if (std::exchange(driver.turn, false)) session.on_turn_end();
    }
  }
  if (session.done()) TOKOMETER_CHECK(driver.none_open());
}

}  // namespace
}  // namespace tokometer::proxy

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  tokometer::proxy::fuzz_http2({reinterpret_cast<const char*>(data), size});
  return 0;
}
