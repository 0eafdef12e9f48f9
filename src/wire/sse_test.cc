#include "wire/sse.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "wire/every_cut_test.h"

namespace tokometer::wire::sse {
namespace {

std::string shown(const Event& event) {
  return fmt::format("{}|{}|{}{}\n", event.type, event.data, event.id, event.truncated ? "|truncated" : "");
}

// Events as "type|data|id" lines; the pending one after "pending:"; the retry value after "retry:".
std::string decode(const Chunks& chunks, const Limits& limits = {}) {
  std::string transcript;
  Decoder decoder(limits);
  chunks.for_each(
      [&](std::string_view chunk) { decoder.feed(chunk, [&](const Event& event) { transcript += shown(event); }); });
  if (const auto pending = decoder.finish()) transcript += "pending:" + shown(*pending);
  if (decoder.retry()) transcript += fmt::format("retry:{}\n", decoder.retry()->count());
  return transcript;
}

std::string decode_every_cut(std::string_view input, const Limits& limits = {}) {
  return same_for_every_cut(input, [&](const Chunks& chunks) { return decode(chunks, limits); });
}

TEST(Sse, JoinsDataLinesAndNamesEvents) {
  EXPECT_EQ(decode_every_cut("event: ping\ndata: a\ndata:b\n\ndata: c\n\n"), "ping|a\nb|\nmessage|c|\n");
}

TEST(Sse, EveryLineEndAndMixesOfThem) {
  EXPECT_EQ(decode_every_cut("data:1\r\n\r\ndata:2\r\rdata:3\n\ndata:4\r\n\ndata:5\n\r"),
            "message|1|\nmessage|2|\nmessage|3|\nmessage|4|\nmessage|5|\n");
}

TEST(Sse, ByteOrderMarkAtTheVeryStartOnly) {
  EXPECT_EQ(decode_every_cut("\xEF\xBB\xBF"
                             "data:1\n\n\xEF\xBB\xBF"
                             "data:2\n\n"),
            "message|1|\n");
  EXPECT_EQ(decode_every_cut("\xEF\xBB"
                             "data:1\n\ndata:2\n\n"),
            "message|2|\n");
}

TEST(Sse, CommentsAndUnknownFieldsAreIgnored) {
  EXPECT_EQ(decode_every_cut(": ping\n:\ndata\nDATA: x\ndatas: y\n dat: z\n\n: OPENROUTER\n\n"), "message||\n");
}

TEST(Sse, AnEventWithoutDataIsDroppedWithItsName) {
  EXPECT_EQ(decode_every_cut("event: ping\n\ndata: x\n\n"), "message|x|\n");
}

TEST(Sse, OneSpaceAfterTheColonIsDropped) {
  EXPECT_EQ(decode_every_cut("data:  x\ndata:\ty\n\n"), "message| x\n\ty|\n");
}

TEST(Sse, IdStaysUntilChangedAndMustNotHoldNul) {
  using namespace std::string_view_literals;
  EXPECT_EQ(decode_every_cut("id: 1\ndata:a\n\ndata:b\n\nid:x\0y\ndata:c\n\nid\ndata:d\n\n"sv),
            "message|a|1\nmessage|b|1\nmessage|c|1\nmessage|d|\n");
}

TEST(Sse, RetryTakesDigitsOnly) {
  EXPECT_EQ(decode_every_cut("retry: 2000\nretry: -1\nretry: 1x\nretry:\nretry: 99999999999999999999\n"),
            "retry:2000\n");
}

TEST(Sse, FinishTellsOfTheEventLeftWithoutItsBlankLine) {
  EXPECT_EQ(decode_every_cut("data: 1\n\ndata: 2\n"), "message|1|\npending:message|2|\n");
  EXPECT_EQ(decode_every_cut("event: e\ndata: 1\ndata: 2"), "pending:e|1\n2|\n");
  EXPECT_EQ(decode_every_cut("data: 1\n\nevent: e\n"), "message|1|\n");
}

TEST(Sse, ALineOverTheLimitIsCutAndDecodingGoesOn) {
  EXPECT_EQ(decode_every_cut("data:12345\n\ndata:123456\n\ndata:x\n\n", {.max_event_bytes = 10}),
            "message|12345|\nmessage|12345||truncated\nmessage|x|\n");
}

TEST(Sse, AByteOrderMarkDoesNotCountTowardsTheLimit) {
  EXPECT_EQ(decode_every_cut("\xEF\xBB\xBF"
                             "data:123456\n\n",
                             {.max_event_bytes = 10}),
            "message|12345||truncated\n");
}

TEST(Sse, SeveralDataLinesShareTheLimit) {
  const Limits limits{.max_event_bytes = 12};
  EXPECT_EQ(decode_every_cut("data:12345\ndata:67890\ndata:1\n\ndata:x\n\n", limits),
            "message|12345\n67890\n||truncated\nmessage|x|\n");
}

TEST(Sse, ALongCommentMarksNothing) {
  EXPECT_EQ(decode_every_cut(": 0123456789012345\ndata:x\n\n", {.max_event_bytes = 8}), "message|x|\n");
}

TEST(Sse, ALongNameIsIgnoredAndMarks) {
  const Limits limits{.max_name_bytes = 3};
  EXPECT_EQ(decode_every_cut("event:abcd\ndata:1\n\nid:abcd\ndata:2\n\nevent:abc\nid:abc\ndata:3\n\n", limits),
            "message|1||truncated\nmessage|2||truncated\nabc|3|abc\n");
}

TEST(Sse, CountsTruncatedEvents) {
  Decoder decoder({.max_event_bytes = 8});
  decoder.feed("data:0123456789\n\ndata:1\n\ndata:0123456789\n\n", [](const Event&) {});
  EXPECT_EQ(decoder.truncated_events(), 2U);
}

TEST(Sse, AnEventWithinAChunkIsNotCopied) {
  const std::string_view chunk = "event: delta\ndata: {\"a\":1}\n\n";
  Decoder decoder;
  int events = 0;
  decoder.feed(chunk, [&](const Event& event) {
    ++events;
    EXPECT_EQ(event.data.data(), chunk.data() + chunk.find('{'));
    EXPECT_EQ(event.type.data(), chunk.data() + chunk.find("delta"));
  });
  EXPECT_EQ(events, 1);
}

// The vectors are JSON; these few forms are all that occurs in them.
std::string json_string(std::string_view& text) {
  std::string out;
  for (text.remove_prefix(1); text.front() != '"'; text.remove_prefix(1)) {
    if (text.front() != '\\') {
      out += text.front();
      continue;
    }
    text.remove_prefix(1);
    if (text.front() == 'n') {
      out += '\n';
    } else if (text.front() == 't') {
      out += '\t';
    } else if (text.starts_with("u0000")) {
      out += '\0';
      text.remove_prefix(4);
    } else if (text.starts_with("u2026")) {
      out += "\u2026";
      text.remove_prefix(4);
    } else {
      out += text.front();
    }
  }
  text.remove_prefix(1);
  return out;
}

std::string json_member(std::string_view& text, std::string_view name) {
  const auto at = text.find(fmt::format("\"{}\": ", name));
  text.remove_prefix(at + name.size() + 4);
  return json_string(text);
}

std::string from_base64(std::string_view text) {
  constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  unsigned bits = 0;
  unsigned value = 0;
  for (const char c : text.substr(0, text.find('='))) {
    value = (value << 6U | static_cast<unsigned>(kAlphabet.find(c))) & 0xffffU;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    out += static_cast<char>(value >> bits & 0xffU);
  }
  return out;
}

TEST(Sse, SharedVectors) {
  std::ifstream file(std::filesystem::path(TOKOMETER_SHARED_DIR) / "data/suites/sse/sse-vectors.jsonl");
  if (!file) {
    if (std::getenv("CI") != nullptr) FAIL() << "the shared vectors are missing";
    GTEST_SKIP() << "the shared vectors are not here";
  }
  int vectors = 0;
  for (std::string row; std::getline(file, row); ++vectors) {
    std::string_view rest = row;
    SCOPED_TRACE(json_member(rest, "name"));
    const std::string input = from_base64(json_member(rest, "input_b64"));
    std::string expected;
    const auto retry = rest.find("\"retry\": ");
    std::string_view events = rest.substr(0, retry);
    while (events.contains("\"event\": ")) {
      const std::string type = json_member(events, "event");
      const std::string data = json_member(events, "data");
      expected += fmt::format("{}|{}|{}\n", type, data, json_member(events, "id"));
    }
    const std::string actual = decode_every_cut(input);
    const auto pending = actual.find("pending:");
    const auto actual_retry = actual.find("retry:");
    EXPECT_EQ(actual.substr(0, std::min(pending, actual_retry)), expected);
    const std::string_view expected_retry = rest.substr(retry + 9, rest.find_first_of(",}", retry) - retry - 9);
    EXPECT_EQ(actual_retry == std::string::npos ? "null\n" : actual.substr(actual_retry + 6),
              std::string(expected_retry) + "\n");
  }
  EXPECT_EQ(vectors, 28);
}

}  // namespace
}  // namespace tokometer::wire::sse
