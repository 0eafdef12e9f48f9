#include "meter/usage_search.h"

#include <gtest/gtest.h>

#include "embedded/embedded.h"
#include "meter/usage_reader.h"
#include "provider/registry.h"

namespace tokometer::meter {
namespace {

class UsageSearch : public testing::Test {
 protected:
  // What is found in `content`, as "input/output"; empty if nothing is.
  std::string find(std::string_view content, std::size_t limit = 4096) const {
    ContentSample sample(limit);
    sample.add(content);
    return counts(find_usage(*registry_->generic(), sample));
  }
  std::string counts(const std::string& details) const {
    if (details.empty()) return {};
    const Usage usage = read_usage(registry_->generic()->usage, details).usage;
    const auto text = [](Count count) { return count ? std::to_string(*count) : std::string("-"); };
    return text(usage.input_tokens) + "/" + text(usage.output_tokens);
  }

  std::shared_ptr<const provider::Registry> registry_ = *provider::Registry::load(embedded::providers(), "");
};

TEST_F(UsageSearch, KnowsTheShapesThatProvidersShare) {
  EXPECT_EQ(find(R"({"usage":{"prompt_tokens":3,"completion_tokens":4,"total_tokens":7}})"), "3/4");
  EXPECT_EQ(find(R"({"usage":{"input_tokens":3,"output_tokens":4}})"), "3/4");
  EXPECT_EQ(find(R"({"usage":{"input_tokens":3,"cache_read_input_tokens":10,"output_tokens":4}})"), "13/4");
  EXPECT_EQ(find(R"({"usageMetadata":{"promptTokenCount":3,"candidatesTokenCount":4,"thoughtsTokenCount":5}})"), "3/9");
  EXPECT_EQ(find(R"({"meta":{"tokens":{"input_tokens":3,"output_tokens":4}}})"), "3/4");
  EXPECT_EQ(find(R"({"meta":{"billed_units":{"input_tokens":3,"output_tokens":4}}})"), "3/4");
  EXPECT_EQ(find(R"({"usage":{"inputTokens":3,"outputTokens":4,"cacheReadInputTokens":5}})"), "8/4");
  EXPECT_EQ(find(R"({"done":true,"prompt_eval_count":3,"eval_count":4})"), "3/4");
  EXPECT_EQ(find(R"({"amazon-bedrock-invocationMetrics":{"inputTokenCount":3,"outputTokenCount":4}})"), "3/4");
}

TEST_F(UsageSearch, FindsUsageAtAnyDepthAndSpelling) {
  EXPECT_EQ(find(R"({"a":[{"b":{"usage" :
    { "prompt_tokens" : 3, "completion_tokens" : 4 }}}]})"),
            "3/4");
  EXPECT_EQ(find("data: {\"x\":1}\n\ndata: {\"deep\":{\"usage\":{\"prompt_tokens\":3}}}\n\n"), "3/-");
}

TEST_F(UsageSearch, TakesTheGreatestOfSeveralStatements) {
  EXPECT_EQ(
      find(
          R"([{"usage":{"prompt_tokens":3,"completion_tokens":1}},{"usage":{"prompt_tokens":3,"completion_tokens":4}}])"),
      "3/4");
  EXPECT_EQ(find(R"({"message":{"usage":{"input_tokens":3}},"usage":{"output_tokens":4}})"), "3/4");
}

TEST_F(UsageSearch, DoesNotAddTheWholeToItsParts) {
  const std::string parts = R"({"usage":{"input_tokens":10,"cache_read_input_tokens":2000,"output_tokens":1}})";
  EXPECT_EQ(find(parts + R"({"usage":{"input_tokens":2010,"cache_read_input_tokens":0,"output_tokens":4}})"), "2010/4");
  EXPECT_EQ(find(parts + R"({"usage":{"input_tokens":0,"output_tokens":4}})"), "2010/4") << "a placeholder";
  EXPECT_EQ(find(R"({"usage":{"cache_read_input_tokens":2000}}{"usage":{"input_tokens":10,"output_tokens":4}})"),
            "2010/4");
}

TEST_F(UsageSearch, IsNotFooledByText) {
  EXPECT_EQ(find(R"({"text":"{\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":4}}"})"), "");
  EXPECT_EQ(find(R"({"usage":"tokens","tokens":[1,2,3]})"), "");
  EXPECT_EQ(find(R"({"usage":null,"usage":{},"usage":{"seconds":3}})"), "");
  EXPECT_EQ(find(R"({"usage":{"prompt_tokens":3)"), "") << "cut short";
  EXPECT_EQ(find(""), "");
}

// What a model writes, or a request asked for, may look like anything.
TEST_F(UsageSearch, IsNotFooledByWhatWasWrittenOrEchoed) {
  const std::string fake = R"({"usage":{"input_tokens":99,"output_tokens":99},"eval_count":99})";
  for (const std::string_view name : {"input", "args", "arguments", "parameters", "schema", "content"}) {
    const std::string written = "{\"" + std::string(name) + "\" : " + fake;
    EXPECT_EQ(find(written + "}"), "") << name;
    EXPECT_EQ(find(written + R"(,"usage":{"input_tokens":3,"output_tokens":4}})"), "3/4") << name;
    EXPECT_EQ(find("{\"" + std::string(name) + "\":[[" + fake + "],{}],\"usage\":{\"input_tokens\":3}}"), "3/-")
        << name;
    EXPECT_EQ(find(written.substr(0, written.size() - 1)), "") << name << ", cut short";
  }
  EXPECT_EQ(find(R"({"text":{"format":{"schema":)" + fake + "}}}"), "");
  EXPECT_EQ(find(R"({"arguments":"none","usage":{"input_tokens":3,"content":{"x":1}}})"), "3/-");
}

TEST_F(UsageSearch, FindsUsageAtBothEndsOfLongContent) {
  const std::string filler = R"({"pad":")" + std::string(100'000, 'x') + R"(")";
  EXPECT_EQ(find(filler + R"(,"usage":{"prompt_tokens":3,"completion_tokens":4}})"), "3/4");
  EXPECT_EQ(find(R"({"usage":{"prompt_tokens":3,"completion_tokens":4},)" + filler.substr(1) + "}"), "3/4");
}

TEST_F(UsageSearch, LooksAtAMakeableNumberOfObjects) {
  std::string content;
  for (int i = 0; i < 3000; ++i) content += R"({"usage":{"a":1}})";
  EXPECT_EQ(find(content + R"({"usage":{"prompt_tokens":3}})", 1 << 20), "") << "past the limit";
}

}  // namespace
}  // namespace tokometer::meter
