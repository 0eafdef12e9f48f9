#include "app/child.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <utility>

namespace tokometer::app {
namespace {

ChildEnd end_of(const std::string& script, const std::vector<std::string>& environment = {}) {
  const auto end = run_child(HeldSignals(), {"sh", "-c", script}, environment);
  EXPECT_TRUE(end.has_value()) << end.error().message;
  return end.value_or(ChildEnd{.code = -1});
}

// Named so that they run before all others: no thread may be there yet that would take the signals.
TEST(ChildDeathTest, EndsWithItsExitCode) {
  EXPECT_EQ(end_of("exit 7").exit_code(), 7);
  EXPECT_EQ(end_of("exit 0").exit_code(), 0);
  EXPECT_EQ(end_of("exit 255").exit_code(), 255);
}

TEST(ChildDeathTest, EndsWithTheSignalThatKilledIt) {
  const ChildEnd end = end_of("kill -KILL $$");
  EXPECT_EQ(end.signal, SIGKILL);
  EXPECT_EQ(end.exit_code(), 137);
}

TEST(ChildDeathTest, HasTheEnvironmentThatItIsGivenAndNoOther) {
  EXPECT_EQ(end_of(R"(test "$A" = "b c" && test -z "$HOME")", {"A=b c"}).exit_code(), 0);
}

TEST(ChildDeathTest, WhatCannotBeStartedIsAnError) {
  EXPECT_EQ(run_child(HeldSignals(), {"/no/such/command"}, {}).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(run_child(HeldSignals(), {"/dev/null"}, {}).error().code, ErrorCode::kIo);
}

TEST(ChildDeathTest, MayBeAScriptThatNamesNoInterpreter) {
  std::string pattern = testing::TempDir() + "child_XXXXXX";
  const std::filesystem::path folder = mkdtemp(pattern.data());
  const std::filesystem::path script = folder / "plain";
  std::ofstream(script) << "test \"$1 $2\" = 'a b c' && exit 6\n";
  std::filesystem::permissions(script, std::filesystem::perms::owner_all);
  const auto end = run_child(HeldSignals(), {script.string(), "a", "b c"}, {});
  ASSERT_TRUE(end.has_value()) << end.error().message;
  EXPECT_EQ(end->exit_code(), 6);
  std::filesystem::remove_all(folder);
}

TEST(ChildDeathTest, GetsSignalsThatOthersSendUs) {
  // The child asks us to be sent one, and ends by what reaches it.
  for (const int number :
       {SIGHUP,  SIGINT, SIGQUIT, SIGABRT, SIGUSR1, SIGUSR2, SIGPIPE, SIGALRM,  SIGTERM,   SIGCONT,  SIGTSTP, SIGTTIN,
        SIGTTOU, SIGURG, SIGXCPU, SIGXFSZ, SIGPROF, SIGIO,   SIGPWR,  SIGWINCH, SIGVTALRM, SIGRTMIN, SIGRTMAX}) {
    const auto before = ::signal(number, SIG_DFL);  // a shell that ignores one from its start has no trap for it
    const std::string script = fmt::format("trap 'exit 9' {0}; kill -{0} $PPID; while :; do sleep 0.01; done", number);
    EXPECT_EQ(end_of(script).exit_code(), 9) << number;
    ::signal(number, before);
  }
}

TEST(ChildDeathTest, GetsTheAlarmsThatWereSetForUs) {
  bool is_set = false;
  const auto tick = [&] {
    const itimerval soon{.it_interval = {}, .it_value = {.tv_sec = 0, .tv_usec = 1}};
    if (!std::exchange(is_set, true)) setitimer(ITIMER_REAL, &soon, nullptr);
  };
  const auto end = run_child(HeldSignals(), {"sh", "-c", "sleep 60"}, {}, tick, std::chrono::milliseconds(1));
  ASSERT_TRUE(end.has_value());
  EXPECT_EQ(end->signal, SIGALRM);
}

TEST(ChildDeathTest, IsNotEndedByWhatOurWritingRaises) {
  std::array<int, 2> pipe_ends{};
  ASSERT_EQ(pipe(pipe_ends.data()), 0);
  close(pipe_ends[0]);
  std::string pattern = testing::TempDir() + "child_XXXXXX";
  const std::filesystem::path folder = mkdtemp(pattern.data());
  const std::filesystem::path file = folder / "go";
  int ticks = 0;
  const auto tick = [&] {
    EXPECT_EQ(write(pipe_ends[1], "x", 1), -1);
    if (++ticks == 3) std::ofstream(file) << "go";
  };
  const auto end =
      run_child(HeldSignals(), {"sh", "-c", "while ! test -e " + file.string() + "; do sleep 0.01; done; exit 5"},
                {"PATH=" + std::string(std::getenv("PATH"))}, tick, std::chrono::milliseconds(1));
  close(pipe_ends[1]);
  ASSERT_TRUE(end.has_value());
  EXPECT_EQ(end->exit_code(), 5);
  std::filesystem::remove_all(folder);
}

TEST(ChildDeathTest, HasTheSignalMaskThatWeHadAndWeHaveItAgain) {
  sigset_t before{};
  pthread_sigmask(SIG_BLOCK, nullptr, &before);
  EXPECT_EQ(end_of("kill -INT $$; sleep 10").signal, SIGINT);
  sigset_t after{};
  pthread_sigmask(SIG_BLOCK, nullptr, &after);
  EXPECT_EQ(sigismember(&after, SIGINT), sigismember(&before, SIGINT));
}

TEST(ChildDeathTest, IsWaitedForThoughItsEndWasToBeIgnored) {
  const auto before = ::signal(SIGCHLD, SIG_IGN);
  EXPECT_EQ(end_of("exit 5").exit_code(), 5);
  EXPECT_EQ(::signal(SIGCHLD, before), SIG_IGN) << "and is ignored again";
}

TEST(ChildDeathTest, LeavesUsAloneWithSignalsThatCameForIt) {
  const HeldSignals held;
  // As timeout(1) sends them: the second is still there when the child has gone.
  const auto end = run_child(held, {"sh", "-c", "trap 'exit 3' TERM; kill -TERM $PPID; while :; do sleep 0.01; done"},
                             {"PATH=" + std::string(std::getenv("PATH"))});
  ASSERT_TRUE(end.has_value());
  EXPECT_EQ(end->exit_code(), 3);
  for (const int number : {SIGTERM, SIGINT, SIGHUP, SIGUSR1}) kill(getpid(), number);
  sigset_t pending{};
  sigpending(&pending);
  EXPECT_EQ(sigismember(&pending, SIGTERM), 1);
}

TEST(ChildDeathTest, TicksWhileItRuns) {
  std::string pattern = testing::TempDir() + "child_XXXXXX";
  const std::filesystem::path folder = mkdtemp(pattern.data());
  const std::filesystem::path file = folder / "go";
  int ticks = 0;
  const auto tick = [&] {
    if (++ticks == 3) std::ofstream(file) << "go";
  };
  const auto end =
      run_child(HeldSignals(), {"sh", "-c", "while ! test -e " + file.string() + "; do sleep 0.01; done; exit 5"},
                {"PATH=" + std::string(std::getenv("PATH"))}, tick, std::chrono::milliseconds(1));
  ASSERT_TRUE(end.has_value());
  EXPECT_EQ(end->exit_code(), 5);
  EXPECT_GE(ticks, 3);
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace tokometer::app
