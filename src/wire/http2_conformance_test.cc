// The rules of RFC 9113 and RFC 7541 that a server must hold a client to, one
// broken or unusual exchange each, in the order of the RFCs' sections: what the
// public h2spec asks for, as a table of our own.

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "wire/http2_connection.h"
#include "wire/http2_testing.h"

namespace tokometer::wire::http2 {
namespace {

// Answers every request that is whole with some content.
class Answerer : public Events {
 public:
  explicit Answerer(const Limits& limits = {}) : connection(Role::kServer, limits, *this) {}

  void on_head(Stream& stream, const Head& head) override {
    ++heads;
    if (head.end) answer(stream);
  }
  void on_content(Stream& stream, std::string_view came) override {
    connection.consume(stream, came.size());
    bytes += came.size();
  }
  void on_end(Stream& stream, Fields /*trailers*/) override { answer(stream); }
  void on_stream_closed(Stream& /*stream*/, std::uint32_t /*code*/) override {}
  void on_room(Stream& /*stream*/) override {}
  void on_pong() override {}
  void on_goaway(std::int32_t /*last*/) override {}

  std::string send(std::string_view input, std::size_t step = 1 << 20U) {
    for (; !input.empty(); input.remove_prefix(std::min(step, input.size()))) {
      connection.receive(input.substr(0, step), now);
      connection.write(1 << 24U);
    }
    return std::exchange(connection.out(), {});
  }

  Connection connection;
  SteadyTime now{};
  int heads = 0;
  std::size_t bytes = 0;
  std::string_view content = "hello";

