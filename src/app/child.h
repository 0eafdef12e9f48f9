// A program that runs on our terminal as if we were not there.
//
//   auto end = run_child({"claude", "-p", "hi"}, environment);
//   return end->exit_code();
//
// It gets our standard streams, working folder, process group and the terminal with them, so that Ctrl-C, Ctrl-Z and
// a resized window reach it as ever. Signals that other processes send to us go on to it; that it stops or
// ends, we do after it. POSIX.
//
// Not here: what it is run for (cli/run_program.cc).
#pragma once

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

// Runs `words` (found by PATH) with `environment` ("NAME=value") to its end; to be called before any other thread
// starts, whose signals it takes. `tick`, if there is one, is called about every `every` meanwhile. kNotFound where
// there is no such command, kIo where it cannot be started.
Result<ChildEnd> run_child(const std::vector<std::string>& words, const std::vector<std::string>& environment,
                           const std::function<void()>& tick = {},
                           std::chrono::milliseconds every = std::chrono::milliseconds(200));

}  // namespace tokometer::app
