// A program that runs on our terminal as if we were not there.
//
//   HeldSignals held;
//   auto end = run_child(held, {"claude", "-p", "hi"}, environment);
//   …  // what is to be said of it
//   return end->exit_code();
//
// It gets our standard streams, working folder, process group and the terminal with them, so that Ctrl-C, Ctrl-Z and
// a resized window reach it as ever. Signals that other processes send to us go on to it; that it stops or
// ends, we do after it. POSIX.
//
// Not here: what it is run for (cli/run_program.cc).
#pragma once

#include <signal.h>

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "base/error.h"

namespace tokometer::app {

struct ChildEnd {
  int code = 0;    // that it exited with
  int signal = 0;  // that ended it; 0: it exited

  // As shells say it.
  int exit_code() const { return signal != 0 ? 128 + signal : code; }
};

// Exit codes of env(1) and shells for what could not be started.
inline constexpr int kNotExecutable = 126;
inline constexpr int kNoSuchCommand = 127;

// Keeps signals that may come for a child from ending us, from before it starts until what is to be said of its end is
// said: what comes after its end (timeout(1) sends two, to us and to our group) is forgotten. But for those that faults
// raise. To be made before any other thread starts.
class HeldSignals {
 public:
  HeldSignals();
  ~HeldSignals();
  HeldSignals(const HeldSignals&) = delete;
  HeldSignals& operator=(const HeldSignals&) = delete;

  const sigset_t& all() const { return all_; }
  // The mask that we had, and the child is to have.
  const sigset_t& before() const { return before_; }
  // From here on, those that stop do so again: there is no child to stop with.
  void let_stop() const;

 private:
  sigset_t all_{}, before_{};
  struct sigaction child_before_{};
};

// Runs `words` (found by PATH) with `environment` ("NAME=value") to its end. `tick`, if there is one, is called about
// every `every` meanwhile. kNotFound where there is no such command, kIo where it cannot be started.
Result<ChildEnd> run_child(const HeldSignals& held, const std::vector<std::string>& words,
                           const std::vector<std::string>& environment, const std::function<void()>& tick = {},
                           std::chrono::milliseconds every = std::chrono::milliseconds(200));

}  // namespace tokometer::app
