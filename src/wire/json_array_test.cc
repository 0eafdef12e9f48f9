#include "wire/json_array.h"

#include <gtest/gtest.h>

#include <string>

#include "wire/every_cut_test.h"

namespace tokometer::wire::json_array {
namespace {

// Elements as "<text>", a fault as "error: …".
std::string decode(const Chunks& chunks, const Limits& limits) {
  std::string transcript;
  Decoder decoder(limits);
  Result<void> fed;
  chunks.for_each([&](std::string_view chunk) {
    fed = decoder.feed(chunk, [&](const Element& element) {
      transcript += '<';
      transcript += element.text;
      transcript += element.truncated ? ">!" : ">";
    });
  });
  const Result<void> ended = decoder.finish();
  if (!fed) {
    EXPECT_FALSE(ended);
  }
  if (!ended) {
    EXPECT_EQ(ended.error().code, ErrorCode::kInvalid);
    transcript += "error: " + ended.error().message;
  }
  return transcript;
}

std::string decode_every_cut(std::string_view input, const Limits& limits = {}) {
  return same_for_every_cut(input, [&](const Chunks& chunks) { return decode(chunks, limits); });
}

TEST(JsonArray, ElementsComeAsTheyComplete) {
  EXPECT_EQ(decode_every_cut("[{\"a\": 1}\n,\r\n{\"b\":[2]}\n]\n"), "<{\"a\": 1}><{\"b\":[2]}>");
}

TEST(JsonArray, AnElementIsHandedOnBeforeTheArrayEnds) {
  Decoder decoder;
  int elements = 0;
  ASSERT_TRUE(decoder.feed("[{\"a\":1}", [&](const Element&) { ++elements; }));
  EXPECT_EQ(elements, 1);
  EXPECT_FALSE(decoder.finish());
}

TEST(JsonArray, BracketsQuotesAndBackslashesWithinStringsDoNotCount) {
  EXPECT_EQ(decode_every_cut(R"([{"a":"]}\"]\\"},{"b":"\\\\"},"x\"y"])"), R"(<{"a":"]}\"]\\"}><{"b":"\\\\"}><"x\"y">)");
}

TEST(JsonArray, ScalarsAndEmptyArrays) {
  EXPECT_EQ(decode_every_cut("[1,-2.5e3 , true,null,\"\",[],[[3]]]"), "<1><-2.5e3><true><null><\"\"><[]><[[3]]>");
  EXPECT_EQ(decode_every_cut(" [ ] "), "");
  EXPECT_EQ(decode_every_cut(" \n"), "");
}

TEST(JsonArray, OneObjectIsOneElement) {
  EXPECT_EQ(decode_every_cut("\n{\"error\":{\"code\":429}}\n"), "<{\"error\":{\"code\":429}}>");
}

TEST(JsonArray, FaultsNameTheirOffset) {
  EXPECT_EQ(decode_every_cut("x"), "error: json array: unexpected byte at offset 0");
  EXPECT_EQ(decode_every_cut("12"), "error: json array: unexpected byte at offset 0");
  EXPECT_EQ(decode_every_cut("[{} {}]"), "<{}>error: json array: unexpected byte at offset 4");
  EXPECT_EQ(decode_every_cut("[1,]"), "<1>error: json array: unexpected byte at offset 3");
  EXPECT_EQ(decode_every_cut("[,1]"), "error: json array: unexpected byte at offset 1");
  EXPECT_EQ(decode_every_cut("[] x"), "error: json array: unexpected byte at offset 3");
  EXPECT_EQ(decode_every_cut("{}{}"), "<{}>error: json array: unexpected byte at offset 2");
  EXPECT_EQ(decode_every_cut("[1}"), "<1>error: json array: unexpected byte at offset 2");
}

TEST(JsonArray, AnUnclosedBodyIsAFault) {
  EXPECT_EQ(decode_every_cut("[{}"), "<{}>error: json array: not closed at its end, byte 3");
  EXPECT_EQ(decode_every_cut("{\"a\":\"}"), "error: json array: not closed at its end, byte 7");
  EXPECT_EQ(decode_every_cut("[1"), "error: json array: not closed at its end, byte 2");
}

TEST(JsonArray, ALongElementIsCutAndDecodingGoesOn) {
  EXPECT_EQ(decode_every_cut("[{\"a\":12},{\"a\":123},7]", {.max_element_bytes = 8}), "<{\"a\":12}><{\"a\":123>!<7>");
}

TEST(JsonArray, CountsTruncatedElements) {
  Decoder decoder({.max_element_bytes = 2});
  ASSERT_TRUE(decoder.feed("[123,12,1234]", [](const Element&) {}));
  EXPECT_EQ(decoder.truncated_elements(), 2U);
}

TEST(JsonArray, AnElementWithinAChunkIsNotCopied) {
  const std::string_view chunk = "[{\"a\":1}]";
  Decoder decoder;
  int elements = 0;
  ASSERT_TRUE(decoder.feed(chunk, [&](const Element& element) {
    ++elements;
    EXPECT_EQ(element.text.data(), chunk.data() + 1);
  }));
  EXPECT_EQ(elements, 1);
}

}  // namespace
}  // namespace tokometer::wire::json_array
