#include "json/extractor.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "json/document.h"
#include "json/split_test.h"

namespace tokometer::json {
namespace {

QuerySet compile(const std::vector<WantedQuery>& queries) {
  auto set = QuerySet::compile(queries);
  EXPECT_TRUE(set) << set.error().message;
  return std::move(*set);
}

// What the sink is told, one line a call: `0 number 12`.
std::string answers(const QuerySet& set, const std::vector<std::string_view>& pieces) {
  std::string out;
  auto sink = [&](std::size_t query, const Value& value) {
    out += fmt::format("{} {} {}{}{} [{}]\n", query, to_string(value.kind), value.text,
                       value.truncated ? " truncated" : "", value.lossy ? " lossy" : "", value.raw_size);
  };
  Extractor extractor(set);
  bool ok = true;
  for (const std::string_view piece : pieces) {
    const std::vector<char> copy(piece.begin(), piece.end());
    ok = extractor.feed({copy.data(), copy.size()}, sink);
  }
  ok = extractor.finish(sink) && ok;
  if (!ok) out += to_string(extractor.error());
  return out;
}

void expect(const std::vector<WantedQuery>& queries, std::string_view text, std::string_view expected) {
  const QuerySet set = compile(queries);
  for_each_split(text, [&](const auto& pieces) { EXPECT_EQ(answers(set, pieces), expected); });
}

TEST(Extractor, ScalarsOnThePath) {
  expect({{"$.id"}, {"$.usage.total"}, {"$.choices[0].finish_reason"}, {"$.stream"}, {"$.none"}},
         R"({"id":"abc","choices":[{"index":0,"finish_reason":"stop"},{"finish_reason":"length"}],)"
         R"("usage":{"prompt":1,"total":30},"stream":true,"none":null})",
         "0 string abc [5]\n2 string stop [6]\n1 number 30 [2]\n3 boolean true [4]\n4 null null [4]\n");
}

TEST(Extractor, ContainersVerbatim) {
  expect({{"$.usage"}, {"$.usage.details"}, {"$.usage.total"}},
         "{\"a\":[1],\"usage\" : { \"total\" : 3, \"details\":[ 1, {\"x\":\"\\u00e9\"}] } }",
         "2 number 3 [1]\n1 array [ 1, {\"x\":\"\\u00e9\"}] [20]\n"
         "0 object { \"total\" : 3, \"details\":[ 1, {\"x\":\"\\u00e9\"}] } [47]\n");
}

TEST(Extractor, RootAndSharedPaths) {
  expect({{"$"}, {"$"}}, " [1] ", "0 array [1] [3]\n1 array [1] [3]\n");
  expect({{"$"}}, "12", "0 number 12 [2]\n");
  expect({{"$"}}, "\"\"", "0 string  [2]\n");
  expect({{"$"}}, "true", "0 boolean true [4]\n");
}

TEST(Extractor, NamesMatchDecodedAndWhole) {
  expect({{"$.usage"}, {"$.usage_x"}, {"$['\xc3\xa9\"']"}, {"$['']"}},
         R"({"us\u0061ge":1,"usage_":2,"usag":3,"\u00e9\"":4,"":5,"\u0075sage_x":6,"usage_x_long_enough_to_leave":7})",
         "0 number 1 [1]\n2 number 4 [1]\n3 number 5 [1]\n1 number 6 [1]\n");
}

TEST(Extractor, NamesWithinStringsAndSkippedPartsDoNotCount) {
  expect({{"$.usage"}}, R"({"text":"\"usage\":1,","other":{"usage":2,"x":"}"},"list":[{"usage":3}],"usage":4})",
         "0 number 4 [1]\n");
}

TEST(Extractor, OtherKindsOnThePathAreNoAnswer) {
  expect({{"$.a.b"}, {"$.a[0]"}}, R"([{"a":{"b":1}}])", "");
  expect({{"$.a.b"}, {"$.a[0]"}}, R"({"a":"b"})", "");
  expect({{"$.a.b"}, {"$.a[0]"}}, R"({"a":{"0":1,"b":2}})", "0 number 2 [1]\n");
  expect({{"$.a.b"}, {"$.a[0]"}}, R"({"a":[5,6]})", "1 number 5 [1]\n");
}

