#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "cli/test_environment.h"

namespace tokometer::cli {
namespace {

using ::testing::HasSubstr;

TEST(Ca, PutsNoneOfBothIntoStoresWhileOneTakesTheOthersPlace) {
  TestEnvironment test;
  const std::string data = (test.home() / "data").string();
  ASSERT_EQ(test.run({"ca", "install", "--dry-run", "--only", "browsers", "--data-dir", data}), ExitCode::kOk);
  std::ofstream(std::filesystem::path(data) / "ca/next.pem") << "another";
  EXPECT_EQ(test.run({"ca", "install", "--dry-run", "--only", "browsers", "--data-dir", data}), ExitCode::kFailed);
  EXPECT_THAT(test.err(), HasSubstr("a rotation goes on or was cut short: `tokometer restart`"));
  ASSERT_EQ(test.run({"ca", "rotate", "--data-dir", data}), ExitCode::kOk) << test.err();
  EXPECT_EQ(test.run({"ca", "install", "--dry-run", "--only", "browsers", "--data-dir", data}), ExitCode::kOk);
}

}  // namespace
}  // namespace tokometer::cli
