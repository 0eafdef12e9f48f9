#include <gtest/gtest.h>
#include <sys/stat.h>

#include "cli/test_environment.h"

namespace tokometer::cli {
namespace {

class ConfigCommandTest : public testing::Test {
 protected:
  TestEnvironment test_;
  const std::string file_ = (test_.home() / ".config/tokometer/config.yaml").string();
};

TEST_F(ConfigCommandTest, WritesAFileThatIsRightAndNobodyElseCanRead) {
  EXPECT_EQ(test_.run({"config", "init"}), ExitCode::kOk) << test_.err();
  EXPECT_EQ(test_.out(), file_ + ": written; every setting is there, commented out\n");
  struct stat status{};
  ASSERT_EQ(stat(file_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
  EXPECT_EQ(test_.run({"config", "check"}), ExitCode::kOk);
  EXPECT_EQ(test_.out(), file_ + ": ok\n");
}

TEST_F(ConfigCommandTest, LeavesAFileThatIsThere) {
  test_.write(".config/tokometer/config.yaml", "workers: 3\n");
  EXPECT_EQ(test_.run({"config", "init"}), ExitCode::kFailed);
  EXPECT_TRUE(test_.err().starts_with("tokometer: " + file_ + " is there already, and stays as it is: rename it"))
      << test_.err();
  EXPECT_EQ(std::filesystem::file_size(file_), 11U);
}

TEST_F(ConfigCommandTest, NamesEveryFaultOfAFile) {
  const std::string file = test_.write("x.yaml", "worker: 3\nlisten: nowhere\n").string();
  EXPECT_EQ(test_.run({"config", "check", file}), ExitCode::kFailed);
  EXPECT_EQ(test_.out(), file + ":1: unknown key \"worker\" (did you mean \"workers\"?)\n" + file +
                             ":2: listen: \"nowhere\" is no address: say HOST:PORT, [IPV6]:PORT or unix:PATH "
                             "(the default is 127.0.0.1:4141)\n");
  EXPECT_EQ(test_.run({"config", "check", "--config", file}), ExitCode::kFailed);
  EXPECT_EQ(test_.run({"config", "show", "--config", file}), ExitCode::kFailed);
  EXPECT_NE(test_.err().find(":1: unknown key"), std::string::npos);
}

TEST_F(ConfigCommandTest, SaysWhatTheProxyWouldSayAtItsStart) {
  const std::string file = test_.write("x.yaml", "origins:\n  nope: http://x\n").string();
  EXPECT_EQ(test_.run({"config", "check", file}), ExitCode::kFailed);
  EXPECT_TRUE(test_.out().starts_with(file + ":2: origins: no provider \"nope\"; there are ")) << test_.out();
  const std::string right = test_.write("y.yaml", "workers: 3\n").string();
  EXPECT_EQ(test_.run({"config", "check", right}), ExitCode::kOk);
  test_.variables["TOKOMETER_WORKERS"] = "x";
  EXPECT_EQ(test_.run({"config", "check", right}), ExitCode::kFailed);
  EXPECT_TRUE(test_.out().starts_with("TOKOMETER_WORKERS: workers: ")) << test_.out();
}

TEST_F(ConfigCommandTest, ShowsWhereEachValueCameFrom) {
  test_.write(".config/tokometer/config.yaml", "workers: 3\n");
  test_.variables["TOKOMETER_METRICS"] = "no";
  EXPECT_EQ(test_.run({"config", "show", "--data-dir", "/d"}), ExitCode::kOk) << test_.err();
  const auto line = [&](const std::string& key) {
    const std::size_t at = test_.out().find("\n" + key + " ");
    return test_.out().substr(at + 1, test_.out().find('\n', at + 1) - at - 1);
  };
  EXPECT_TRUE(line("workers").ends_with(file_ + ":1")) << line("workers");
  EXPECT_TRUE(line("metrics").ends_with("TOKOMETER_METRICS")) << line("metrics");
  EXPECT_TRUE(line("data_dir").ends_with("--data-dir")) << line("data_dir");
  EXPECT_TRUE(line("listen").ends_with("default")) << line("listen");

  EXPECT_EQ(test_.run({"config", "show", "--json"}), ExitCode::kOk);
  EXPECT_NE(test_.out().find("\"workers\":{\"value\":\"3\",\"source\":\"file\",\"place\":\"" + file_ + ":1\"}"),
            std::string::npos)
      << test_.out();
  EXPECT_NE(test_.out().find("\"listen\":{\"value\":[\"127.0.0.1:4141\"],\"source\":\"default\"}"), std::string::npos);
}

TEST_F(ConfigCommandTest, SaysThatNoProxyRuns) {
  EXPECT_EQ(test_.run({"reload"}), ExitCode::kFailed);
  EXPECT_EQ(test_.err(), "tokometer: no proxy runs on " + (test_.home() / ".local/share/tokometer").string() + "\n");
}

TEST_F(ConfigCommandTest, ReloadsNothingWhileTheFileIsWrong) {
  test_.write(".config/tokometer/config.yaml", "worker: 3\n");
  EXPECT_EQ(test_.run({"reload"}), ExitCode::kFailed);
  EXPECT_EQ(test_.err(), "tokometer: " + file_ + ":1: unknown key \"worker\" (did you mean \"workers\"?)\n");
}

}  // namespace
}  // namespace tokometer::cli