TEST(Extractor, WildcardsBesideNamesAndIndices) {
  expect({{"$[*].type"}, {"$[1].id"}, {"$.x"}, {"$[*]", Want::kPresence}},
         R"([{"type":"a","id":1},{"type":"b","id":2},{"id":3}])",
         "0 string a [3]\n3 object  [19]\n0 string b [3]\n1 number 2 [1]\n3 object  [19]\n3 object  [8]\n");
  expect({{"$[*].type"}, {"$[1].id"}, {"$.x"}}, R"({"x":{"type":1},"y":{"type":2}})",
         "0 number 1 [1]\n2 object {\"type\":1} [10]\n0 number 2 [1]\n");
}

TEST(Extractor, RepeatedNamesAreToldAgain) {
  expect({{"$.a"}}, R"({"a":1,"a":"2"})", "0 number 1 [1]\n0 string 2 [3]\n");
}

TEST(Extractor, StringsAreDecodedAndMended) {
  expect({{"$[0]"}}, R"(["a\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00z"])",
         "0 string a\"\\/\b\f\n\r\t\xc3\xa9\xf0\x9f\x98\x80z [38]\n");
  expect({{"$[0]"}}, R"(["\ud83dx\ude00\ud83d\u0041"])",
         "0 string \xef\xbf\xbdx\xef\xbf\xbd\xef\xbf\xbd\x41 lossy [27]\n");
  expect({{"$[0]"}, {"$"}}, "[\"\xff\xc3\"]",
         "0 string \xef\xbf\xbd\xef\xbf\xbd lossy [4]\n1 array [\"\xef\xbf\xbd\xef\xbf\xbd\"] lossy [6]\n");
}

TEST(Extractor, InvalidUtf8ThatNobodyAskedForIsPassedOver) {
  expect({{"$.a"}}, "{\"x\":\"\xff\",\"\xff\":[\"\xff\"],\"a\":1}", "0 number 1 [1]\n");
}

TEST(Extractor, TooLongValuesAreTruncated) {
  expect({{"$.a", Want::kValue, 6}, {"$.b", Want::kValue, 4}, {"$.a[1]"}, {"$", Want::kPresence}},
         R"({"a":[1,23],"b":"123","c":1})",
         "2 number 23 [2]\n0 array [1,23] [6]\n1 string  truncated [5]\n3 object  [28]\n");
  expect({{"$.a", Want::kValue, 5}, {"$.a[1]"}}, R"({"a":[1,23]})", "1 number 23 [2]\n0 array  truncated [6]\n");
  expect({{"$[0]", Want::kValue, 3}, {"$[0]", Want::kValue, 4}}, "[1234]",
         "0 number  truncated [4]\n1 number 1234 [4]\n");
}

TEST(Extractor, HandedOnTextIsRightJson) {
  // What is skipped is not looked at, what is captured is.
  expect({{"$.z"}}, R"({"a":{x},"z":1})", "0 number 1 [1]\n");
  expect({{"$.a"}, {"$.z"}}, R"({"a":{x},"z":1})", "byte 6: unexpected character");
  expect({{"$.a"}, {"$.z"}}, R"({"a":[{"b":[01]}],"z":1})", "byte 13: unexpected character");
}

TEST(Extractor, SaysWhatIsWrong) {
  expect({{"$.a"}}, R"({"a":1,)", "0 number 1 [1]\nbyte 7: cut short");
  expect({{"$.a"}}, R"({"a":1)", "byte 6: cut short");  // more digits could have followed
  expect({{"$.a"}}, R"({"a":1}})", "0 number 1 [1]\nbyte 7: something after the end");
  expect({{"$.a"}}, "", "byte 0: cut short");
  expect({{"$.a"}}, "{\"a\":tru}", "byte 8: unexpected character");
}

