#include "proxy/usage_strip.h"

#include <gtest/gtest.h>

#include <string>

namespace tokometer::proxy {
namespace {

// What is left of `stream`, handed over in pieces of `piece` bytes.
std::string stripped(std::string_view stream, std::size_t piece) {
  UsageStrip strip;
  std::string out;
  for (std::size_t at = 0; at < stream.size(); at += piece) strip.feed(stream.substr(at, piece), out);
  strip.finish(out);
  return out;
}

void expect(std::string_view stream, std::string_view want) {
  for (std::size_t piece = 1; piece <= stream.size(); ++piece) ASSERT_EQ(stripped(stream, piece), want) << piece;
}

TEST(UsageStrip, TakesOutTheEventAndTheNulls) {
  expect(
      "data: {\"id\":\"1\",\"choices\":[{\"delta\":{\"content\":\"Hi\"}}],\"usage\":null}\n\n"
      "data: {\"id\":\"1\",\"usage\":null,\"choices\":[]}\n\n"
      "data: {\"id\":\"1\",\"choices\":[],\"usage\":{\"prompt_tokens\":1}}\n\n"
      "data: [DONE]\n\n",
      "data: {\"id\":\"1\",\"choices\":[{\"delta\":{\"content\":\"Hi\"}}]}\n\n"
      "data: {\"id\":\"1\",\"choices\":[]}\n\n"
      "data: [DONE]\n\n");
}

TEST(UsageStrip, KnowsOtherLineEndsAndSpellings) {
  expect(
      ": hello\r\n\r\nid: 7\r\ndata:{ \"usage\" : null , \"choices\" : [ ] }\r\n\r\n"
      "data: {\"choices\" : [ ], \"usage\" : { } }\r\n\r\ndata: [DONE]\r\n\r\n",
      ": hello\r\n\r\nid: 7\r\ndata:{ \"choices\" : [ ] }\r\n\r\ndata: [DONE]\r\n\r\n");
}

TEST(UsageStrip, KnowsLinesThatEndWithACarriageReturn) {
  expect("id: 7\rdata: {\"choices\":[1],\"usage\":null}\r\rdata: {\"choices\":[],\"usage\":{}}\r\rdata: [DONE]\r\r",
         "id: 7\rdata: {\"choices\":[1]}\r\rdata: [DONE]\r\r");
  // Mixed: the last \n of an event belongs to the \r before it.
  expect("data: {\"choices\":[],\"usage\":{}}\r\r\ndata: 1\r\r\ndata: {\"choices\":[],\"usage\":{}}\n\r\ndata: 2\n\r",
         "data: 1\r\r\ndata: 2\n\r");
}

TEST(UsageStrip, HandsOnAnEventAtItsCarriageReturn) {
  UsageStrip strip;
  std::string out;
  strip.feed("data: one\r\n\r", out);
  EXPECT_EQ(out, "data: one\r\n\r");
  strip.feed("\ndata: {\"choices\":[],\"usage\":{}}\r\n\r", out);
  EXPECT_EQ(out, "data: one\r\n\r\n");
  strip.feed("\n", out);
  EXPECT_EQ(out, "data: one\r\n\r\n") << "a part of the event that was taken out";
}

TEST(UsageStrip, LeavesTheRestByteForByte) {
  for (const std::string_view stream :
       {std::string_view("data: {\"choices\":[{\"delta\":{}}],\"usage\":{\"prompt_tokens\":1}}\n\n"),
        std::string_view("data: {\"choices\":[{\"delta\":{\"content\":\"\\\"usage\\\":null\"}}]}\n\n"),
        std::string_view("data: {\"x\":{\"usage\":null},\"choices\":[]}\n\n"),
        std::string_view("data: no \"usage\" json\n\n"), std::string_view("data: {\"usage\":null\n\n"),
        std::string_view("data: {\"usage\":\ndata: null}\n\n"), std::string_view("\n\n\n: \"usage\"\n\n"),
        std::string_view("event: x\n\ndata: y"), std::string_view("\r\r\n\n\r\rx\r"), std::string_view("")}) {
    expect(stream, stream);
  }
}

TEST(UsageStrip, EndsWithoutABlankLine) {
  expect("data: {\"choices\":[],\"usage\":{}}\n", "");
  expect("data: {\"choices\":[1],\"usage\":null}", "data: {\"choices\":[1]}");
}

TEST(UsageStrip, HandsOnEachEventWhenItIsWhole) {
  UsageStrip strip;
  std::string out;
  strip.feed("data: one\n", out);
  EXPECT_EQ(out, "");
  strip.feed("\ndata: tw", out);
  EXPECT_EQ(out, "data: one\n\n");
}

TEST(UsageStrip, HoldsNoMoreThanItsLimit) {
  const std::string long_event =
      "data: {\"pad\":\"" + std::string(UsageStrip::kMaxHeldBytes, 'x') + "\",\"choices\":[],\"usage\":{}}\n\n";
  const std::string after = "data: {\"choices\":[],\"usage\":{}}\n\n";
  EXPECT_EQ(stripped(long_event + after, 1000), long_event);
}

}  // namespace
}  // namespace tokometer::proxy
