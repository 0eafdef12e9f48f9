#include "app/program.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <string>

namespace tokometer::app {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

std::vector<std::string> shell(const std::string& script) { return {"/bin/sh", "-c", script}; }

TEST(Program, IsFoundAsAShellFindsIt) {
  std::string name = testing::TempDir() + "program_XXXXXX";
  const fs::path folder = mkdtemp(name.data());
  std::ofstream(folder / "plain") << "not to be executed";
  std::ofstream(folder / "tool") << "#!/bin/sh\n";
  fs::permissions(folder / "tool", fs::perms::owner_all);
  const std::string path = "/nowhere::" + folder.string();
  EXPECT_EQ(find_program("tool", path), (folder / "tool").string());
  EXPECT_EQ(find_program("plain", path), std::nullopt);
  EXPECT_EQ(find_program("tool", ""), std::nullopt);
  EXPECT_EQ(find_program((folder / "tool").string(), ""), (folder / "tool").string());
  fs::remove_all(folder);
}

TEST(Program, SaysWhatItSaidAndHowItEnded) {
  auto done = run_program(shell("echo out; echo err >&2; exit 3"), {});
  ASSERT_TRUE(done);
  EXPECT_EQ(done->exit_code, 3);
  EXPECT_EQ(done->out, "out\n");
  EXPECT_EQ(done->first_words(), "err");
  done = run_program(shell("kill -9 $$"), {});
  ASSERT_TRUE(done);
  EXPECT_EQ(done->exit_code, 137);
}

TEST(Program, VariablesAreSetAndUnset) {
  ::setenv("PROGRAM_TEST", "ours", 1);
  auto done = run_program(shell("echo $PROGRAM_TEST-$OTHER"), {.variables = {{"OTHER", "1"}}});
  EXPECT_EQ(done->out, "ours-1\n");
  done = run_program(shell("echo ${PROGRAM_TEST-unset}"), {.variables = {{"PROGRAM_TEST", ""}}});
  EXPECT_EQ(done->out, "unset\n");
  ::unsetenv("PROGRAM_TEST");
}

TEST(Program, OneThatHangsIsEndedWithWhatItStarted) {
  const auto done = run_program(shell("sleep 600 & sleep 600"), {.limit = 50ms});
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, ErrorCode::kTimeout);
  const auto silent = run_program(shell("exec >&- 2>&-; exec sleep 600"), {.limit = 50ms});
  ASSERT_FALSE(silent);
  EXPECT_EQ(silent.error().code, ErrorCode::kTimeout);
}

TEST(Program, OutputHasALimit) {
  const auto done = run_program(shell("yes | head -c 100000"), {.output_bytes = 1000});
  ASSERT_TRUE(done);
  EXPECT_EQ(done->exit_code, 0);
  EXPECT_EQ(done->out.size(), 1000U);
}

TEST(Program, OneThatIsNotThereIsSaid) {
  const auto done = run_program({"/nowhere/program"}, {});
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, ErrorCode::kNotFound);
}

TEST(Daemon, IsWaitedForUntilItGivesItsOutputUp) {
  std::string said;
  const auto started = start_daemon(shell("echo hello; exec >/dev/null 2>&1; exec sleep 0.2"), 60s,
                                    [&](std::string_view text) { said += text; });
  ASSERT_TRUE(started) << started.error().message;
  EXPECT_EQ(said, "hello\n");
}

TEST(Daemon, HasASessionOfItsOwnWithoutATerminal) {
  std::string said;
  // proc(5): the sixth and seventh fields of stat are the session and the terminal.
  ASSERT_TRUE(start_daemon(shell("cut -d' ' -f6,7 /proc/self/stat; ls /proc/self/fd | wc -l"), 60s,
                           [&](std::string_view text) { said += text; }));
  EXPECT_FALSE(said.starts_with(std::to_string(getsid(0)) + " ")) << said;
  // 0, 1, 2 and the folder that ls reads.
  EXPECT_TRUE(said.ends_with(" 0\n4\n")) << said;
}

TEST(Daemon, OneThatCannotBeStartedSaysWhy) {
  std::string said;
  ASSERT_TRUE(start_daemon({"/nowhere/program"}, 60s, [&](std::string_view text) { said += text; }));
  EXPECT_EQ(said, "/nowhere/program: No such file or directory\n");
}

TEST(Daemon, OneThatNeverGetsReadyIsLeft) {
  const auto started = start_daemon(shell("sleep 0.3"), 20ms, [](std::string_view) {});
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().code, ErrorCode::kTimeout);
}

}  // namespace
}  // namespace tokometer::app
