// The event loop: waits for sockets, timers and other threads, and calls back.
//
// The only file that knows epoll is loop.cc; a loop on kqueue would stand beside
// it with this header unchanged. One loop belongs to the thread that runs it:
// everything but Mailbox::post and Loop::stop is called there.
//
//   auto loop = Loop::open(system_clock());
//   (*loop)->watch(fd, watcher);  // watcher.on_ready(...) until fd is closed
//   (*loop)->run();               // until stop()
//
// Readiness is edge-triggered: on_ready says what has become possible, and not
// again until it was found impossible (a read or write that would block, or a
// short read). Registered once for both directions, so that a request costs no
// system call but its own reads and writes.
//
// One turn: wait, run posted tasks, deliver readiness, then `again`s and due
// timers, and last of all destroy what was disposed.
//
// Not here: sockets (socket.h), connections (connection.h).
#pragma once

#include <array>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "base/error.h"
#include "base/time.h"
#include "net/fd.h"
#include "net/timer.h"

namespace tokometer::net {

struct Ready {
  bool readable = false;  // data, or the peer's FIN
  bool writable = false;
  bool ended = false;   // the peer's FIN or an error: read until it shows
  bool broken = false;  // an error: nothing more goes either way
};

// What may be destroyed only after the callbacks that are still on the stack.
class Disposable {
 public:
  virtual ~Disposable() = default;
};

class Watcher : public Disposable {
 public:
  virtual void on_ready(Ready ready) = 0;

 private:
  friend class Loop;
  bool waits_again_ = false;  // Loop::again was called, and its turn has not come
};

// A way into a loop from other threads that may outlive the loop.
class Mailbox {
 public:
  using Task = std::move_only_function<void()>;

  // Runs `task` in the loop's thread, in its next turn. From any thread. A task
  // for a loop that is gone is dropped, and false returned.
  bool post(Task task);

 private:
  friend class Loop;

  std::mutex mutex_;
  std::vector<Task> tasks_;
  int wake_fd_ = -1;  // -1 once the loop is gone
};

class Loop {
 public:
  static Result<std::unique_ptr<Loop>> open(const Clock& clock);
  ~Loop();

  // Calls `watcher` about `fd` until `fd` is closed. Closing is all it takes to
  // end that, but the watcher must be disposed, not deleted: the running turn
  // may hold it.
  Result<void> watch(int fd, Watcher& watcher);
  // Calls on_ready({.readable = true}) in the next turn, which won't wait. For
  // what stopped before it found its socket empty. Asking twice is asking once.
  void again(Watcher& watcher);
  // Takes back a pending `again`.
  void forget(Watcher& watcher);
  // Destroys `thing` at the end of the turn.
  void dispose(std::unique_ptr<Disposable> thing);
  // Does so now: for the end, when no turn comes any more.
  void destroy_disposed();

  // Runs turns until stop().
  void run();
  // Ends run() after the current turn. From any thread.
  void stop();

  // The time at which this turn began.
  SteadyTime steady() const { return steady_; }
  UtcTime now() const;

  Timers& timers() { return timers_; }
  const std::shared_ptr<Mailbox>& mailbox() { return mailbox_; }

 private:
  Loop(const Clock& clock, Fd poll, Fd wake);

  void wait();
  void run_again();
  void run_posted();
  int timeout_ms() const;

  const Clock& clock_;
  Fd poll_;
  Fd wake_;
  SteadyTime steady_;
  mutable UtcTime now_{};
  mutable bool now_known_ = false;
  bool stopping_ = false;
  Timers timers_;
  std::vector<Watcher*> again_;
  std::vector<Watcher*> running_again_;
  std::vector<std::unique_ptr<Disposable>> disposed_;
  std::shared_ptr<Mailbox> mailbox_;
};

}  // namespace tokometer::net