 private:
  void answer(Stream& stream) {
    connection.send_head(stream, std::vector<Field>{{":status", "200"}}, false);
    connection.send_content(stream, std::span(&content, 1), End::kYes, {}, 1 << 24U);
  }
};

// What must come of a case.
struct Expected {
  enum class Kind {
    kAnswered,    // 200 on the stream
    kStream,      // RST_STREAM with one of the codes, or a connection error with one
    kConnection,  // GOAWAY with one of the codes
    kAcked,       // an acknowledgement of the frame
    kIgnored,     // nothing ends
    kNothing,     // the connection ends, whatever is said
  };
  Kind kind;
  std::vector<std::uint32_t> codes;
};

constexpr std::uint32_t kProtocol = 1;
constexpr std::uint32_t kFlow = 3;
constexpr std::uint32_t kClosed = 5;
constexpr std::uint32_t kSize = 6;
constexpr std::uint32_t kCompression = 9;
constexpr std::uint32_t kCalm = 11;

Expected answered() { return {Expected::Kind::kAnswered, {}}; }
Expected stream_error(std::vector<std::uint32_t> codes) { return {Expected::Kind::kStream, std::move(codes)}; }
Expected connection_error(std::vector<std::uint32_t> codes) { return {Expected::Kind::kConnection, std::move(codes)}; }
Expected acked() { return {Expected::Kind::kAcked, {}}; }
Expected ignored() { return {Expected::Kind::kIgnored, {}}; }

struct Case {
  const char* name;
  std::string input;  // after the client's preface and SETTINGS
  Expected expected;
};

std::string request(std::uint32_t stream, std::uint8_t flags = kEndHeaders | kEndStream) {
  return frame(kHeaders, flags, stream, request_block());
}
std::string post(std::uint32_t stream, std::vector<Field> more = {}) {
  return frame(kHeaders, kEndHeaders, stream, request_block(std::move(more), "POST"));
}
std::string setting(std::uint16_t id, std::uint32_t value) {
  return frame(kSettings, 0, 0, big_endian(id, 2) + big_endian(value, 4));
}
std::string head_of(const std::string& fields) { return frame(kHeaders, kEndHeaders | kEndStream, 1, fields); }
std::string with(std::vector<Field> fields) { return head_of(request_block(std::move(fields))); }

std::vector<Case> cases() {
  const std::string block16k(16'384 + 1, 'x');
  return {
      // Generic: what any client does.
      {"3.5 sends a client connection preface", "", acked()},
      {"4.1 frame of unknown type", frame(0x16, 0, 0, "x") + request(1), answered()},
      {"5.1 idle: PRIORITY", frame(kPriority, 0, 1, big_endian(0, 4) + '\x10') + request(1), answered()},
      {"5.1 half closed (remote): WINDOW_UPDATE", request(1) + frame(kWindowUpdate, 0, 1, big_endian(1, 4)),
       answered()},
      {"5.1 half closed (remote): PRIORITY", request(1) + frame(kPriority, 0, 1, big_endian(0, 4) + '\x10'),
       answered()},
      {"5.1 half closed (remote): RST_STREAM", post(1) + frame(kRstStream, 0, 1, big_endian(8, 4)), ignored()},
      {"5.1 closed: PRIORITY", request(1) + frame(kPriority, 0, 1, big_endian(0, 4) + '\x10'), answered()},
      {"5.3.1 priority of 1", frame(kPriority, 0, 1, big_endian(0, 4) + '\0') + request(1), answered()},
      {"5.3.1 priority of 256", frame(kPriority, 0, 1, big_endian(0, 4) + '\xFF') + request(1), answered()},
      {"5.3.1 depends on a stream", request(1) + frame(kPriority, 0, 3, big_endian(1, 4) + '\x10'), answered()},
      {"5.3.1 exclusive dependency", frame(kPriority, 0, 1, big_endian(0x80000000U, 4) + '\x10') + request(1),
       answered()},
      {"6.1 DATA", post(1) + frame(kData, kEndStream, 1, "test"), answered()},
      {"6.1 several DATA", post(1) + frame(kData, 0, 1, "te") + frame(kData, kEndStream, 1, "st"), answered()},
      {"6.1 padded DATA", post(1) + frame(kData, kEndStream | kPadded, 1, std::string("\5test\0\0\0\0\0", 10)),
       answered()},
      {"6.2 HEADERS", request(1), answered()},
      {"6.2 padded HEADERS",
       frame(kHeaders, kEndHeaders | kEndStream | kPadded, 1, '\2' + request_block() + std::string(2, '\0')),
       answered()},
      {"6.2 HEADERS with priority",
       frame(kHeaders, kEndHeaders | kEndStream | kHasPriority, 1, big_endian(0, 4) + '\x10' + request_block()),
       answered()},
      {"6.5 SETTINGS", setting(3, 100), acked()},
      {"6.7 PING", frame(kPing, 0, 0, "12345678"), acked()},
      {"6.8 GOAWAY", frame(kGoaway, 0, 0, big_endian(0, 4) + big_endian(0, 4)), {Expected::Kind::kNothing, {}}},
      {"6.9 WINDOW_UPDATE of the connection", frame(kWindowUpdate, 0, 0, big_endian(1, 4)) + request(1), answered()},
      {"6.9 WINDOW_UPDATE of a stream", post(1) + frame(kWindowUpdate, 0, 1, big_endian(1, 4)) + frame(kData, 1, 1, ""),
       answered()},
      {"6.10 CONTINUATION",
       frame(kHeaders, kEndStream, 1, request_block().substr(0, 20)) +
           frame(kContinuation, kEndHeaders, 1, request_block().substr(20)),
       answered()},
      {"6.10 several CONTINUATION",
       frame(kHeaders, kEndStream, 1, request_block().substr(0, 20)) +
           frame(kContinuation, 0, 1, request_block().substr(20, 10)) +
           frame(kContinuation, kEndHeaders, 1, request_block().substr(30)),
       answered()},
      {"8.1 HEAD", head_of(request_block({}, "HEAD")), answered()},
      {"8.1 POST with content", post(1, {{"content-length", "4"}}) + frame(kData, kEndStream, 1, "test"), answered()},
      {"8.1 POST with trailers",
       post(1) + frame(kData, 0, 1, "test") + frame(kHeaders, kEndHeaders | kEndStream, 1, block({{"x-test", "ok"}})),
       answered()},

      // HPACK.
      {"hpack 2.3 indexed field",
       head_of("\x82\x86\x84\x41\x09"
               "localhost"),
       answered()},
      {"hpack 2.3.3 index beyond the tables", head_of(request_block() + "\xFF\x80\x01"),
       connection_error({kCompression})},
      {"hpack 4.2 size update at a block's end", head_of(request_block() + "\x20"), connection_error({kCompression})},
      {"hpack 5.2 Huffman padding longer than 7 bits",
       head_of(request_block() + std::string("\x00\x85\xF2\xB2\x4A\x84\xFF\x84\x49\x50\x9F\xFF", 12)),
       connection_error({kCompression})},
      {"hpack 5.2 Huffman padding of zeros",
       head_of(request_block() + std::string("\x00\x85\xF2\xB2\x4A\x84\xFF\x83\x49\x50\x90", 11)),
       connection_error({kCompression})},
      {"hpack 5.2 Huffman with EOS",
       head_of(request_block() + std::string("\x00\x85\xF2\xB2\x4A\x84\xFF\x87\x49\x51\xFF\xFF\xFF\xFA\x7F", 15)),
       connection_error({kCompression})},
      {"hpack 6.1 index 0", head_of("\x80" + request_block()), connection_error({kCompression})},
      {"hpack 6.3 size update beyond SETTINGS", head_of("\x3F\xE1\xFF\x03" + request_block()),
       connection_error({kCompression})},

      // HTTP/2, 4: frames.
      {"4.1 undefined flags", frame(kPing, 0x16, 0, "12345678"), acked()},
      {"4.1 reserved bit", frame(kPing, 0, 0x80000000U, "12345678"), acked()},
      {"4.2 DATA of 2^14", post(1) + frame(kData, kEndStream, 1, block16k.substr(1)), answered()},
      {"4.2 DATA beyond SETTINGS_MAX_FRAME_SIZE", post(1) + frame(kData, kEndStream, 1, block16k),
       stream_error({kSize})},
      {"4.2 HEADERS beyond SETTINGS_MAX_FRAME_SIZE",
       frame(kHeaders, kEndHeaders | kEndStream, 1,
             request_block({{"x", block16k.substr(600)}}) + std::string(600, '\0')),
       connection_error({kSize})},
      {"4.3 invalid header block", head_of("\x40\x01\x61"), connection_error({kCompression})},
      {"4.3 PRIORITY within a block",
       frame(kHeaders, 0, 1, request_block()) + frame(kPriority, 0, 1, big_endian(0, 4) + '\x10'),
       connection_error({kProtocol})},
      {"4.3 HEADERS within another's block", frame(kHeaders, 0, 1, request_block()) + request(3),
       connection_error({kProtocol})},

      // 5: streams.
      {"5.1 idle: DATA", frame(kData, kEndStream, 1, "test"), connection_error({kProtocol, kClosed})},
      {"5.1 idle: RST_STREAM", frame(kRstStream, 0, 1, big_endian(8, 4)), connection_error({kProtocol})},
      {"5.1 idle: WINDOW_UPDATE", frame(kWindowUpdate, 0, 1, big_endian(100, 4)), connection_error({kProtocol})},
      {"5.1 idle: CONTINUATION", frame(kContinuation, kEndHeaders, 1, request_block()), connection_error({kProtocol})},
      {"5.1 half closed (remote): DATA", request(1) + frame(kData, kEndStream, 1, "test"), stream_error({kClosed})},
      {"5.1 half closed (remote): HEADERS", request(1) + request(1), stream_error({kClosed})},
      {"5.1 half closed (remote): CONTINUATION", request(1) + frame(kContinuation, kEndHeaders, 1, request_block()),
       stream_error({kClosed, kProtocol})},
      {"5.1 closed by RST_STREAM: DATA",
       post(1) + frame(kRstStream, 0, 1, big_endian(8, 4)) + frame(kData, kEndStream, 1, "test"),
       stream_error({kClosed})},
      {"5.1 closed by RST_STREAM: CONTINUATION",
       post(1) + frame(kRstStream, 0, 1, big_endian(8, 4)) + frame(kContinuation, kEndHeaders, 1, request_block()),
       stream_error({kClosed, kProtocol})},
      {"5.1.1 even stream", request(2), connection_error({kProtocol})},
      {"5.1.1 stream smaller than one before", request(5) + request(3), connection_error({kProtocol, kClosed})},
      {"5.3.1 HEADERS depends on itself",
       frame(kHeaders, kEndHeaders | kEndStream | kHasPriority, 1, big_endian(1, 4) + '\x10' + request_block()),
       stream_error({kProtocol})},
      {"5.3.1 PRIORITY depends on itself", frame(kPriority, 0, 2, big_endian(2, 4) + '\x10'),
       stream_error({kProtocol})},
      {"5.4.1 after GOAWAY the connection ends", frame(kPing, 0, 0, "1234567"), connection_error({kSize})},
      {"5.5 unknown extension frame within a block",
       frame(kHeaders, kEndStream, 1, request_block().substr(0, 20)) + frame(0x16, 0, 1, "x"),
       connection_error({kProtocol})},

      // 6: frame definitions.
      {"6.1 DATA on stream 0", frame(kData, kEndStream, 0, "test"), connection_error({kProtocol})},
      {"6.1 DATA on a stream not open", request(1) + frame(kData, kEndStream, 1, "test"), stream_error({kClosed})},
      {"6.1 DATA with too much padding", post(1) + frame(kData, kEndStream | kPadded, 1, "\x06test"),
       connection_error({kProtocol})},
      {"6.2 HEADERS without END_HEADERS, then another", frame(kHeaders, kEndStream, 1, request_block()) + request(3),
       connection_error({kProtocol})},
      {"6.2 HEADERS on stream 0", frame(kHeaders, kEndHeaders | kEndStream, 0, request_block()),
       connection_error({kProtocol})},
      {"6.2 HEADERS with too much padding",
       frame(kHeaders, kEndHeaders | kEndStream | kPadded, 1, '\x7F' + request_block().substr(0, 20)),
       connection_error({kProtocol})},
      {"6.3 PRIORITY on stream 0", frame(kPriority, 0, 0, big_endian(0, 4) + '\x10'), connection_error({kProtocol})},
      {"6.3 PRIORITY of another size", frame(kPriority, 0, 1, "1234"), stream_error({kSize})},
      {"6.4 RST_STREAM on stream 0", frame(kRstStream, 0, 0, big_endian(8, 4)), connection_error({kProtocol})},
      {"6.4 RST_STREAM on an idle stream", frame(kRstStream, 0, 1, big_endian(8, 4)), connection_error({kProtocol})},
      {"6.4 RST_STREAM of another size", post(1) + frame(kRstStream, 0, 1, "123"), connection_error({kSize})},
      {"6.5 SETTINGS ACK with a payload", frame(kSettings, kAck, 0, "x"), connection_error({kSize})},
      {"6.5 SETTINGS on a stream", frame(kSettings, 0, 1, ""), connection_error({kProtocol})},
      {"6.5 SETTINGS of another size", frame(kSettings, 0, 0, "123"), connection_error({kSize})},
      {"6.5.2 ENABLE_PUSH of 2", setting(2, 2), connection_error({kProtocol})},
      {"6.5.2 INITIAL_WINDOW_SIZE beyond 2^31-1", setting(4, 0x80000000U), connection_error({kFlow})},
      {"6.5.2 MAX_FRAME_SIZE below 2^14", setting(5, 16'383), connection_error({kProtocol})},
      {"6.5.2 MAX_FRAME_SIZE beyond 2^24-1", setting(5, 16'777'216), connection_error({kProtocol})},
      {"6.5.2 unknown setting", setting(0xFF, 1), acked()},
      {"6.5.3 SETTINGS are acknowledged", setting(3, 100), acked()},
      {"6.6 PUSH_PROMISE of a client", request(1) + frame(kPushPromise, kEndHeaders, 1, big_endian(2, 4)),
       connection_error({kProtocol})},
      {"6.7 PING ACK is not answered", frame(kPing, kAck, 0, "12345678"), ignored()},
      {"6.7 PING on a stream", frame(kPing, 0, 1, "12345678"), connection_error({kProtocol})},
      {"6.7 PING of another size", frame(kPing, 0, 0, "123456"), connection_error({kSize})},
      {"6.8 GOAWAY on a stream", frame(kGoaway, 0, 1, big_endian(0, 8)), connection_error({kProtocol})},
      {"6.9 WINDOW_UPDATE of 0 on the connection", frame(kWindowUpdate, 0, 0, big_endian(0, 4)),
       connection_error({kProtocol})},
      {"6.9 WINDOW_UPDATE of 0 on a stream", post(1) + frame(kWindowUpdate, 0, 1, big_endian(0, 4)),
       stream_error({kProtocol})},
      {"6.9 WINDOW_UPDATE of another size", frame(kWindowUpdate, 0, 0, "123"), connection_error({kSize})},
      {"6.9.1 window of the connection beyond 2^31-1",
       frame(kWindowUpdate, 0, 0, big_endian(0x7FFFFFFF, 4)) + frame(kWindowUpdate, 0, 0, big_endian(0x7FFFFFFF, 4)),
       connection_error({kFlow})},
      {"6.9.1 window of a stream beyond 2^31-1",
       post(1) + frame(kWindowUpdate, 0, 1, big_endian(0x7FFFFFFF, 4)) +
           frame(kWindowUpdate, 0, 1, big_endian(0x7FFFFFFF, 4)),
       stream_error({kFlow})},
      {"6.10 CONTINUATION after END_HEADERS", request(1) + frame(kContinuation, kEndHeaders, 1, request_block()),
       connection_error({kProtocol, kClosed})},
      {"6.10 CONTINUATION on stream 0",
       frame(kHeaders, kEndStream, 1, request_block()) + frame(kContinuation, kEndHeaders, 0, request_block()),
       connection_error({kProtocol})},
      {"6.10 CONTINUATION after DATA", post(1) + frame(kData, 0, 1, "x") + frame(kContinuation, kEndHeaders, 1, "x"),
       connection_error({kProtocol})},

      // 8: HTTP.
      {"8.1 second HEADERS without END_STREAM", post(1) + frame(kHeaders, kEndHeaders, 1, block({{"x-test", "ok"}})),
       stream_error({kProtocol})},
      {"8.1.2 field name in upper case", with({{"X-TEST", "ok"}}), stream_error({kProtocol})},
      {"8.1.2 field value with a line feed", with({{"x-test", "a\nb"}}), stream_error({kProtocol})},
      {"8.1.2 field name with a space", with({{"x test", "a"}}), stream_error({kProtocol})},
      {"8.1.2.1 unknown pseudo-field", head_of(block({{":test", "ok"}}) + request_block()), stream_error({kProtocol})},
      {"8.1.2.1 pseudo-field of a response", head_of(block({{":status", "200"}}) + request_block()),
       stream_error({kProtocol})},
      {"8.1.2.1 pseudo-field in trailers",
       post(1) + frame(kData, 0, 1, "x") + frame(kHeaders, kEndHeaders | kEndStream, 1, block({{":method", "200"}})),
       stream_error({kProtocol})},
      {"8.1.2.1 pseudo-field after another field",
       head_of(block({{":method", "GET"}, {":scheme", "http"}, {"x", "y"}, {":path", "/"}, {":authority", "a"}})),
       stream_error({kProtocol})},
      {"8.1.2.2 Connection", with({{"connection", "keep-alive"}}), stream_error({kProtocol})},
      {"8.1.2.2 Keep-Alive", with({{"keep-alive", "5"}}), stream_error({kProtocol})},
      {"8.1.2.2 Transfer-Encoding", with({{"transfer-encoding", "chunked"}}), stream_error({kProtocol})},
      {"8.1.2.2 Upgrade", with({{"upgrade", "websocket"}}), stream_error({kProtocol})},
      {"8.1.2.2 TE other than trailers", with({{"te", "trailers, deflate"}}), stream_error({kProtocol})},
      {"8.1.2.2 TE: trailers", with({{"te", "trailers"}}), answered()},
      {"8.1.2.3 empty :path", head_of(request_block({}, "GET", "")), stream_error({kProtocol})},
      {"8.1.2.3 no :method", head_of(block({{":scheme", "http"}, {":path", "/"}, {":authority", "a"}})),
       stream_error({kProtocol})},
      {"8.1.2.3 no :scheme", head_of(block({{":method", "GET"}, {":path", "/"}, {":authority", "a"}})),
       stream_error({kProtocol})},
      {"8.1.2.3 no :path", head_of(block({{":method", "GET"}, {":scheme", "http"}, {":authority", "a"}})),
       stream_error({kProtocol})},
      {"8.1.2.3 :method twice", head_of(block({{":method", "GET"}}) + request_block()), stream_error({kProtocol})},
      {"8.1.2.3 :scheme twice", head_of(block({{":scheme", "http"}}) + request_block()), stream_error({kProtocol})},
      {"8.1.2.3 :path twice", head_of(block({{":path", "/"}}) + request_block()), stream_error({kProtocol})},
      {"8.1.2.6 content shorter than content-length",
       post(1, {{"content-length", "5"}}) + frame(kData, kEndStream, 1, "test"), stream_error({kProtocol})},
      {"8.1.2.6 content longer than content-length",
       post(1, {{"content-length", "3"}}) + frame(kData, kEndStream, 1, "test"), stream_error({kProtocol})},
      {"8.1.2.6 several DATA that differ from content-length",
       post(1, {{"content-length", "1"}}) + frame(kData, 0, 1, "te") + frame(kData, kEndStream, 1, "st"),
       stream_error({kProtocol})},
      {"8.1.2.6 two content-lengths", post(1, {{"content-length", "4"}, {"content-length", "4"}}),
       stream_error({kProtocol})},
      {"8.2 PUSH_PROMISE of a client", frame(kPushPromise, kEndHeaders, 1, big_endian(2, 4) + request_block()),
       connection_error({kProtocol})},
      {"8441 4 :protocol without CONNECT", head_of(block({{":protocol", "websocket"}}) + request_block()),
       stream_error({kProtocol})},
  };
}

bool is_among(std::uint32_t code, const std::vector<std::uint32_t>& codes) {
  return std::ranges::find(codes, code) != codes.end();
}

void expect(const Case& each, const std::string& output, const Connection& connection) {
  SCOPED_TRACE(each.name);
  const auto goaway = find_frame(output, kGoaway);
  const auto reset = find_frame(output, kRstStream);
  switch (each.expected.kind) {
    case Expected::Kind::kAnswered:
      EXPECT_FALSE(goaway.has_value());
      EXPECT_TRUE(find_frame(output, kHeaders).has_value());
      EXPECT_FALSE(connection.finished());
      return;
    case Expected::Kind::kStream:
      EXPECT_TRUE(goaway || reset);
      if (goaway) {
        EXPECT_TRUE(is_among(goaway->number(4), each.expected.codes)) << "GOAWAY " << goaway->number(4);
      } else if (reset) {
        EXPECT_TRUE(is_among(reset->number(), each.expected.codes)) << "RST_STREAM " << reset->number();
      }
      return;
    case Expected::Kind::kConnection:
      EXPECT_TRUE(goaway.has_value());
      if (goaway) {
        EXPECT_TRUE(is_among(goaway->number(4), each.expected.codes)) << "GOAWAY " << goaway->number(4);
      }
      EXPECT_TRUE(connection.finished());
      return;
    case Expected::Kind::kAcked: {
      bool found = false;
      for (const Frame& sent : frames(output)) {
        found = found || ((sent.type == kSettings || sent.type == kPing) && (sent.flags & kAck) != 0);
      }
      EXPECT_TRUE(found);
      EXPECT_FALSE(connection.finished());
      return;
    }
    case Expected::Kind::kIgnored:
      EXPECT_FALSE(goaway.has_value());
      EXPECT_FALSE(connection.finished());
      return;
    case Expected::Kind::kNothing:
      EXPECT_TRUE(connection.finished());
  }
}

TEST(Http2ConformanceTest, HoldsClientsToTheRules) {
  for (const Case& each : cases()) {
    Answerer server;
    expect(each, server.send(hello() + each.input), server.connection);
  }
}

TEST(Http2ConformanceTest, HowBytesAreCutChangesNothing) {
  for (const Case& each : cases()) {
    for (const std::size_t step : {1U, 7U}) {
      Answerer server;
      expect(each, server.send(hello() + each.input, step), server.connection);
    }
  }
}

TEST(Http2ConformanceTest, EndsAConnectionWithoutAPreface) {
  Answerer server;
  server.send("INVALID CONNECTION PREFACE\r\n\r\n");
  EXPECT_TRUE(server.connection.finished());
}

TEST(Http2ConformanceTest, ASmallWindowIsKept) {
  // 6.9.2: changes of INITIAL_WINDOW_SIZE count for streams that are open, and may make a window negative.
  Answerer server;
  const auto size_of_data = [](const std::string& output) {
    std::size_t size = 0;
    for (const Frame& each : frames(output)) size += each.type == kData ? each.payload.size() : 0;
    return size;
  };
  EXPECT_EQ(size_of_data(server.send(hello() + setting(4, 3) + request(1))), 3U);
  EXPECT_EQ(size_of_data(server.send(setting(4, 2))), 0U);
  EXPECT_EQ(size_of_data(server.send(frame(kWindowUpdate, 0, 1, big_endian(2, 4)))), 1U);
  EXPECT_EQ(size_of_data(server.send(frame(kWindowUpdate, 0, 1, big_endian(5, 4)))), 1U);
}

TEST(Http2ConformanceTest, TakesNoMoreStreamsThanItSaid) {
  // 5.1.2
  Answerer server({.max_streams = 2});
  server.send(hello() + frame(kSettings, kAck, 0));
  const std::string output = server.send(post(1) + post(3) + post(5));
  const auto goaway = find_frame(output, kGoaway);  // who has acknowledged the limit breaks the rules
  ASSERT_TRUE(goaway.has_value());
  EXPECT_EQ(goaway->number(4), kProtocol);
  EXPECT_EQ(server.heads, 2);

  Answerer early({.max_streams = 2});
  const std::string refused = early.send(hello() + post(1) + post(3) + post(5));
  const auto reset = find_frame(refused, kRstStream);
  ASSERT_TRUE(reset.has_value());
  EXPECT_EQ(reset->stream, 5U);
  EXPECT_EQ(reset->number(), static_cast<std::uint32_t>(Code::kRefusedStream));
  EXPECT_EQ(early.heads, 2);
}

TEST(Http2ConformanceTest, WhatWasOnItsWayToAStreamThatWeResetIsIgnored) {
  Answerer server;
  const std::string reset = server.send(hello() + post(1, {{"connection", "x"}}));
  ASSERT_TRUE(find_frame(reset, kRstStream).has_value());
  const std::string after = server.send(frame(kData, 0, 1, "x") +
                                        frame(kHeaders, kEndHeaders | kEndStream, 1, block({{"x", "y"}})) + request(3));
  EXPECT_FALSE(find_frame(after, kGoaway).has_value());
  EXPECT_TRUE(find_frame(after, kHeaders).has_value());
}

TEST(Http2ConformanceTest, DynamicTableSurvivesARefusedStream) {
  // 4.3: whatever becomes of a stream, its head's changes to the table hold.
  Answerer server;
  const std::string indexed = std::string("\x40", 1) + literal("x-kept", "value").substr(1);
  const std::string refused =
      frame(kHeaders, kEndHeaders | kEndStream, 1, request_block() + literal("BAD", "x") + indexed);
  const std::string next = frame(kHeaders, kEndHeaders | kEndStream, 3, request_block() + "\xBE");
  const std::string output = server.send(hello() + refused + next);
  EXPECT_FALSE(find_frame(output, kGoaway).has_value());
  EXPECT_EQ(server.heads, 1);
}

// Floods: each must end in GOAWAY(ENHANCE_YOUR_CALM) or at least in the connection's end, and never sooner than a busy
// client would come to it.

struct Flood {
  const char* name;
  std::function<std::string(std::uint32_t round)> next;
};

std::vector<Flood> floods() {
  return {
      {"rapid reset (CVE-2023-44487)",
       [](std::uint32_t i) { return request(2 * i + 1) + frame(kRstStream, 0, 2 * i + 1, big_endian(8, 4)); }},
      {"made you reset (CVE-2025-8671)",
       [](std::uint32_t i) {
         const std::string update = frame(kWindowUpdate, 0, 2 * i + 1, big_endian(0x7FFFFFFF, 4));
         return post(2 * i + 1) + update + update;
       }},
      {"ping (CVE-2019-9512)", [](std::uint32_t) { return frame(kPing, 0, 0, "12345678"); }},
      {"settings (CVE-2019-9515)", [](std::uint32_t) { return setting(3, 100); }},
      {"priority (CVE-2019-9513)",
       [](std::uint32_t i) { return frame(kPriority, 0, 2 * i + 1, big_endian(0, 4) + '\x10'); }},
      {"empty data (CVE-2019-9518)",
       [](std::uint32_t i) { return (i == 0 ? post(1) : std::string()) + frame(kData, 0, 1, ""); }},
      {"window updates (CVE-2019-9511)", [](std::uint32_t) { return frame(kWindowUpdate, 0, 0, big_endian(1, 4)); }},
      {"malformed requests",
       [](std::uint32_t i) {
         return frame(kHeaders, kEndHeaders | kEndStream, 2 * i + 1, request_block({{"connection", "x"}}));
       }},
  };
}

TEST(Http2FloodTest, EndsTheConnection) {
  for (const Flood& flood : floods()) {
    SCOPED_TRACE(flood.name);
    Answerer server;
    server.send(hello() + frame(kSettings, kAck, 0));
    std::uint32_t rounds = 0;
    std::string output;
    for (; rounds < 20'000 && !server.connection.finished(); ++rounds) output = server.send(flood.next(rounds));
    EXPECT_TRUE(server.connection.finished());
    EXPECT_GT(rounds, 250U);
    const auto goaway = find_frame(output, kGoaway);
    ASSERT_TRUE(goaway.has_value());
    EXPECT_EQ(goaway->number(4), kCalm);
  }
}

TEST(Http2FloodTest, SparesWhoTakesItsTime) {
  for (const Flood& flood : floods()) {
    SCOPED_TRACE(flood.name);
    Answerer server;
    server.send(hello() + frame(kSettings, kAck, 0));
    for (std::uint32_t i = 0; i < 3'000; ++i) {
      server.now += std::chrono::milliseconds(25);
      server.send(flood.next(i));
    }
    // nghttp2's own clock does not move with ours: its limit on resets is the only one that may have been met.
    if (std::string_view(flood.name).find("reset") == std::string_view::npos) {
      EXPECT_FALSE(server.connection.finished());
    }
  }
}

TEST(Http2FloodTest, AcknowledgementsThatNobodyReadsAreBounded) {
  Answerer server({.queued_frames = 50, .idle_frames = 100'000});
  server.send(hello());
  for (int i = 0; i < 200 && !server.connection.broken(); ++i) {
    server.connection.receive(frame(kPing, 0, 0, "12345678"), server.now);
  }
  EXPECT_TRUE(server.connection.broken());
}

TEST(Http2FloodTest, ContinuationsAreCounted) {
  Answerer server;
  std::string input = hello() + frame(kHeaders, kEndStream, 1, request_block());
  for (int i = 0; i < 100; ++i) input += frame(kContinuation, 0, 1, literal("x", "y"));
  server.send(input);
  EXPECT_TRUE(server.connection.finished());
  EXPECT_EQ(server.heads, 0);
}

TEST(Http2FloodTest, ALargeHeadIsToldAndABombEndsTheConnection) {
  const Limits limits{.head_bytes = 4'096};
  {
    Answerer server(limits);
    const std::string output = server.send(
        hello() + frame(kHeaders, kEndHeaders | kEndStream, 1, request_block({{"x", std::string(5'000, 'x')}})));
    EXPECT_EQ(server.heads, 1);
    EXPECT_FALSE(find_frame(output, kGoaway).has_value());
  }
  {
    // One field of 4,000 bytes in the table, then told a thousand times by one byte each.
    Answerer server(limits);
    const std::string field = std::string("\x40", 1) + literal("x", std::string(4'000, 'x')).substr(1);
    const std::string output = server.send(
        hello() + frame(kHeaders, kEndHeaders | kEndStream, 1, request_block() + field + std::string(1'000, '\xBE')));
    const auto goaway = find_frame(output, kGoaway);
    ASSERT_TRUE(goaway.has_value());
    EXPECT_EQ(goaway->number(4), kCalm);
  }
}

}  // namespace
}  // namespace tokometer::wire::http2
