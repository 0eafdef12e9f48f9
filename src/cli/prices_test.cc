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
