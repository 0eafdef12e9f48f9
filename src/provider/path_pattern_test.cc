#include "provider/path_pattern.h"

#include <gmock/gmock.h>

namespace tokometer::provider {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

PathPattern pattern(std::string_view text) {
  auto parsed = PathPattern::parse(text);
  EXPECT_TRUE(parsed) << text;
  return *parsed;
}

TEST(PathPattern, MatchesLiteralsExactly) {
  const auto messages = pattern("/v1/messages");
  EXPECT_TRUE(messages.matches("/v1/messages"));
  EXPECT_FALSE(messages.matches("/v1/messages/"));
  EXPECT_FALSE(messages.matches("/v1/messages/count_tokens"));
  EXPECT_FALSE(messages.matches("/v1/Messages"));
  EXPECT_FALSE(messages.matches("/v1"));
  EXPECT_FALSE(messages.matches(""));
  EXPECT_TRUE(pattern("/").matches("/"));
}

TEST(PathPattern, CapturesASegmentOrAPartOfOne) {
  EXPECT_THAT(pattern("/v1/responses/{response_id}").captures("/v1/responses/resp_1"),
              ElementsAre(Pair("response_id", "resp_1")));
  const auto generate = pattern("/v1beta/models/{model}:generateContent");
  EXPECT_THAT(generate.captures("/v1beta/models/gemini-2.5-flash:generateContent"),
              ElementsAre(Pair("model", "gemini-2.5-flash")));
  EXPECT_FALSE(generate.matches("/v1beta/models/:generateContent"));
  EXPECT_FALSE(generate.matches("/v1beta/models/gemini:countTokens"));
  EXPECT_FALSE(generate.matches("/v1beta/models/gemini:generateContent/more"));
  EXPECT_TRUE(generate.captures_name("model"));
  EXPECT_FALSE(generate.captures_name("id"));
}

TEST(PathPattern, CapturesSeveralSegments) {
  const auto predict = pattern("/models/{model...}/predict");
  EXPECT_THAT(predict.captures("/models/meta/llama-3/predict"), ElementsAre(Pair("model", "meta/llama-3")));
  EXPECT_THAT(predict.captures("/models/llama/predict"), ElementsAre(Pair("model", "llama")));
  EXPECT_FALSE(predict.matches("/models/predict"));
  const auto verb = pattern("/v1/projects/{project}/models/{model...}:rawPredict");
  EXPECT_THAT(verb.captures("/v1/projects/p/models/a/b:rawPredict"),
              ElementsAre(Pair("project", "p"), Pair("model", "a/b")));
}

TEST(PathPattern, TakesAnyRest) {
  const auto rest = pattern("/v1/files/{...}");
  EXPECT_TRUE(rest.matches("/v1/files"));
  EXPECT_TRUE(rest.matches("/v1/files/"));
  EXPECT_TRUE(rest.matches("/v1/files/a/b"));
  EXPECT_FALSE(rest.matches("/v1/filesystem"));
  EXPECT_TRUE(pattern("/{...}").matches("/anything"));
  EXPECT_TRUE(pattern("/{...}").matches(""));
}

TEST(PathPattern, DecodesCaptures) {
  EXPECT_THAT(pattern("/model/{model}/invoke").captures("/model/anthropic.claude-v2%3A1/invoke"),
              ElementsAre(Pair("model", "anthropic.claude-v2:1")));
  EXPECT_THAT(pattern("/model/{model}").captures("/model/a%2Fb%zz%4"), ElementsAre(Pair("model", "a/b%zz%4")));
  EXPECT_THAT(pattern("/model/{model}").captures("/other/a"), IsEmpty());
}

TEST(PathPattern, KnowsWhichIsMoreExact) {
  EXPECT_GT(pattern("/v1/messages/count_tokens").literal_length(), pattern("/v1/messages/{id}").literal_length());
  EXPECT_GT(pattern("/v1/messages/{id}").literal_length(), pattern("/v1/{...}").literal_length());
}

TEST(PathPattern, RefusesWhatIsNoPattern) {
  for (const char* text : {"", "v1", "/a?b", "/{", "/}", "/{}", "/{A}", "/{a}{b}", "/x{...}", "/{...}/a",
                           "/{a...}/{b...}", "/{a...}/{...}", "/}{"}) {
    const auto parsed = PathPattern::parse(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().code, ErrorCode::kInvalid);
  }
}

TEST(PathOf, LeavesOutTheQuery) {
  EXPECT_EQ(path_of("/v1/x?key=1"), "/v1/x");
  EXPECT_EQ(path_of("/v1/x#f"), "/v1/x");
  EXPECT_EQ(path_of("/v1/x"), "/v1/x");
}

}  // namespace
}  // namespace tokometer::provider
