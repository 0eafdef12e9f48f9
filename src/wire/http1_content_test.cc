#include "wire/http1_content.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace tokometer::wire::http1 {
namespace {

struct Outcome {
  std::string content;
  std::size_t taken = 0;
  ContentDecoder::State state = ContentDecoder::State::kMore;
  std::string code;
  friend bool operator==(const Outcome&, const Outcome&) = default;
};

Outcome decode_cut(std::string_view bytes, std::size_t step_bytes, const Limits& limits) {
  ContentDecoder decoder(limits);
  decoder.start({.kind = Framing::Kind::kChunked});
  Outcome outcome;
  while (outcome.taken < bytes.size() && outcome.state == ContentDecoder::State::kMore) {
    std::vector<std::string_view> pieces;
    const auto step = decoder.read(bytes.substr(outcome.taken, step_bytes), pieces);
    for (const std::string_view piece : pieces) outcome.content += piece;
    outcome.taken += step.taken;
    outcome.state = step.state;
  }
  if (outcome.state == ContentDecoder::State::kRefused) outcome.code = decoder.refusal().code;
  return outcome;
}

Outcome decode(std::string_view bytes, const Limits& limits = {}) {
  const Outcome expected = decode_cut(bytes, bytes.size(), limits);
  for (const std::size_t step : {1U, 2U, 3U, 5U, 7U}) EXPECT_EQ(decode_cut(bytes, step, limits), expected) << step;
  return expected;
}

TEST(Http1ContentTest, OneReadGoesThroughAllChunks) {
  std::string bytes;
  for (int i = 0; i < 100; ++i) bytes += "5\r\nhello\r\n";
  bytes += "0\r\n\r\n";
  ContentDecoder decoder{Limits{}};
  decoder.start({.kind = Framing::Kind::kChunked});
  std::vector<std::string_view> pieces;
  const auto step = decoder.read(bytes + "NEXT", pieces);
  EXPECT_EQ(step.state, ContentDecoder::State::kEnd);
  EXPECT_EQ(step.taken, bytes.size());
  EXPECT_EQ(pieces.size(), 100U);
}

TEST(Http1ContentTest, TakesSizesExtensionsAndTrailers) {
  const Outcome outcome = decode("00000a;a;b=\"c\"\r\n0123456789\r\nA\r\nabcdefghij\r\n000\r\nT: 1\r\nU:\r\n\r\n");
  EXPECT_EQ(outcome.content, "0123456789abcdefghij");
  EXPECT_EQ(outcome.state, ContentDecoder::State::kEnd);
}

TEST(Http1ContentTest, RefusesWhatTwoReadersCouldReadDifferently) {
  EXPECT_EQ(decode("g\r\n").code, "chunk_size");
  EXPECT_EQ(decode("\r\n").code, "chunk_size");
  EXPECT_EQ(decode("-1\r\n").code, "chunk_size");
  EXPECT_EQ(decode("+1\r\nx").code, "chunk_size");
  EXPECT_EQ(decode("0x5\r\nhello\r\n").code, "chunk_size");
  EXPECT_EQ(decode(" 5\r\nhello\r\n").code, "chunk_size");
  EXPECT_EQ(decode("5 \r\nhello\r\n").code, "chunk_size");
  EXPECT_EQ(decode("5,5\r\nhello\r\n").code, "chunk_size");
  EXPECT_EQ(decode("5\nhello\r\n").code, "chunk_size");
  EXPECT_EQ(decode("5\rhello\r\n").code, "chunk_line");
  EXPECT_EQ(decode("10000000000000000\r\n").code, "chunk_size");
  EXPECT_EQ(decode("0000000000000005\r\nhello\r\n").code, "chunk_size");
  EXPECT_EQ(decode("5;a\nhello\r\n").code, "chunk_extension");
  EXPECT_EQ(decode("5\r\nhelloX\r\n").code, "chunk_data");
  EXPECT_EQ(decode("5\r\nhello\n").code, "chunk_data");
  EXPECT_EQ(decode("5\r\nhello\rX").code, "chunk_data");
  EXPECT_EQ(decode("0\r\n folded\r\n\r\n").code, "trailer");
  EXPECT_EQ(decode("0\r\nA : 1\r\n\r\n").code, "trailer");
  EXPECT_EQ(decode("0\r\nA: 1\n\r\n").code, "trailer");
  EXPECT_EQ(decode("0\r\nA: 1\r\n\n").code, "trailer");
  EXPECT_EQ(decode("0\r\n\n").code, "trailer");
  EXPECT_EQ(decode("0\r\n\rX").code, "trailer");
}

TEST(Http1ContentTest, LimitsExtensionsAndTrailers) {
  EXPECT_EQ(decode("1;" + std::string(5000, 'x') + "\r\na\r\n").code, "chunk_extension");
  std::string many;
  for (int i = 0; i < 100; ++i) many += "1;" + std::string(1000, 'x') + "\r\na\r\n";
  EXPECT_EQ(decode(many).code, "chunk_extension");
  EXPECT_EQ(decode("0\r\nA: " + std::string(20000, 'x') + "\r\n\r\n").code, "trailer");
}

TEST(Http1ContentTest, TellsTheTrailersHoweverTheyAreCut) {
  const std::string_view text = "1\r\nx\r\n0\r\nSum:  7 \r\nempty:\r\n\r\n";
  const std::vector<Field> expected = {{"Sum", "7"}, {"empty", ""}};
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    ContentDecoder decoder{Limits{}};
    decoder.start({.kind = Framing::Kind::kChunked});
    std::vector<std::string_view> pieces;
    decoder.read(text.substr(0, cut), pieces);
    if (cut < text.size()) {
      EXPECT_EQ(decoder.read(text.substr(cut), pieces).state, ContentDecoder::State::kEnd);
    }
    const Fields trailers = decoder.trailers();
    EXPECT_EQ(std::vector<Field>(trailers.begin(), trailers.end()), expected);
    decoder.start({.kind = Framing::Kind::kChunked});
    EXPECT_TRUE(decoder.trailers().empty());
  }
}

TEST(Http1ContentTest, LengthEndsWhereItSays) {
  ContentDecoder decoder{Limits{}};
  decoder.start({.kind = Framing::Kind::kLength, .length = 5});
  std::vector<std::string_view> pieces;
  EXPECT_EQ(decoder.read("hel", pieces).state, ContentDecoder::State::kMore);
  const auto step = decoder.read("lo!", pieces);
  EXPECT_EQ(step.state, ContentDecoder::State::kEnd);
  EXPECT_EQ(step.taken, 2U);
}

TEST(Http1ContentTest, UntilCloseTakesEverything) {
  ContentDecoder decoder{Limits{}};
  decoder.start({.kind = Framing::Kind::kUntilClose});
  std::vector<std::string_view> pieces;
  EXPECT_EQ(decoder.read("all", pieces).taken, 3U);
  EXPECT_TRUE(decoder.ends_with_connection());
}

}  // namespace
}  // namespace tokometer::wire::http1