TEST(Extractor, BoundedByItsLimitsWhateverComes) {
  const QuerySet set = compile({{"$.a", Want::kValue, 100}});
  Extractor extractor(set);
  std::vector<std::string> told;
  auto sink = [&](std::size_t, const Value& value) { told.push_back(fmt::format("{}", value.raw_size)); };
  const std::string chunk(1000, 'x');
  ASSERT_TRUE(extractor.feed("{\"", sink));
  for (int i = 0; i < 1000; ++i) ASSERT_TRUE(extractor.feed(chunk, sink));
  ASSERT_TRUE(extractor.feed("\":1,\"a\":\"", sink));
  for (int i = 0; i < 1000; ++i) ASSERT_TRUE(extractor.feed(chunk, sink));
  ASSERT_TRUE(extractor.feed("\"}", sink));
  ASSERT_TRUE(extractor.finish(sink));
  EXPECT_EQ(told, std::vector<std::string>{"1000002"});
  EXPECT_LE(sizeof(Extractor), 1024U);
}

TEST(Extractor, DeepNestingThatIsSkippedCostsNothing) {
  const QuerySet set = compile({{"$.z"}});
  const std::string text = "{\"a\":" + std::string(100000, '[') + std::string(100000, ']') + ",\"z\":1}";
  std::size_t told = 0;
  auto sink = [&](std::size_t, const Value&) { ++told; };
  EXPECT_FALSE(extract(set, text, sink));
  EXPECT_EQ(told, 1U);
}

TEST(Extractor, StartsOverAfterReset) {
  const QuerySet set = compile({{"$.a"}, {"$.b"}});
  Extractor extractor(set);
  std::string out;
  auto sink = [&](std::size_t query, const Value& value) { out += fmt::format("{}={};", query, value.text); };
  EXPECT_TRUE(extractor.feed(R"({"a":{"b":"unfinished)", sink));
  extractor.reset();
  EXPECT_TRUE(extractor.feed(R"({"b":1})", sink));
  EXPECT_TRUE(extractor.complete());
  EXPECT_TRUE(extractor.finish(sink));
  extractor.reset();
  EXPECT_FALSE(extractor.feed("}", sink));
  extractor.reset();
  EXPECT_TRUE(extractor.feed(R"({"a":2})", sink));
  EXPECT_EQ(out, "1=1;0=2;");
}

TEST(Extractor, ValuesAsTypes) {
  const QuerySet set = compile({{"$[*]"}});
  std::vector<std::string> out;
  extract(set, R"([12.0,1e400,"12",true,false,null])", [&](std::size_t, const Value& value) {
    const auto whole = value.int64();
    const auto truth = value.boolean();
    out.push_back(whole ? fmt::format("{}", *whole) : truth ? fmt::format("{}", *truth) : "-");
  });
  EXPECT_EQ(out, (std::vector<std::string>{"12", "-", "-", "true", "false", "-"}));
}

TEST(QuerySet, RefusesWhatAStreamCannotAnswer) {
  const auto code = [](std::string text) {
    const std::vector<WantedQuery> queries = {{std::move(text)}};
    const auto set = QuerySet::compile(queries);
    return set ? std::string("ok") : fmt::format("{}: {}", static_cast<int>(set.error().code), set.error().message);
  };
  EXPECT_EQ(code("$..a"), "7: query $..a: only names, indices and wildcards can be read from a stream");
  EXPECT_EQ(code("$[-1]"), "7: query $[-1]: index -1 cannot be read from a stream");
  EXPECT_EQ(code("$[0,1]"), "7: query $[0,1]: only names, indices and wildcards can be read from a stream");
  EXPECT_EQ(code("$.a["), "0: query $.a[: offset 4: expected a selector");
  EXPECT_EQ(code("$.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a"),
            "1: query $.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a: more than 16 segments");
}

TEST(QuerySet, IsBounded) {
  const std::vector<WantedQuery> queries = {{"$.a.b"}, {"$.c"}, {"$[*].d"}};
  EXPECT_EQ(QuerySet::compile(queries, {.max_queries = 2, .max_nodes = 100}).error().code, ErrorCode::kTooLarge);
  EXPECT_EQ(QuerySet::compile(queries, {.max_queries = 9, .max_nodes = 4}).error().code, ErrorCode::kTooLarge);
  EXPECT_TRUE(QuerySet::compile(queries, {.max_queries = 3, .max_nodes = 8}));
  EXPECT_TRUE(QuerySet::compile({}));
}

}  // namespace
}  // namespace tokometer::json
