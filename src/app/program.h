// Other programs of the machine: found on PATH, run with a time limit, their
// words kept.
//
//   if (const auto systemctl = find_program("systemctl", path)) {
//     auto done = run_program({*systemctl, "--user", "daemon-reload"}, {.limit = 5s});
//     if (done && done->exit_code == 0) …
//   }
//
// And ourselves, started to stay (start_daemon).
#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"

namespace tokometer::app {

// The file that a shell would run for `name`, by the value of PATH; `name` itself if it is a path. Nothing if there is
// none that may be executed.
std::optional<std::string> find_program(std::string_view name, std::string_view path);

struct ProgramOptions {
  std::chrono::milliseconds limit{10'000};
  std::size_t output_bytes = std::size_t{1} << 20;  // of stdout and of stderr each; more is thrown away
  bool keeps_terminal = false;                      // the program's words go where ours go, and it may ask the user
  std::vector<std::pair<std::string, std::string>> variables = {};  // set besides ours; an empty value unsets
};

struct ProgramResult {
  int exit_code = 0;  // 128 + N for one that signal N ended
  std::string out;
  std::string err;

  // The first line that it said on stderr, or else on stdout.
  std::string_view first_words() const;
};

// Runs words[0], a path, with stdin empty, and waits for its end. kNotFound where it cannot be run, kTimeout (it is
// killed then).
Result<ProgramResult> run_program(const std::vector<std::string>& words, const ProgramOptions& options);

// Starts words[0] in a session of its own, without a terminal, so that it stays when we end. What it writes to stdout
// and stderr goes to `said` until it gives both up or ends; then this returns. kTimeout past `limit`: it goes on.
Result<void> start_daemon(const std::vector<std::string>& words, std::chrono::milliseconds limit,
                          const std::function<void(std::string_view)>& said);

// The same for a program of others, whose words nobody wants: it is not waited for, nor is it known how it ends.
Result<void> start_apart(const std::vector<std::string>& words);

// The file of the running program.
Result<std::filesystem::path> own_program();

}  // namespace tokometer::app
