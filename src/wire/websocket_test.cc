#include "wire/websocket.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>

#include "wire/every_cut_test.h"
#include "wire/websocket_testing.h"

namespace tokometer::wire::websocket {
namespace {

using std::string_literals::operator""s;

constexpr permessage_deflate::Direction kDeflate;

std::string transcript_of(Decoder& decoder, const Chunks& chunks) {
  constexpr std::array<std::string_view, 5> kNames = {"text", "binary", "close", "ping", "pong"};
  std::string transcript;
  bool failed = false;
  chunks.for_each([&](std::string_view chunk) {
    const auto fed = decoder.feed(chunk, [&](const Message& message) {
      transcript += fmt::format("{}({}){} ", kNames[static_cast<std::size_t>(message.kind)], message.data,
                                message.truncated ? "!" : "");
    });
    if (!fed && !failed) transcript += fed.error().message;
    failed = !fed;
  });
  if (const auto ended = decoder.finish(); !ended && !failed) transcript += ended.error().message;
  return transcript;
}

std::string decode_server(std::string_view input, bool deflate = false, const Limits& limits = {}) {
  return same_for_every_cut(input, [&](const Chunks& chunks) {
    Decoder decoder(Sender::kServer, deflate ? &kDeflate : nullptr, limits);
    return transcript_of(decoder, chunks);
  });
}

std::string decode_client(std::string_view input, bool deflate = false) {
  return same_for_every_cut(input, [&](const Chunks& chunks) {
    Decoder decoder(Sender::kClient, deflate ? &kDeflate : nullptr);
    return transcript_of(decoder, chunks);
  });
}

TEST(WebSocketTest, ReadsTheExamplesOfTheRfc) {  // RFC 6455, 5.7
  EXPECT_EQ(decode_server("\x81\x05\x48\x65\x6c\x6c\x6f"s), "text(Hello) ");
  EXPECT_EQ(decode_client("\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"s), "text(Hello) ");
  EXPECT_EQ(decode_server("\x01\x03\x48\x65\x6c\x80\x02\x6c\x6f"s), "text(Hello) ");
  EXPECT_EQ(decode_server("\x89\x05\x48\x65\x6c\x6c\x6f"s), "ping(Hello) ");
  EXPECT_EQ(decode_client("\x8a\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"s), "pong(Hello) ");
  const std::string middle(256, 'm');
  EXPECT_EQ(decode_server("\x82\x7e\x01\x00"s + middle), "binary(" + middle + ") ");
  const std::string large(65536, 'l');
  EXPECT_EQ(decode_server("\x82\x7f\x00\x00\x00\x00\x00\x01\x00\x00"s + large), "binary(" + large + ") ");
}

TEST(WebSocketTest, InflatesWhatTheHandshakeAgreedOn) {  // RFC 7692, 7.2.3
  EXPECT_EQ(decode_server("\xc1\x07\xf2\x48\xcd\xc9\xc9\x07\x00"s, true), "text(Hello) ");
  EXPECT_EQ(decode_server("\x41\x03\xf2\x48\xcd\x80\x04\xc9\xc9\x07\x00"s, true), "text(Hello) ") << "in fragments";
  EXPECT_EQ(decode_server("\xc1\x07\xf2\x48\xcd\xc9\xc9\x07\x00\xc1\x05\xf2\x00\x11\x00\x00"s, true),
            "text(Hello) text(Hello) ");
  EXPECT_EQ(decode_server("\xc1\x08\xf3\x48\xcd\xc9\xc9\x07\x00\x00\x81\x02hi"s, true), "text(Hello) text(hi) ")
      << "a message may go uncompressed";
  Deflater deflater;
  std::string input;
  std::string expected;
  for (int i = 0; i < 5; ++i) {
    const std::string text = fmt::format(R"({{"type":"response.output_text.delta","n":{}}})", i);
    input += frame(1, deflater.message(text), {.compressed = true, .masked = true});
    expected += "text(" + text + ") ";
  }
  EXPECT_EQ(decode_client(input, true), expected);
}

TEST(WebSocketTest, ControlFramesComeBetweenFragments) {
  EXPECT_EQ(decode_server(frame(1, "a", {.fin = false}) + frame(9, "?") + frame(0, "", {.fin = false}) + frame(0, "b") +
                          frame(8, "\x03\xe8 bye")),
            "ping(?) text(ab) close(\x03\xe8 bye) ");
  EXPECT_EQ(decode_server(frame(1, "") + frame(10, "") + frame(8, "")), "text() pong() close() ");
}

TEST(WebSocketTest, ACloseFrameSaysWhy) {
  EXPECT_EQ((Message{.kind = Kind::kClose, .data = "\x03\xf0 policy"}).close_code(), 1008);
  EXPECT_EQ((Message{.kind = Kind::kClose, .data = ""}).close_code(), 1005);
}

TEST(WebSocketTest, AMessageCountsItsBytesOnTheWire) {
  Decoder decoder(Sender::kServer, &kDeflate);
  std::uint64_t bytes = 0;
  const std::string fragments = frame(1, "ab", {.fin = false}) + frame(9, "123") + frame(0, "cde");
  ASSERT_TRUE(decoder.feed(fragments, [&](const Message& message) {
    if (message.kind == Kind::kText) bytes = message.wire_bytes;
  }));
  EXPECT_EQ(bytes, 5U);
  ASSERT_TRUE(decoder.feed("\xc1\x07\xf2\x48\xcd\xc9\xc9\x07\x00"s, [&](const Message& m) { bytes = m.wire_bytes; }));
  EXPECT_EQ(bytes, 7U);
}

TEST(WebSocketTest, ALongMessageIsLeftOutAndDecodingGoesOn) {
  const Limits limits{.max_message_bytes = 4, .deflate = {}};
  EXPECT_EQ(decode_server(frame(1, "12345") + frame(1, "1234") + frame(2, "123", {.fin = false}) + frame(0, "45") +
                              frame(1, "ok"),
                          false, limits),
            "text()! text(1234) binary()! text(ok) ");
  EXPECT_EQ(decode_server("\xc1\x07\xf2\x48\xcd\xc9\xc9\x07\x00\xc1\x05\xf2\x00\x11\x00\x00\x81\x01x"s, true, limits),
            "text()! text()! text(x) ");
}

TEST(WebSocketTest, WhatBreaksTheProtocolNamesItsClause) {
  EXPECT_EQ(decode_server("\x81\x81\x01\x01\x01\x01x"s), "websocket: a server's frame is masked (RFC 6455, 5.1)");
  EXPECT_EQ(decode_client("\x81\x01x"s), "websocket: a client's frame is not masked (RFC 6455, 5.1)");
  EXPECT_EQ(decode_server("\xa1\x01x"s), "websocket: RSV2 or RSV3 is set (RFC 6455, 5.2)");
  EXPECT_EQ(decode_server("\xc1\x01x"s), "websocket: RSV1 is set without an extension (RFC 6455, 5.2)");
  EXPECT_EQ(decode_server("\x83\x01x"s), "websocket: an opcode that is reserved (RFC 6455, 5.2)");
  EXPECT_EQ(decode_server("\x81\x7e\x00\x7dx"s), "websocket: a length is not in its shortest form (RFC 6455, 5.2)");
  EXPECT_EQ(decode_server("\x81\x7f\x80\x00\x00\x00\x00\x00\x00\x00"s),
            "websocket: a length has its highest bit set (RFC 6455, 5.2)");
  EXPECT_EQ(decode_server("\x80\x01x"s), "websocket: a continuation of nothing (RFC 6455, 5.4)");
  EXPECT_EQ(decode_server("\x01\x01x\x81\x01x"s), "websocket: a message begins within another (RFC 6455, 5.4)");
  EXPECT_EQ(decode_server("\x09\x01x"s), "websocket: a control frame is fragmented (RFC 6455, 5.5)");
  EXPECT_EQ(decode_server("\x89\x7e\x00\x7e"s), "websocket: a control frame is longer than 125 bytes (RFC 6455, 5.5)");
  EXPECT_EQ(decode_server("\x88\x01x"s), "websocket: a close frame of one byte (RFC 6455, 5.5.1)");
  EXPECT_EQ(decode_server("\xc9\x01x"s, true), "websocket: RSV1 is set on a control frame (RFC 7692, 6.1)");
  EXPECT_EQ(decode_server("\x01\x01x\xc0\x01x"s, true), "websocket: RSV1 is set on a continuation (RFC 7692, 6.1)");
  EXPECT_EQ(decode_server("\xc1\x02\xff\xff\x81\x01x"s, true), "permessage-deflate: no DEFLATE data (RFC 7692, 7.2.2)");
}

TEST(WebSocketTest, TheEndMayComeOnlyBetweenMessages) {
  EXPECT_EQ(decode_server("\x81\x05He"s), "websocket: ends within a frame");
  EXPECT_EQ(decode_server("\x81"s), "websocket: ends within a frame");
  EXPECT_EQ(decode_server("\x01\x02He"s), "websocket: ends within a fragmented message");
}

TEST(WebSocketTest, KnowsWhenNothingCanBeComplete) {
  Decoder decoder(Sender::kServer, nullptr);
  const auto ignore = [](const Message&) {};
  EXPECT_TRUE(decoder.may_complete(1));
  ASSERT_TRUE(decoder.feed("\x81\x05H"s, ignore));
  EXPECT_FALSE(decoder.may_complete(3));
  EXPECT_TRUE(decoder.may_complete(4));
  ASSERT_TRUE(decoder.feed("ello", ignore));
  EXPECT_TRUE(decoder.may_complete(1));
}

TEST(WebSocketTest, AMessageWithinAChunkIsNotCopied) {
  const std::string chunk = frame(1, "hello") + frame(2, "world");
  Decoder decoder(Sender::kServer, nullptr);
  int messages = 0;
  ASSERT_TRUE(decoder.feed(chunk, [&](const Message& message) {
    ++messages;
    EXPECT_TRUE(message.data.data() > chunk.data() && message.data.data() < chunk.data() + chunk.size());
  }));
  EXPECT_EQ(messages, 2);
}

}  // namespace
}  // namespace tokometer::wire::websocket
