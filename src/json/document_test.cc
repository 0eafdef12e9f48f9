#include "json/document.h"

#include <gtest/gtest.h>

#include <string>

namespace tokometer::json {
namespace {

Document parse(std::string text) {
  auto document = Document::parse(std::move(text));
  EXPECT_TRUE(document) << document.error().message;
  return std::move(*document);
}

std::string error_of(std::string text) {
  const auto document = Document::parse(std::move(text));
  return document ? "none" : document.error().message;
}

TEST(Document, ValuesByTheirKind) {
  const Document document = parse(R"({"n":null,"t":true,"f":false,"i":-12,"d":1.50,"s":"a\u00e9","a":[1,[2]],"o":{}})");
  const Node root = document.root();
  EXPECT_TRUE(root.is_object());
  EXPECT_EQ(root.size(), 8U);
  EXPECT_TRUE(root["n"].is_null());
  EXPECT_EQ(root["t"].boolean(), true);
  EXPECT_EQ(root["f"].boolean(), false);
  EXPECT_EQ(root["i"].int64(), -12);
  EXPECT_EQ(root["d"].number(), "1.50");
  EXPECT_EQ(root["d"].int64(), std::nullopt);
  EXPECT_EQ(root["d"].scaled(2), 150);
  EXPECT_EQ(root["d"].to_double(), 1.5);
  EXPECT_EQ(root["s"].string(), "a\xc3\xa9");
  EXPECT_EQ(root["a"][1][0].int64(), 2);
  EXPECT_EQ(root["a"].raw(), "[1,[2]]");
  EXPECT_TRUE(root["o"].is_object());
  EXPECT_EQ(root["o"].size(), 0U);
}

TEST(Document, WhatIsNotThereIsAbsent) {
  const Document document = parse(R"({"a":[1],"s":"x"})");
  const Node root = document.root();
  const Node absent = root["no"]["where"][3];
  EXPECT_FALSE(absent);
  EXPECT_FALSE(absent.is_null());
  EXPECT_EQ(absent.string(), std::nullopt);
  EXPECT_EQ(absent.int64(), std::nullopt);
  EXPECT_EQ(absent.raw(), "");
  EXPECT_EQ(absent.elements().begin(), absent.elements().end());
  EXPECT_FALSE(root["a"][1]);
  EXPECT_FALSE(root["a"]["a"]);
  EXPECT_FALSE(root["s"][0]);
  EXPECT_EQ(root["s"].int64(), std::nullopt);
  EXPECT_EQ(root["s"].boolean(), std::nullopt);
}

TEST(Document, KeepsOrderAndOutlivesMoves) {
  Document document = parse(R"({"z":1,"a":2,"m":[3,4]})");
  const Node root = document.root();
  const Document moved = std::move(document);
  std::string names;
  for (const auto [name, value] : root.members()) names += name;
  EXPECT_EQ(names, "zam");
  std::int64_t sum = 0;
  for (const Node element : root["m"].elements()) sum += *element.int64();
  EXPECT_EQ(sum, 7);
}

TEST(Document, LastDuplicateCountsAndAllAreTold) {
  const Document document = parse("{\"a\":1,\"b\":{\"x\":1,\n\"x\":2},\"\\u0061\":[3],\"c\":4}");
  EXPECT_EQ(document.root().size(), 3U);
  EXPECT_EQ(document.root()["a"].raw(), "[3]");
  EXPECT_EQ(document.root()["b"]["x"].int64(), 2);
  const auto duplicates = document.duplicates();
  ASSERT_EQ(duplicates.size(), 2U);
  EXPECT_EQ(duplicates[0].name, "x");
  EXPECT_EQ(duplicates[0].location, (Location{2, 1}));
  EXPECT_EQ(duplicates[1].name, "a");
  EXPECT_EQ(duplicates[1].location, (Location{2, 8}));
}

TEST(Document, KnowsPlaces) {
  const Document document = parse("{\n  \"\xc3\xa9\": [1,\n\"x\"]\n}");
  const Member member = *document.root().members().begin();
  EXPECT_EQ(member.name_location(), (Location{2, 3}));
  EXPECT_EQ(member.value.location(), (Location{2, 8}));
  EXPECT_EQ(member.value[1].location(), (Location{3, 1}));
  EXPECT_EQ(member.value[1].offset(), 14U);
}

TEST(Document, SaysWhereItIsWrong) {
  EXPECT_EQ(error_of("{\n \"a\": nul\n}"), "2:10: unexpected character");
  EXPECT_EQ(error_of(""), "1:1: cut short");
  EXPECT_EQ(error_of("\"abc"), "1:5: cut short");
  EXPECT_EQ(error_of("{\"ab"), "1:5: cut short");
  EXPECT_EQ(error_of("[1]]"), "1:4: something after the end");
  EXPECT_EQ(error_of("[\"\xc3\xa9\xff\"]"), "1:4: not UTF-8");
  EXPECT_EQ(error_of("[\"\\ud800\"]"), "none");
}

TEST(Document, ScalarsAndByteOrderMark) {
  EXPECT_EQ(parse("12").root().int64(), 12);
  EXPECT_EQ(parse(" \"x\" ").root().string(), "x");
  EXPECT_EQ(parse("\xef\xbb\xbf[1]").root()[0].int64(), 1);
}

TEST(Document, HoldsItsLimits) {
  EXPECT_EQ(Document::parse("[[1]]", {.max_bytes = 5, .max_depth = 2})->root()[0][0].int64(), 1);
  const auto deep = Document::parse("[[[1]]]", {.max_bytes = 100, .max_depth = 2});
  ASSERT_FALSE(deep);
  EXPECT_EQ(deep.error().code, ErrorCode::kTooLarge);
  EXPECT_EQ(deep.error().message, "1:3: nested too deep");
  const auto large = Document::parse("[[1]]", {.max_bytes = 4, .max_depth = 2});
  ASSERT_FALSE(large);
  EXPECT_EQ(large.error().code, ErrorCode::kTooLarge);
  EXPECT_EQ(error_of(std::string(1000000, '[')), "1:129: nested too deep");
}

TEST(Document, Equality) {
  const Document document = parse(R"([{"a":1,"b":[1,"x"]},{"b":[1.0,"\u0078"],"a":1e0},{"a":1,"b":[1]},[1],null])");
  const Node root = document.root();
  EXPECT_TRUE(equal(root[0], root[1]));
  EXPECT_FALSE(equal(root[0], root[2]));
  EXPECT_FALSE(equal(root[0], root[3]));
  EXPECT_FALSE(equal(root[4], Node()));
  EXPECT_TRUE(equal(Node(), Node()));
}

}  // namespace
}  // namespace tokometer::json
