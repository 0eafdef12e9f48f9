#include "wire/ndjson.h"

#include <gtest/gtest.h>

#include <string>

#include "wire/every_cut_test.h"

namespace tokometer::wire::ndjson {
namespace {

std::string decode(const Chunks& chunks, const Limits& limits) {
  std::string transcript;
  Decoder decoder(limits);
  const auto take = [&](const Line& line) {
    transcript += '<';
    transcript += line.text;
    transcript += line.truncated ? ">!" : ">";
  };
  chunks.for_each([&](std::string_view chunk) { decoder.feed(chunk, take); });
  if (const auto last = decoder.finish()) {
    transcript += "last";
    take(*last);
  }
  return transcript;
}

std::string decode_every_cut(std::string_view input, const Limits& limits = {}) {
  return same_for_every_cut(input, [&](const Chunks& chunks) { return decode(chunks, limits); });
}

TEST(Ndjson, LinesEndInLfOrCrLf) { EXPECT_EQ(decode_every_cut("{1}\n{2}\r\n{3}\n"), "<{1}><{2}><{3}>"); }

TEST(Ndjson, BlankLinesAreSkipped) { EXPECT_EQ(decode_every_cut("\n\r\n \t\n{1}\n\n"), "<{1}>"); }

TEST(Ndjson, TheLastLineNeedsNoLineEnd) {
  EXPECT_EQ(decode_every_cut("{1}\n{2}"), "<{1}>last<{2}>");
  EXPECT_EQ(decode_every_cut("{1}\r"), "last<{1}>");
  EXPECT_EQ(decode_every_cut(" "), "");
}

TEST(Ndjson, ALongLineIsCutAndDecodingGoesOn) {
  const Limits limits{.max_line_bytes = 3};
  EXPECT_EQ(decode_every_cut("abc\nabcd\nabc\r\nabcd\r\nabc\rd\nx\nabcde", limits),
            "<abc><abc>!<abc><abc>!<abc>!<x>last<abc>!");
}

TEST(Ndjson, ALongBlankBeginningIsNoBlankLine) {
  EXPECT_EQ(decode_every_cut("      x\n{1}\n", {.max_line_bytes = 3}), "<   >!<{1}>");
}

TEST(Ndjson, CountsTruncatedLines) {
  Decoder decoder({.max_line_bytes = 2});
  decoder.feed("abc\nab\nabcd\n", [](const Line&) {});
  EXPECT_EQ(decoder.truncated_lines(), 2U);
}

TEST(Ndjson, ALineWithinAChunkIsNotCopied) {
  const std::string_view chunk = "{\"a\":1}\n";
  Decoder decoder;
  int lines = 0;
  decoder.feed(chunk, [&](const Line& line) {
    ++lines;
    EXPECT_EQ(line.text.data(), chunk.data());
  });
  EXPECT_EQ(lines, 1);
}

}  // namespace
}  // namespace tokometer::wire::ndjson
