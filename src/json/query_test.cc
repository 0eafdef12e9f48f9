#include "json/query.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>

namespace tokometer::json {
namespace {

// The values that `query` selects from `json`, as they stand there: "1 [2]".
std::string select(std::string_view query, std::string json) {
  const auto document = Document::parse(std::move(json));
  EXPECT_TRUE(document);
  const auto compiled = Query::compile(query);
  if (!compiled) return compiled.error().message;
  const auto nodes = compiled->run(document->root());
  if (!nodes) return nodes.error().message;
  std::string out;
  for (const Node node : *nodes) out += fmt::format("{}{}", out.empty() ? "" : " ", node.raw());
  return out;
}

TEST(Query, SelectsAsTheStandardSays) {
  constexpr const char* kShop = R"({"items":[{"name":"a","price":8.95},{"name":"b","price":12.99,"isbn":"1"},)"
                                R"({"name":"c","price":22,"isbn":"2"}],"lamp":{"colour":"red","price":399}})";
  EXPECT_EQ(select("$.items[*].name", kShop), R"("a" "b" "c")");
  EXPECT_EQ(select("$..price", kShop), "8.95 12.99 22 399");
  EXPECT_EQ(select("$.items[-1].name", kShop), R"("c")");
  EXPECT_EQ(select("$.items[0,2]['name']", kShop), R"("a" "c")");
  EXPECT_EQ(select("$.items[:2].price", kShop), "8.95 12.99");
  EXPECT_EQ(select("$.items[::-1].price", kShop), "22 12.99 8.95");
  EXPECT_EQ(select("$.items[?@.isbn].price", kShop), "12.99 22");
  EXPECT_EQ(select("$.items[?@.price < 10].name", kShop), R"("a")");
  EXPECT_EQ(select("$.items[?!@.isbn || @.price > $.items[1].price].name", kShop), R"("a" "c")");
  EXPECT_EQ(select("$.items[?count(@.*) == 3].name", kShop), R"("b" "c")");
  EXPECT_EQ(select("$[?length(@) == 3 && search(value(@..colour), 'e')]", kShop), "");
  EXPECT_EQ(select("$[?search(@.colour, '^r')].price", kShop), "399");
}

TEST(Query, NothingComparesOnlyWithNothing) {
  EXPECT_EQ(select("$[?@.a == @.b]", R"([{},{"a":null},{"a":1,"b":1.0}])"), R"({} {"a":1,"b":1.0})");
  EXPECT_EQ(select("$[?@.a <= @.b]", R"([{},{"a":true,"b":true},{"a":"x","b":1}])"), R"({} {"a":true,"b":true})");
  EXPECT_EQ(select("$[?length(@) == length(@.x)]", "[1,\"a\"]"), "1");
}

TEST(Query, PatternsFromTheDocument) {
  EXPECT_EQ(select("$.list[?match(@, $.pattern)]", R"({"pattern":"a.c","list":["abc","abcd","a\nc"]})"), R"("abc")");
  EXPECT_EQ(select("$.list[?match(@, $.pattern)]", R"({"pattern":"(","list":["("]})"), "");
  EXPECT_EQ(select("$.list[?match(@, $.pattern)]", R"({"pattern":7,"list":["7"]})"), "");
}

TEST(Query, NormalizedPaths) {
  const auto document = Document::parse(R"({"a'b\\":[{"\u0001\n\u00e9":1}]})");
  const auto selected = Query::compile("$..*")->run_located(document->root());
  ASSERT_TRUE(selected);
  ASSERT_EQ(selected->size(), 3U);
  EXPECT_EQ((*selected)[2].path, "$['a\\'b\\\\'][0]['\\u0001\\n\xc3\xa9']");
}

TEST(Query, MistakesHaveTheirPlace) {
  const auto message = [](std::string_view text) { return Query::compile(text).error().message; };
  EXPECT_EQ(message(""), "offset 0: a query starts with $");
  EXPECT_EQ(message("a"), "offset 0: a query starts with $");
  EXPECT_EQ(message("$."), "offset 2: expected a name or *");
  EXPECT_EQ(message("$.a "), "offset 3: a segment starts with . or [");
  EXPECT_EQ(message("$[01]"), "offset 2: no such integer");
  EXPECT_EQ(message("$[9007199254740992]"), "offset 2: integer out of range");
  EXPECT_EQ(message("$['a"), "offset 4: the string does not end");
  EXPECT_EQ(message("$[\"\\ud800\"]"), "offset 4: a surrogate without its other half");
  EXPECT_EQ(message("$[?@.a==foo(@)]"), "offset 8: unknown function \"foo\"");
  EXPECT_EQ(message("$[?length(@.*) == 1]"), "offset 10: length() does not take that");
  EXPECT_EQ(message("$[?length(@)]"), "offset 3: the function's result must be compared");
  EXPECT_EQ(message("$[?@.* == 1]"), "offset 3: cannot be compared");
  EXPECT_EQ(message("$[?count(@.*, 1) == 1]"), "offset 14: count() does not take that");
  EXPECT_EQ(message("$[?match(@)]"), "offset 3: match() takes 2 arguments");
  EXPECT_EQ(message("$[?true]"), "offset 3: a literal must be compared");
  EXPECT_EQ(message("$.\xff"), "offset 2: not UTF-8");
}

TEST(Query, HoldsItsLimits) {
  const std::string deep = "$[?" + std::string(65, '(') + "@" + std::string(65, ')') + "]";
  EXPECT_EQ(Query::compile(deep).error().message, "offset 68: nested more than 64 deep");
  EXPECT_EQ(Query::compile(std::string(65537, '$')).error().code, ErrorCode::kTooLarge);
  const auto document = Document::parse("[[1,2],[3,4]]");
  const auto everything = Query::compile("$..*");
  EXPECT_EQ(everything->run(document->root(), {.max_nodes = 6, .max_steps = 100})->size(), 6U);
  EXPECT_EQ(everything->run(document->root(), {.max_nodes = 5, .max_steps = 100}).error().code, ErrorCode::kTooLarge);
  EXPECT_EQ(everything->run(document->root(), {.max_nodes = 6, .max_steps = 9}).error().code, ErrorCode::kTooLarge);
}

TEST(Query, RepeatedDescendantsEndAtTheLimit) {
  std::string text = "$";
  for (int i = 0; i < 30; ++i) text += "..*";
  std::string json(100, '[');
  json += std::string(100, ']');
  const auto document = Document::parse(json);
  EXPECT_EQ(Query::compile(text)->run(document->root()).error().code, ErrorCode::kTooLarge);
}

TEST(Query, TellsWhatIsSingular) {
  EXPECT_TRUE(Query::compile("$")->is_singular());
  EXPECT_TRUE(Query::compile("$.a['b'][-1]")->is_singular());
  EXPECT_FALSE(Query::compile("$.*")->is_singular());
  EXPECT_FALSE(Query::compile("$..a")->is_singular());
  EXPECT_FALSE(Query::compile("$[0,1]")->is_singular());
  EXPECT_EQ(Query::compile("$.a[-1]")->singular_segments(),
            (std::vector<SimpleSegment>{SimpleSegment("a"), SimpleSegment(std::int64_t{-1})}));
  EXPECT_EQ(Query::compile("$.a[*]")->singular_segments(), std::nullopt);
  EXPECT_EQ(Query::compile("$.a[*]")->simple_segments(),
            (std::vector<SimpleSegment>{SimpleSegment("a"), SimpleSegment(Wildcard())}));
}

TEST(Query, FirstOfNothingIsAbsent) {
  const auto document = Document::parse("[1]");
  EXPECT_FALSE(Query::compile("$.a")->first(document->root()));
  EXPECT_EQ(Query::compile("$[*]")->first(document->root()).raw(), "1");
  EXPECT_FALSE(Query::compile("$")->first(Node()));
}

}  // namespace
}  // namespace tokometer::json
