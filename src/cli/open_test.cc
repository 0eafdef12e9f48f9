// With a browser it is tested end to end (tests/e2e/test_daemon.py).
#include <gtest/gtest.h>

#include "app/instance.h"
#include "cli/test_environment.h"

namespace tokometer::cli {
namespace {

class Open : public testing::Test {
 protected:
  Open() { test_.variables["PATH"] = "/nowhere"; }
  void serve(std::vector<std::string> listening) {
    auto instance = app::Instance::claim(test_.home() / ".local/share/tokometer");
    ASSERT_TRUE(instance);
    instance_ = std::make_unique<app::Instance>(std::move(*instance));
    ASSERT_TRUE(instance_->publish({.listening = std::move(listening), .message = {}}));
  }

  TestEnvironment test_;
  std::unique_ptr<app::Instance> instance_;
};

TEST_F(Open, NamesTheRemedyWhereNoneRuns) {
  EXPECT_EQ(test_.run({"open"}), ExitCode::kFailed);
  EXPECT_EQ(test_.out(), "");
  EXPECT_NE(test_.err().find("`tokometer up`"), std::string::npos) << test_.err();
}

TEST_F(Open, PrintsTheAddressThatThisMachineReaches) {
  serve({"unix:/x", "0.0.0.0:4141"});
  EXPECT_EQ(test_.run({"open", "--print"}), ExitCode::kOk);
  EXPECT_EQ(test_.out(), "http://127.0.0.1:4141/-/\n");
  EXPECT_EQ(test_.err(), "");
  EXPECT_EQ(test_.run({"open"}), ExitCode::kOk);
  EXPECT_EQ(test_.out(), "http://127.0.0.1:4141/-/\n");
  EXPECT_NE(test_.err().find("proxy-token"), std::string::npos) << test_.err();
  EXPECT_NE(test_.err().find("BROWSER"), std::string::npos) << test_.err();
}

TEST_F(Open, ExplainsTheWayThereOverSsh) {
  serve({"[::1]:4141"});
  test_.variables["SSH_CONNECTION"] = "203.0.113.7 50000 198.51.100.2 2222";
  test_.variables["USER"] = "ada";
  EXPECT_EQ(test_.run({"open"}), ExitCode::kOk);
  EXPECT_EQ(test_.out(), "http://[::1]:4141/-/\n");
  EXPECT_NE(test_.err().find("ssh -N -p 2222 -L 4141:[::1]:4141 ada@198.51.100.2\n"), std::string::npos) << test_.err();
  EXPECT_EQ(test_.err().find("proxy-token"), std::string::npos) << "others cannot reach it";
}

TEST_F(Open, BrowsersOpenNoSockets) {
  serve({"unix:/x"});
  EXPECT_EQ(test_.run({"open"}), ExitCode::kFailed);
  EXPECT_EQ(test_.out(), "");
}

}  // namespace
}  // namespace tokometer::cli
