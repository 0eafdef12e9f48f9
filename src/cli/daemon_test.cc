// The commands of a proxy that stays, where none runs; with one they are tested end to end (tests/e2e/test_daemon.py).
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "app/instance.h"
#include "app/log_file.h"
#include "cli/test_environment.h"

namespace tokometer::cli {
namespace {

namespace fs = std::filesystem;

class Daemonless : public testing::Test {
 protected:
  Daemonless() { test_.variables["PATH"] = "/nowhere"; }
  fs::path data_dir() const { return test_.home() / ".local/share/tokometer"; }
  static std::string read(const fs::path& file) {
    std::ifstream stream(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
  }

  TestEnvironment test_;
};

TEST_F(Daemonless, StatusHasACodeOfItsOwn) {
  EXPECT_EQ(test_.run({"status"}), ExitCode::kNotRunning);
  EXPECT_NE(test_.out().find("not running"), std::string::npos);
  EXPECT_EQ(test_.run({"status", "--json"}), ExitCode::kNotRunning);
  EXPECT_TRUE(test_.out().starts_with("{\"running\":false,")) << test_.out();
}

TEST_F(Daemonless, DownHasNothingToDo) {
  EXPECT_EQ(test_.run({"down"}), ExitCode::kOk);
  EXPECT_EQ(test_.out(), "no proxy runs on " + data_dir().string() + "\n");
}

TEST_F(Daemonless, LogsShowsTheNewestLinesAcrossRotations) {
  EXPECT_EQ(test_.run({"logs"}), ExitCode::kFailed);
  EXPECT_NE(test_.err().find("tokometer up"), std::string::npos);
  const fs::path file = app::log_file(data_dir());
  fs::create_directories(file.parent_path());
  std::ofstream(app::rotated(file, 1)) << "1\n2\n3\n";
  std::ofstream(file) << "4\n5\n";
  EXPECT_EQ(test_.run({"logs", "-n", "1"}), ExitCode::kOk);
  EXPECT_EQ(test_.out(), "5\n");
  test_.run({"logs", "-n", "3"});
  EXPECT_EQ(test_.out(), "3\n4\n5\n");
  test_.run({"logs"});
  EXPECT_EQ(test_.out(), "1\n2\n3\n4\n5\n");
  test_.run({"logs", "-n", "0"});
  EXPECT_EQ(test_.out(), "");
}

TEST_F(Daemonless, WithoutAManagerThereIsNoService) {
  EXPECT_EQ(test_.run({"service", "enable"}), ExitCode::kFailed);
  EXPECT_NE(test_.err().find("`tokometer up`"), std::string::npos);
  EXPECT_EQ(test_.run({"service", "status"}), ExitCode::kNotRunning);
  EXPECT_EQ(test_.run({"service", "disable"}), ExitCode::kOk);
}

TEST_F(Daemonless, InstallTakesTheShellsThatTheUserHas) {
  EXPECT_EQ(test_.run({"install"}), ExitCode::kFailed) << "none that is known";
  test_.variables["SHELL"] = "/usr/bin/fish";
  EXPECT_EQ(test_.run({"install", "--dry-run"}), ExitCode::kOk);
  EXPECT_EQ(test_.out(), "would be added to " + (test_.home() / ".config/fish/config.fish").string() + "\n");
  test_.write(".zshrc", "x\n");
  test_.write(".bash_profile", "y\n");
  EXPECT_EQ(test_.run({"install"}), ExitCode::kOk);
  for (const char* const name : {".zshrc", ".bash_profile", ".config/fish/config.fish"}) {
    EXPECT_NE(read(test_.home() / name).find("shell-init"), std::string::npos) << name;
  }
  EXPECT_FALSE(fs::exists(test_.home() / ".bashrc"));
  // A ~/.bashrc that came later does not hide what stands in the other file.
  test_.write(".bashrc", "z\n");
  EXPECT_EQ(test_.run({"uninstall"}), ExitCode::kOk);
  EXPECT_EQ(read(test_.home() / ".zshrc"), "x\n");
  EXPECT_EQ(read(test_.home() / ".bash_profile"), "y\n");
  EXPECT_FALSE(fs::exists(test_.home() / ".config/fish/config.fish"));
  EXPECT_EQ(test_.run({"install", "csh"}), ExitCode::kWrongUse);
}

TEST_F(Daemonless, InstallKeepsTheOptionsThatFindTheProxy) {
  test_.write(".bashrc", "");
  test_.run({"install", "--data-dir", "/some where"});
  EXPECT_NE(read(test_.home() / ".bashrc").find("shell-init bash '--data-dir=/some where'"), std::string::npos)
      << read(test_.home() / ".bashrc");
}

TEST_F(Daemonless, ADoctorFindsThatNoneRuns) {
  EXPECT_EQ(test_.run({"doctor", "--json"}), ExitCode::kFailed);
  EXPECT_NE(test_.out().find(R"({"name":"proxy","status":"fail",)"), std::string::npos) << test_.out();
  EXPECT_NE(test_.out().find(R"("remedy":"tokometer up")"), std::string::npos);
}

TEST_F(Daemonless, AStateOfWhichTheProcessHasEndedIsNotServed) {
  fs::create_directories(data_dir());
  std::ofstream(app::serving_file(data_dir())) << "999999999 tokometer http://127.0.0.1:1\n";
  EXPECT_EQ(test_.run({"shell-init", "bash", "--update"}), ExitCode::kOk);
  EXPECT_EQ(test_.out(), "");
  EXPECT_EQ(app::find_serving(data_dir()), std::nullopt);
  for (const char* const text : {"", "x", "1", "-1 a b", "1 not-init http://127.0.0.1:1"}) {
    std::ofstream(app::serving_file(data_dir())) << text;
    EXPECT_EQ(app::find_serving(data_dir()), std::nullopt) << text;
  }
}

TEST(LocalUrl, IsWhatThisMachineConnectsTo) {
  EXPECT_EQ(app::local_url({"unix:/x", "0.0.0.0:80"}), "http://127.0.0.1:80");
  EXPECT_EQ(app::local_url({"[::]:80"}), "http://[::1]:80");
  EXPECT_EQ(app::local_url({"[::1]:80", "127.0.0.1:81"}), "http://[::1]:80");
  EXPECT_EQ(app::local_url({"unix:/x"}), std::nullopt);
}

}  // namespace
}  // namespace tokometer::cli
