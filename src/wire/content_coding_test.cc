#include "wire/content_coding.h"

#include <gtest/gtest.h>

#include <array>
#include <random>
#include <string>

#include "wire/every_cut_test.h"

namespace tokometer::wire::content_coding {
namespace {

constexpr std::array kCodings{Coding::kGzip, Coding::kDeflate, Coding::kBrotli, Coding::kZstd};

struct Outcome {
  std::string content;
  std::string error = {};
  ErrorCode code = {};

  friend bool operator==(const Outcome&, const Outcome&) = default;
  friend void PrintTo(const Outcome& outcome, std::ostream* out) {
    *out << outcome.content.size() << " bytes, error \"" << outcome.error << '"';
  }
};

Outcome decode(const Chunks& chunks, std::string_view field_value, const Limits& limits = {}) {
  auto decoder = Decoder::open(field_value, limits);
  if (!decoder) return {"", decoder.error().message, decoder.error().code};
  Outcome outcome;
  chunks.for_each([&](std::string_view chunk) {
    const auto fed = decoder->feed(chunk, [&](std::string_view content) { outcome.content += content; });
    if (!fed) {
      EXPECT_FALSE(decoder->finish());
    }
  });
  if (const auto ended = decoder->finish(); !ended) {
    outcome.error = ended.error().message;
    outcome.code = ended.error().code;
  }
  return outcome;
}

Outcome decode_every_cut(std::string_view coded, std::string_view field_value) {
  return same_for_every_cut(coded, [&](const Chunks& chunks) { return decode(chunks, field_value); });
}

Outcome decode_whole(std::string_view coded, std::string_view field_value, const Limits& limits = {}) {
  return decode(Chunks::whole(coded), field_value, limits);
}

std::string sample(std::size_t bytes) {
  std::mt19937 random(1);
  std::string text;
  while (text.size() < bytes) text += "data: {\"delta\":" + std::to_string(random()) + "}\n\n";
  return text;
}

TEST(ContentCoding, EveryCodingGivesBackWhatWasEncoded) {
  const std::string content = sample(1000);
  for (const Coding coding : kCodings) {
    SCOPED_TRACE(to_string(coding));
    const std::string coded = encode(coding, content);
    EXPECT_LT(coded.size(), content.size());
    EXPECT_EQ(decode_every_cut(coded, to_string(coding)), Outcome{content});
  }
}

TEST(ContentCoding, EmptyContentAndLargeContent) {
  const std::string large = sample(3 << 20U);
  for (const Coding coding : kCodings) {
    SCOPED_TRACE(to_string(coding));
    EXPECT_EQ(decode_every_cut(encode(coding, ""), to_string(coding)), Outcome{});
    EXPECT_EQ(decode_whole(encode(coding, large), to_string(coding)), Outcome{large});
    EXPECT_EQ(decode_whole("", to_string(coding)), Outcome{}) << "a body without any byte";
  }
}

TEST(ContentCoding, ContentComesAsSoonAsItsBytes) {
  // "hello" flushed (Z_SYNC_FLUSH) by gzip, its end still to come: what a compressed event stream looks like.
  using namespace std::string_view_literals;
  constexpr auto kFlushed = "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\xca\x48\xcd\xc9\xc9\x07\x00\x00\x00\xff\xff"sv;
  auto decoder = Decoder::open("gzip");
  ASSERT_TRUE(decoder);
  std::string content;
  ASSERT_TRUE(decoder->feed(kFlushed, [&](std::string_view piece) { content += piece; }));
  EXPECT_EQ(content, "hello");
  EXPECT_FALSE(decoder->finish());
}

TEST(ContentCoding, GzipMembersFollowEachOther) {
  EXPECT_EQ(decode_every_cut(encode(Coding::kGzip, "one ") + encode(Coding::kGzip, "two"), "gzip"), Outcome{"one two"});
}

TEST(ContentCoding, ZstdFramesFollowEachOther) {
  EXPECT_EQ(decode_every_cut(encode(Coding::kZstd, "one ") + encode(Coding::kZstd, "two"), "zstd"), Outcome{"one two"});
}

TEST(ContentCoding, RawDeflateIsTold) {
  const std::string content = sample(300);
  const std::string zlib = encode(Coding::kDeflate, content);
  const std::string raw = zlib.substr(2, zlib.size() - 6);  // without zlib's header and checksum
  EXPECT_EQ(decode_every_cut(raw, "deflate"), Outcome{content});
}

TEST(ContentCoding, CodingsLieUponEachOther) {
  const std::string coded = encode(Coding::kBrotli, encode(Coding::kGzip, "content"));
  EXPECT_EQ(decode_every_cut(coded, "gzip, br"), Outcome{"content"});
  EXPECT_EQ(decode_whole(coded, "GZIP,identity , ,Br"), Outcome{"content"});
  EXPECT_FALSE(decode_whole(coded, "br, gzip").error.empty());
}

TEST(ContentCoding, IdentityHandsOnWhatCame) {
  for (const std::string_view value : {"", "identity", " , identity"}) {
    EXPECT_EQ(decode_every_cut("content", value), Outcome{"content"});
  }
  EXPECT_TRUE(Decoder::open("identity")->is_identity());
  EXPECT_FALSE(Decoder::open("x-gzip")->is_identity());
}

TEST(ContentCoding, UnknownCodingsAreRefused) {
  EXPECT_EQ(decode_whole("", "compress").code, ErrorCode::kUnsupported);
  EXPECT_EQ(decode_whole("", "gzip, aws-chunked").code, ErrorCode::kUnsupported);
  EXPECT_EQ(decode_whole("", "gzip, gzip, gzip, gzip").code, ErrorCode::kTooLarge);
}

TEST(ContentCoding, ACutBodyIsInvalid) {
  for (const Coding coding : kCodings) {
    SCOPED_TRACE(to_string(coding));
    const std::string coded = encode(coding, sample(200));
    for (std::size_t size = 1; size < coded.size(); ++size) {
      const Outcome outcome = decode_whole(coded.substr(0, size), to_string(coding));
      ASSERT_EQ(outcome.code, ErrorCode::kInvalid) << size;
      ASSERT_FALSE(outcome.error.empty()) << size;
    }
  }
}

TEST(ContentCoding, DamageIsFound) {
  const std::string content = sample(500);
  for (const Coding coding : {Coding::kGzip, Coding::kDeflate}) {
    SCOPED_TRACE(to_string(coding));
    std::string coded = encode(coding, content);
    coded[coded.size() - 5] ^= 1;  // gzip: its checksum; zlib: its last data or checksum
    const Outcome outcome = decode_whole(coded, to_string(coding));
    EXPECT_EQ(outcome.code, ErrorCode::kInvalid);
    EXPECT_TRUE(outcome.error.starts_with(to_string(coding))) << outcome.error;
  }
  for (const Coding coding : kCodings) {
    SCOPED_TRACE(to_string(coding));
    EXPECT_EQ(decode_whole("this is no coded body at all", to_string(coding)).code, ErrorCode::kInvalid);
    EXPECT_EQ(decode_whole(encode(coding, content) + "tail", to_string(coding)).code, ErrorCode::kInvalid);
    EXPECT_FALSE(decode_whole(encode(coding, content) + "tail", to_string(coding)).error.empty());
  }
}

TEST(ContentCoding, OutputIsLimited) {
  const std::string content = sample(100'000);
  for (const Coding coding : kCodings) {
    SCOPED_TRACE(to_string(coding));
    const Outcome outcome = decode_whole(encode(coding, content), to_string(coding), {.max_output_bytes = 50'000});
    EXPECT_EQ(outcome.code, ErrorCode::kTooLarge);
    EXPECT_LE(outcome.content.size(), 50'000U);
  }
}

TEST(ContentCoding, TheRatioIsLimited) {
  const std::string zeros(std::size_t{4} << 20U, '\0');
  for (const Coding coding : kCodings) {
    SCOPED_TRACE(to_string(coding));
    EXPECT_EQ(decode_whole(encode(coding, zeros), to_string(coding), {.max_ratio = 100}).code, ErrorCode::kTooLarge);
    EXPECT_EQ(decode_whole(encode(coding, zeros), to_string(coding),
                           {.max_ratio = 100, .ratio_free_bytes = std::uint64_t{8} << 20U}),
              Outcome{zeros});
  }
}

TEST(ContentCoding, AZstdWindowOverTheLimitIsRefused) {
  const Outcome outcome = decode_whole(encode(Coding::kZstd, sample(3 << 20U)), "zstd", {.max_zstd_window_log = 12});
  EXPECT_EQ(outcome.code, ErrorCode::kInvalid);
  EXPECT_FALSE(outcome.error.empty());
}

}  // namespace
}  // namespace tokometer::wire::content_coding
