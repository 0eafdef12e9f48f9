#include "wire/http1_encoder.h"

#include <gtest/gtest.h>

#include <string>

#include "wire/http1_decoder.h"

namespace tokometer::wire::http1 {
namespace {

TEST(Http1EncoderTest, CopiesWhatIsKeptByteForByte) {
  const std::string bytes = "GET /a HTTP/1.1\r\nhOST:  a\t \r\nB:1\r\nC: 2 \r\nD: 3\r\n\r\n";
  RequestDecoder decoder{Limits{}};
  std::string_view input = bytes;
  ASSERT_EQ(decoder.read(input), Read::kHead);

  std::string out;
  HeadWriter writer(out);
  writer.request_line("GET", "/b");
  writer.copy_fields(
      decoder.head(),
      [&](std::size_t i) {
        if (decoder.head().known[i] == KnownField::kHost) return Keep::kReplace;
        return decoder.head().fields[i].name == "C" ? Keep::kDrop : Keep::kCopy;
      },
      "b.example");
  writer.end();
  EXPECT_EQ(out, "GET /b HTTP/1.1\r\nhOST: b.example\r\nB:1\r\nD: 3\r\n\r\n");
}

TEST(Http1EncoderTest, DropsFirstLastAndAllFields) {
  const std::string bytes = "GET / HTTP/1.0\r\nA: 1\r\nB: 2\r\n\r\n";
  RequestDecoder decoder{Limits{}};
  std::string_view input = bytes;
  ASSERT_EQ(decoder.read(input), Read::kHead);
  const auto kept = [&](std::size_t dropped) {
    std::string out;
    HeadWriter(out).copy_fields(decoder.head(),
                                [&](std::size_t i) { return i == dropped ? Keep::kDrop : Keep::kCopy; });
    return out;
  };
  EXPECT_EQ(kept(0), "B: 2\r\n");
  EXPECT_EQ(kept(1), "A: 1\r\n");
  EXPECT_EQ(kept(2), "A: 1\r\nB: 2\r\n");
}

TEST(Http1EncoderTest, WritesStatusLines) {
  std::string out;
  HeadWriter(out).status_line(404, reason_phrase(404));
  EXPECT_EQ(out, "HTTP/1.1 404 Not Found\r\n");
}

}  // namespace
}  // namespace tokometer::wire::http1
