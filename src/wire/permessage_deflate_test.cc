#include "wire/permessage_deflate.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include <string>
#include <vector>

namespace tokometer::wire::permessage_deflate {
namespace {

using std::string_literals::operator""s;

Result<std::optional<Agreement>> parse_value(std::string_view value) {
  const Field field{"Sec-WebSocket-Extensions", value};
  return parse(Fields(&field, 1));
}

TEST(PermessageDeflateTest, ReadsWhatAHandshakeAgreedOn) {
  EXPECT_EQ(*parse({}), std::nullopt);
  EXPECT_EQ(*parse_value(""), std::nullopt);
  EXPECT_EQ(*parse_value("permessage-deflate"), Agreement{});
  EXPECT_EQ(*parse_value("Permessage-Deflate; server_no_context_takeover;client_max_window_bits=10"),
            (Agreement{.client = {.window_bits = 10}, .server = {.context_takeover = false}}));
  EXPECT_EQ(*parse_value("permessage-deflate; server_max_window_bits=\"8\"; client_no_context_takeover"),
            (Agreement{.client = {.context_takeover = false}, .server = {.window_bits = 8}}));
}

TEST(PermessageDeflateTest, RefusesWhatItCannotRead) {
  for (const char* value :
       {"x-webkit-deflate-frame", "permessage-bzip2", "permessage-deflate, permessage-deflate", "bar; x=1, foo"}) {
    const auto parsed = parse_value(value);
    ASSERT_FALSE(parsed) << value;
    EXPECT_EQ(parsed.error().code, ErrorCode::kUnsupported) << value;
  }
  for (const char* value :
       {"permessage-deflate; x", "permessage-deflate; server_max_window_bits",
        "permessage-deflate; server_max_window_bits=7", "permessage-deflate; server_max_window_bits=16",
        "permessage-deflate; client_max_window_bits=010", "permessage-deflate; client_max_window_bits=8a",
        "permessage-deflate; server_no_context_takeover=1", "permessage-deflate; client_max_window_bits=\"\""}) {
    const auto parsed = parse_value(value);
    ASSERT_FALSE(parsed) << value;
    EXPECT_EQ(parsed.error().code, ErrorCode::kInvalid) << value;
  }
}

std::string inflate_message(Inflater& inflater, std::string_view bytes) {
  std::string text;
  const auto add = [&](std::string_view piece) { text += piece; };
  EXPECT_TRUE(inflater.feed(bytes, add));
  EXPECT_TRUE(inflater.end_message(add));
  return text;
}

// RFC 7692, 7.2.3.1 to 7.2.3.5.
TEST(PermessageDeflateTest, InflatesTheExamplesOfTheRfc) {
  Inflater inflater({}, {});
  EXPECT_EQ(inflate_message(inflater, "\xf2\x48\xcd\xc9\xc9\x07\x00"s), "Hello");
  EXPECT_EQ(inflate_message(inflater, "\xf2\x00\x11\x00\x00"s), "Hello") << "with the window of the one before";
  EXPECT_EQ(inflate_message(inflater, "\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00"s), "Hello") << "no compression";
  EXPECT_EQ(inflate_message(inflater, "\xf3\x48\xcd\xc9\xc9\x07\x00\x00"s), "Hello") << "a last block";
  EXPECT_EQ(inflate_message(inflater, "\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00"s), "Hello")
      << "two blocks";
  EXPECT_EQ(inflate_message(inflater, "\xf2\x00\x11\x00\x00"s), "Hello") << "the window outlives a last block";
  EXPECT_EQ(inflate_message(inflater, "\x00"s), "");
}

TEST(PermessageDeflateTest, WithoutTakeoverEachMessageStandsAlone) {
  Inflater inflater({.context_takeover = false}, {});
  EXPECT_EQ(inflate_message(inflater, "\xf2\x48\xcd\xc9\xc9\x07\x00"s), "Hello");
  EXPECT_EQ(inflate_message(inflater, "\xf2\x48\xcd\xc9\xc9\x07\x00"s), "Hello");
  std::string text;
  const auto add = [&](std::string_view piece) { text += piece; };
  const auto fed = inflater.feed("\xf2\x00\x11\x00\x00"s, add);
  ASSERT_FALSE(fed) << "reaches behind the message's beginning";
  EXPECT_EQ(fed.error().code, ErrorCode::kInvalid);
  EXPECT_NE(fed.error().message.find("7.2.2"), std::string::npos);
}

TEST(PermessageDeflateTest, AMessageMadeToSwellIsStopped) {
  z_stream stream{};
  ASSERT_EQ(deflateInit2(&stream, 9, Z_DEFLATED, -15, 9, Z_DEFAULT_STRATEGY), Z_OK);
  std::string zeros(std::size_t{8} << 20U, '\0');
  std::string bomb(std::size_t{64} << 10U, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(zeros.data());
  stream.avail_in = static_cast<uInt>(zeros.size());
  stream.next_out = reinterpret_cast<Bytef*>(bomb.data());
  stream.avail_out = static_cast<uInt>(bomb.size());
  ASSERT_EQ(deflate(&stream, Z_SYNC_FLUSH), Z_OK);
  bomb.resize(bomb.size() - stream.avail_out);
  deflateEnd(&stream);

  std::size_t size = 0;
  const auto count = [&](std::string_view piece) { size += piece.size(); };
  Inflater inflater({}, {});
  const auto fed = inflater.feed(bomb, count);
  ASSERT_FALSE(fed);
  EXPECT_EQ(fed.error().code, ErrorCode::kTooLarge);
  EXPECT_LE(size, std::size_t{6} << 20U);
}

}  // namespace
}  // namespace tokometer::wire::permessage_deflate
