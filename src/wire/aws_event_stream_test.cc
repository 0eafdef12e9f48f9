#include "wire/aws_event_stream.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "wire/base64.h"
#include "wire/every_cut_test.h"

namespace tokometer::wire::aws_event_stream {
namespace {

std::string u32(std::size_t value) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8)
    bytes += static_cast<char>(value >> static_cast<unsigned>(shift) & 0xffU);
  return bytes;
}

std::string checksum(std::string_view bytes) {
  return u32(::crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

std::string string_header(std::string_view name, std::string_view value) {
  std::string bytes(1, static_cast<char>(name.size()));
  bytes.append(name).append(1, '\7').append(u32(value.size()).substr(2)).append(value);
  return bytes;
}

std::string message(std::string_view headers, std::string_view payload) {
  std::string bytes = u32(headers.size() + payload.size() + 16) + u32(headers.size());
  bytes += checksum(bytes);
  bytes.append(headers).append(payload);
  return bytes + checksum(bytes);
}

std::string event(std::string_view type, std::string_view payload) {
  return message(string_header(":message-type", "event") + string_header(":event-type", type), payload);
}

std::string hex(std::string_view bytes) {
  std::string text;
  for (const char c : bytes) text += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return text;
}

std::string transcript_of(const Chunks& chunks, const Limits& limits) {
  std::string transcript;
  Decoder decoder(limits);
  Result<void> fed;
  chunks.for_each([&](std::string_view chunk) {
    const auto done = decoder.feed(chunk, [&](const Message& found) {
      transcript += fmt::format("{}<{}>{}", found.type(), found.payload, found.truncated ? "!" : "");
    });
    if (!done) fed = done;
  });
  if (!fed) return transcript + fed.error().message;
  if (const auto finished = decoder.finish(); !finished) transcript += finished.error().message;
  return transcript;
}

std::string decode_every_cut(std::string_view input, const Limits& limits = {}) {
  return same_for_every_cut(input, [&](const Chunks& chunks) { return transcript_of(chunks, limits); });
}

TEST(AwsEventStream, MessagesFollowEachOther) {
  EXPECT_EQ(decode_every_cut(event("messageStart", "{}") + event("metadata", R"({"usage":{}})")),
            R"(messageStart<{}>metadata<{"usage":{}}>)");
  EXPECT_EQ(decode_every_cut(""), "");
}

TEST(AwsEventStream, ExceptionsAndErrorsAreNamed) {
  EXPECT_EQ(decode_every_cut(message(
                string_header(":message-type", "exception") + string_header(":exception-type", "throttlingException"),
                R"({"message":"slow down"})")),
            R"(throttlingException<{"message":"slow down"}>)");
  EXPECT_EQ(decode_every_cut(message(string_header(":error-code", "internal"), "")), "internal<>");
}

TEST(AwsEventStream, ALongMessageIsPassedOverAndDecodingGoesOn) {
  const std::string input = event("a", "12") + event("b", std::string(500, 'x')) + event("c", "3");
  EXPECT_EQ(decode_every_cut(input, {.max_message_bytes = 100}), "a<12><>!c<3>");
}

TEST(AwsEventStream, DamageEndsDecoding) {
  std::string input = event("a", "1") + event("b", "2") + event("c", "3");
  const std::size_t second = event("a", "1").size();
  std::string head = input;
  head[second + 2] ^= 1;
  EXPECT_EQ(decode_every_cut(head), "a<1>event stream: the checksum of a message's head is wrong");
  std::string payload = input;
  payload[second * 2 - 5] ^= 1;
  EXPECT_EQ(decode_every_cut(payload), "a<1>event stream: the checksum of a message is wrong");
  EXPECT_EQ(decode_every_cut(input.substr(0, second * 2 - 1)), "a<1>event stream: it ends within a message");
}

TEST(AwsEventStream, HostileLengthsAreRefusedBeforeAnythingIsKept) {
  for (const auto& [total, headers] : {std::pair<std::size_t, std::size_t>{0xffffffffU, 0},
                                       {15, 0},
                                       {16, 1},
                                       {1U << 20U, 0xffffffffU},
                                       {1U << 20U, 200U << 10U}}) {
    std::string prelude = u32(total) + u32(headers);
    prelude += checksum(prelude);
    EXPECT_EQ(decode_every_cut(prelude + "more"), "event stream: the lengths of a message cannot be") << total;
  }
  for (const std::string& headers :
       {std::string("\0\7\0\0", 4), std::string("\1a\12", 3), std::string("\1a\7\0\5xy", 7)}) {
    EXPECT_EQ(decode_every_cut(message(headers, "")), "event stream: a header is malformed");
  }
}

TEST(AwsEventStream, AMessageWithinAChunkIsNotCopied) {
  const std::string chunk = event("a", "payload");
  Decoder decoder;
  const auto fed = decoder.feed(chunk, [&](const Message& found) {
    EXPECT_GE(found.payload.data(), chunk.data());
    EXPECT_LE(found.payload.data() + found.payload.size(), chunk.data() + chunk.size());
  });
  EXPECT_TRUE(fed);
}

TEST(AwsEventStream, ReadsHeadersOfEveryType) {
  const std::string headers =
      std::string("\1a\0\1b\1\1c\2\xff\1d\3\xff\xfe\1e\4\0\0\xa0\x0c\1f\5\xff\xff\xff\xff\xff\xff\xff\xff", 33) +
      std::string("\1g\6\0\2\0\1\1h\7\0\2hi\1i\10\0\0\0\0\0\x84\x5f\xed\1j\11", 28) + "0123456789abcdef";
  std::string seen;
  Decoder decoder;
  const auto fed = decoder.feed(message(headers, ""), [&](const Message& found) {
    found.for_each_header([&](const Header& header) {
      seen +=
          fmt::format("{}{}:{}:{} ", header.name, static_cast<int>(header.type), header.number(), hex(header.value));
    });
  });
  EXPECT_TRUE(fed);
  EXPECT_EQ(seen,
            "a0:1: b1:0: c2:-1:ff d3:-2:fffe e4:40972:0000a00c f5:-1:ffffffffffffffff g6:0:0001 h7:0:6869 "
            "i8:8675309:0000000000845fed j9:0:30313233343536373839616263646566 ");
}

// The member `name` of a row, whose values have no escapes.
std::string member(std::string_view row, std::string_view name) {
  const std::string key = fmt::format("\"{}\":\"", name);
  const auto at = row.find(key);
  if (at == std::string_view::npos) return {};
  row.remove_prefix(at + key.size());
  return std::string(row.substr(0, row.find('"')));
}

TEST(AwsEventStream, SharedVectors) {
  std::ifstream file(std::filesystem::path(TOKOMETER_SHARED_DIR) / "data/suites/aws-eventstream/vectors.jsonl");
  if (!file) {
    if (std::getenv("CI") != nullptr) FAIL() << "the shared vectors are missing";
    GTEST_SKIP() << "the shared vectors are not here";
  }
  int good = 0;
  int bad = 0;
  for (std::string row; std::getline(file, row);) {
    SCOPED_TRACE(member(row, "name"));
    const std::string input = base64::decode(member(row, "encoded_b64")).value();
    const std::string seen = decode_every_cut(input);
    if (member(row, "expectation") == "success") {
      ++good;
      EXPECT_EQ(seen, fmt::format("<{}>", base64::decode(member(row, "payload_b64")).value()));
    } else {
      ++bad;
      EXPECT_TRUE(seen.contains("checksum")) << seen;
    }
  }
  EXPECT_EQ(good, 5);
  EXPECT_EQ(bad, 4);
}

}  // namespace
}  // namespace tokometer::wire::aws_event_stream
