#include "app/start_check.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace tokometer::app {
namespace {

namespace fs = std::filesystem;

class StartCheckTest : public ::testing::Test {
 protected:
  void SetUp() override { fs::create_directories(home_); }
  void TearDown() override { fs::remove_all(home_); }

  // All faults of a file with this text, one a line.
  std::string faults(const std::string& text) {
    std::ofstream(file_) << text;
    const auto settings = load_settings(
        {.file = file_,
         .variable =
             [this](std::string_view name) { return name == "HOME" ? std::optional(home_.string()) : std::nullopt; },
         .options = {}});
    EXPECT_TRUE(settings);
    std::string found;
    if (!settings) return found;
    for (const Fault& fault : start_faults(*settings)) found += fault.text() + "\n";
    return found;
  }

  const fs::path home_ = fs::path(::testing::TempDir()) / "start_check";
  const fs::path file_ = home_ / "config.yaml";
};

TEST_F(StartCheckTest, NamesTheLineOfAProviderThatThereIsNot) {
  EXPECT_EQ(faults("log_level: warn\norigins:\n  nope: http://x\n")
                .find(file_.string() + ":3: origins: no provider \"nope\"; there are "),
            0U);
  EXPECT_EQ(faults("base_url: http://x\ntype: nope\n").find(file_.string() + ":2: type: no provider \"nope\""), 0U);
  EXPECT_EQ(faults("origins:\n  openai: http://x\n"), "");
}

TEST_F(StartCheckTest, ReadsTheFileOfCertificates) {
  EXPECT_EQ(faults("origin_ca: /nonexist\n"), file_.string() + ":1: origin_ca: /nonexist: no such file\n");
}

TEST_F(StartCheckTest, ReadsTheRules) {
  fs::create_directories(home_ / "rules/providers");
  std::ofstream(home_ / "rules/providers/bad.json") << "{";
  EXPECT_NE(faults("config_dir: " + (home_ / "rules").string() + "\n").find("bad.json"), std::string::npos);
}

}  // namespace
}  // namespace tokometer::app
