#include "json/writer.h"

#include <gtest/gtest.h>

#include <limits>

#include "json/document.h"

namespace tokometer::json {
namespace {

TEST(Writer, WritesEveryKind) {
  std::string out = "kept ";
  Writer writer(out);
  writer.begin_object();
  writer.member("text", "a\"b").member("count", 12).member("done", true).member("half", 0.5);
  writer.member("view", std::string_view("v")).member("own", std::string("o")).member("big", std::uint32_t{4000000000});
  writer.raw_member("raw", "{\"x\":1.50}").name("none").null();
  writer.name("list").begin_array().number(std::numeric_limits<std::int64_t>::min()).string("s").begin_array();
  writer.end_array().begin_object().end_object().boolean(false).end_array();
  writer.end_object();
  EXPECT_EQ(out, R"(kept {"text":"a\"b","count":12,"done":true,"half":0.5,"view":"v","own":"o","big":4000000000,)"
                 R"("raw":{"x":1.50},"none":null,"list":[-9223372036854775808,"s",[],{},false]})");
}

TEST(Writer, LeavesOutWhatIsAbsent) {
  std::string out;
  Writer writer(out);
  writer.begin_object();
  writer.member("a", std::optional<std::int64_t>()).member("b", std::optional<std::int64_t>(0));
  writer.member_unless_empty("c", "").member_unless_empty("d", "x").end_object();
  EXPECT_EQ(out, R"({"b":0,"d":"x"})");
}

TEST(Writer, NumbersThatJsonLacksAreNull) {
  std::string out;
  Writer writer(out);
  writer.begin_array().number(std::numeric_limits<double>::infinity()).number(0.1).number(1e300).end_array();
  EXPECT_EQ(out, "[null,0.1,1e+300]");
  EXPECT_TRUE(Document::parse(out));
}

}  // namespace
}  // namespace tokometer::json
