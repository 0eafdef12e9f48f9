#include "net/loop.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

namespace tokometer::net {
namespace {

using std::chrono::milliseconds;

class CountingWatcher final : public Watcher {
 public:
  explicit CountingWatcher(Loop& loop) : loop_(loop) {}
  void on_ready(Ready ready) override {
    ++calls;
    last = ready;
    if (stop_at == calls) loop_.stop();
  }
  int calls = 0;
  int stop_at = 0;
  Ready last;

 private:
  Loop& loop_;
};

TEST(Loop, RunsTasksOfOtherThreads) {
  auto loop = Loop::open(system_clock());
  ASSERT_TRUE(loop);
  int done = 0;  // touched in the loop's thread only
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 1'000; ++n) {
        (*loop)->mailbox()->post([&] {
          if (++done == 4'000) (*loop)->stop();
        });
      }
    });
  }
  (*loop)->run();
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(done, 4'000);
}

TEST(Loop, AMailboxOutlivesItsLoop) {
  auto loop = Loop::open(system_clock());
  const auto mailbox = (*loop)->mailbox();
  EXPECT_TRUE(mailbox->post([] { FAIL() << "nobody runs this"; }));
  loop->reset();
  EXPECT_FALSE(mailbox->post([] {}));
}

TEST(Loop, FiresTimersNotBeforeTheirTime) {
  auto loop = Loop::open(system_clock());
  const SteadyTime start = system_clock().steady();
  Timer timer((*loop)->timers(), [&] { (*loop)->stop(); });
  timer.arm(start + milliseconds(30));
  (*loop)->run();
  const auto took = system_clock().steady() - start;
  EXPECT_GE(took, milliseconds(30));
  EXPECT_LT(took, milliseconds(2'000));
}

TEST(Loop, TellsReadinessOnceAnEdge) {
  auto loop = Loop::open(system_clock());
  int pair[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
  const Fd ours(pair[0]);
  Fd theirs(pair[1]);
  CountingWatcher watcher(**loop);
  ASSERT_TRUE((*loop)->watch(ours.number(), watcher));
  ASSERT_EQ(::send(theirs.number(), "x", 1, 0), 1);
  Timer timer((*loop)->timers(), [&] { (*loop)->stop(); });
  timer.arm(system_clock().steady() + milliseconds(20));
  (*loop)->run();
  EXPECT_EQ(watcher.calls, 1);  // though the byte still lies there
  EXPECT_TRUE(watcher.last.readable);
  EXPECT_TRUE(watcher.last.writable);
  EXPECT_FALSE(watcher.last.ended);
  theirs.close();
  watcher.stop_at = 2;
  (*loop)->run();
  EXPECT_TRUE(watcher.last.ended);
}

TEST(Loop, AgainComesOnceATurnAndCanBeTakenBack) {
  auto loop = Loop::open(system_clock());
  CountingWatcher watcher(**loop);
  CountingWatcher forgotten(**loop);
  watcher.stop_at = 1;
  (*loop)->again(watcher);
  (*loop)->again(watcher);
  (*loop)->again(forgotten);
  (*loop)->forget(forgotten);
  (*loop)->run();
  EXPECT_EQ(watcher.calls, 1);
  EXPECT_EQ(forgotten.calls, 0);
}

TEST(Loop, DestroysAtTheEndOfTheTurn) {
  struct Thing : Disposable {
    explicit Thing(bool& its_flag) : flag(its_flag) {}
    ~Thing() override { flag = true; }
    bool& flag;
  };
  auto loop = Loop::open(system_clock());
  bool destroyed = false;
  bool destroyed_in_task = true;
  (*loop)->mailbox()->post([&] {
    (*loop)->dispose(std::make_unique<Thing>(destroyed));
    destroyed_in_task = destroyed;
    (*loop)->stop();
  });
  (*loop)->run();
  EXPECT_FALSE(destroyed_in_task);
  EXPECT_TRUE(destroyed);
}

}  // namespace
}  // namespace tokometer::net
