#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "cli/test_environment.h"

namespace tokometer::cli {
namespace {

using testing::HasSubstr;

class Prices : public testing::Test {
 protected:
  std::string write(const char* content) {
    std::ofstream(file_) << content;
    return file_.string();
  }
  void TearDown() override { std::filesystem::remove(file_); }

  const std::filesystem::path file_ = std::filesystem::path(testing::TempDir()) / "tokometer_prices_test.json";
  TestEnvironment test_;
};

TEST_F(Prices, ShowsAModelWithItsTiersAndSources) {
  EXPECT_EQ(test_.run({"prices", "show", "claude-sonnet-4-5-20250929", "--provider", "anthropic"}), ExitCode::kOk);
  EXPECT_THAT(test_.out(), HasSubstr("anthropic/claude-sonnet-4-5\n"));
  EXPECT_THAT(test_.out(), HasSubstr("standard >200k"));
  EXPECT_THAT(test_.out(), HasSubstr("cache_write_1h"));
  EXPECT_THAT(test_.out(), HasSubstr("web_search: 10 USD per 1,000 calls"));
}

TEST_F(Prices, ShowsAPriceOnceAndWhoFallsBackToIt) {
  EXPECT_EQ(test_.run({"prices", "show", "gpt-5"}), ExitCode::kOk);
  const std::string text = "\n" + test_.out();
  const auto first = text.find("\nopenai/gpt-5\n");
  ASSERT_NE(first, std::string::npos);
  EXPECT_EQ(text.find("\nopenai/gpt-5\n", first + 1), std::string::npos);
  EXPECT_THAT(text, HasSubstr("also for  azure.ai.openai\n"));
  EXPECT_EQ(test_.run({"prices", "show", "gpt-5", "--json"}), ExitCode::kOk);
  EXPECT_THAT(test_.out(), HasSubstr(R"("also_for":["azure.ai.openai"])"));
}

TEST_F(Prices, ShowsThatAPriceOfOnesOwnHoldsForReleases) {
  test_.write(".config/tokometer/prices/mine.json",
              R"({"provider": "openai", "models": [{"id": "gpt-4o", "prices": [{"input": 1, "output": 2}]}]})");
  EXPECT_EQ(test_.run({"prices", "show", "gpt-4o-2024-08-06", "--provider", "openai"}), ExitCode::kOk);
  EXPECT_THAT(test_.out(), HasSubstr("openai/gpt-4o\n"));
  EXPECT_THAT(test_.out(), HasSubstr("(your own)\nbefore    gpt-4o-2024-08-06, which your files do not name\n"));
}

TEST_F(Prices, ShowsFeesOfRequests) {
  EXPECT_EQ(test_.run({"prices", "show", "sonar", "--provider", "perplexity"}), ExitCode::kOk);
  EXPECT_THAT(test_.out(), HasSubstr("request where $.search_context_size is high: 12 USD per 1,000 requests\n"));
  EXPECT_THAT(test_.out(), HasSubstr("request: 5 USD per 1,000 requests\n"));
  EXPECT_EQ(test_.run({"prices", "show", "sonar", "--provider", "perplexity", "--json"}), ExitCode::kOk);
  EXPECT_THAT(test_.out(), HasSubstr(R"("is":"high","price":12})"));
  EXPECT_THAT(test_.out(), HasSubstr(R"({"price":5}])"));
}

TEST_F(Prices, ShowsNothingThatATerminalObeys) {
  test_.write(".config/tokometer/prices/mine.json", R"({"provider": "p", "sources": {"s": "a\u001b[2J"}, "models": [
      {"id": "evil\u001b]0;x\u0007", "aliases": ["a\u001bc"], "prefixes": ["b\u001bc"], "prices": [
        {"sources": ["s"], "disputed": "d\u001b[2J", "input": 1}]}]})");
  EXPECT_EQ(test_.run({"prices", "show",
                       "a\x1b"
                       "c",
                       "--provider", "p"}),
            ExitCode::kOk)
      << test_.err();
  EXPECT_THAT(test_.out(), testing::Not(HasSubstr("\x1b")));
  EXPECT_EQ(test_.run({"prices", "list", "--provider", "p"}), ExitCode::kOk);
  EXPECT_THAT(test_.out(), HasSubstr("evil?]0;x?"));
  EXPECT_THAT(test_.out(), testing::Not(HasSubstr("\x1b")));
}

TEST_F(Prices, ShowsAModelAsJson) {
  EXPECT_EQ(test_.run({"prices", "show", "o3", "--provider", "openai", "--at", "2025-06-09", "--json"}), ExitCode::kOk);
  EXPECT_THAT(test_.out(), HasSubstr(R"("model":"o3")"));
  EXPECT_THAT(test_.out(), HasSubstr(R"("input":10,"cache_read":0.5,"output":40)"));
}

TEST_F(Prices, SaysThatAPriceIsUnknown) {
  EXPECT_EQ(test_.run({"prices", "show", "gpt-nobody-knows"}), ExitCode::kFailed);
  EXPECT_THAT(test_.err(), HasSubstr("no price for \"gpt-nobody-knows\": its cost is unknown"));
  EXPECT_EQ(test_.run({"prices", "show", "o3", "--at", "yesterday"}), ExitCode::kFailed);
  EXPECT_EQ(test_.run({"prices", "list", "--provider", "nobody"}), ExitCode::kFailed);
}

TEST_F(Prices, ListsOneProvider) {
  EXPECT_EQ(test_.run({"prices", "list", "--provider", "deepseek"}), ExitCode::kOk);
  EXPECT_THAT(test_.out(), HasSubstr("deepseek-chat"));
  EXPECT_THAT(test_.out(), testing::Not(HasSubstr("claude")));
}

TEST_F(Prices, ChecksAFile) {
  EXPECT_EQ(test_.run({"prices", "check", write(R"({"provider": "p", "models": []})")}), ExitCode::kOk);
  EXPECT_THAT(test_.out(), HasSubstr("ok: 1 files"));
  EXPECT_EQ(
      test_.run({"prices", "check",
                 write(R"({"provider": "p", "models": [{"id": "m", "prices": [{"input": 1, "cache_read": 2}]}]})")}),
      ExitCode::kOk);
  EXPECT_THAT(test_.out(), HasSubstr("p/m: warning: reading from the cache costs more than input"));
  EXPECT_EQ(test_.run({"prices", "check", write("{\n\"provider\": 1}")}), ExitCode::kFailed);
  EXPECT_THAT(test_.out(), HasSubstr(":2: error: \"provider\" must be text that is not empty"));
  EXPECT_EQ(test_.run({"prices", "check", "none.json"}), ExitCode::kFailed);
}

}  // namespace
}  // namespace tokometer::cli
