#include "proxy/usage_request.h"

#include <gtest/gtest.h>

namespace tokometer::proxy {
namespace {

TEST(UsageRequest, AsksWhereTheClientDidNot) {
  EXPECT_EQ(with_usage_asked(R"({"model":"m","stream":true})"),
            R"({"stream_options":{"include_usage":true},"model":"m","stream":true})");
  EXPECT_EQ(with_usage_asked(R"( { "stream" : true, "x": [1, {"y": 2}] } )"),
            R"( {"stream_options":{"include_usage":true}, "stream" : true, "x": [1, {"y": 2}] } )");
  EXPECT_EQ(with_usage_asked(R"({"stream_options":null,"stream":true})"),
            R"({"stream_options":{"include_usage":true},"stream":true})");
  EXPECT_EQ(with_usage_asked(R"({"stream":true,"stream_options": {}})"),
            R"({"stream":true,"stream_options": {"include_usage":true}})");
  EXPECT_EQ(with_usage_asked(R"({"stream":true,"stream_options":{"include_obfuscation":false}})"),
            R"({"stream":true,"stream_options":{"include_usage":true,"include_obfuscation":false}})");
}

TEST(UsageRequest, LeavesTheRestAlone) {
  for (const char* json :
       {R"({"model":"m"})", R"({"stream":false})", R"({"stream":"true"})", R"({"stream":null})",
        R"({"stream":true,"stream_options":{"include_usage":true}})",
        R"({"stream":true,"stream_options":{"include_usage":false}})", R"({"stream":true,"stream_options":[]})",
        R"({"stream":true,"stream_options":"x"})", R"({"stream":true,"stream_options":null,"stream_options":null})",
        R"({"nested":{"stream":true}})", R"([{"stream":true}])", R"({"stream":true)", R"({"stream":true} x)", "", "no",
        R"({"stream":true,})", R"({"stream":true}})", R"({"stream":true}{})"}) {
    EXPECT_EQ(with_usage_asked(json), std::nullopt) << json;
  }
}

TEST(UsageRequest, TakesNoHarmFromAnyCut) {
  const std::string_view json = R"({"stream_options":{"a":1},"messages":[{"content":"x"}],"stream":true})";
  for (std::size_t size = 0; size < json.size(); ++size) {
    EXPECT_EQ(with_usage_asked(json.substr(0, size)), std::nullopt) << size;
  }
  EXPECT_TRUE(with_usage_asked(json));
}

}  // namespace
}  // namespace tokometer::proxy
