// The running proxy of a data folder, as other processes find it: a pid file
// that it holds a lock on, and a status file with its last answer.
//
//   auto instance = Instance::claim(config.data_dir);       // in the proxy
//   instance->publish({.listening = {"127.0.0.1:4141"}, ...});
//
//   auto running = find_instance(config.data_dir);          // anywhere else
//   if (running) kill(running->pid, SIGHUP);
//
// The lock (flock on DIR/tokometer.pid) is the truth: a file without it was left
// behind by a process that ended. The status is DIR/status.json, replaced whole.
// Shells, which can neither try a lock nor read JSON without starting a program,
// read DIR/serving: "PID NAME URL", there from when connections are accepted until
// they no longer are (cli/shell_hook.h).
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/time.h"

namespace tokometer::app {

// Who starts the proxy again if it ends.
enum class RunBy {
  kTerminal,    // whoever typed `tokometer proxy`
  kBackground,  // nobody: `tokometer up`
  kSystemd,     // the user's service
  kLaunchd,
  kRun  // `tokometer run`: serves as long as one of those uses it, and no shell is led to it
};
std::string_view name_of(RunBy run_by);

// How this process was started.
struct Start {
  std::string version = {};
  UtcTime at = {};
  RunBy run_by = RunBy::kTerminal;
  std::string log_file = {};              // where messages go; empty: stderr
  std::vector<std::string> options = {};  // that it was given, as words of a command line
};

struct Status {
  std::vector<std::string> listening;  // addresses, as bound
  Start start = {};
  bool draining = false;        // no longer accepts, and lets running calls end
  std::int64_t open_calls = 0;  // while draining
  std::int64_t reloads = 0;     // how many times settings were read again, in vain or not
  bool reload_ok = true;        // the last one was applied
  std::string message;          // what the last one said: "applied", or its faults
};

class Instance {
 public:
  // Takes the folder (made with mode 0700 if it is not there) for this process.
  // Fails if another process has it, or the folder cannot be written.
  static Result<Instance> claim(const std::filesystem::path& data_dir);
  Instance(Instance&& other) noexcept;
  Instance& operator=(Instance&& other) noexcept;
  // Removes both files and gives the folder up.
  ~Instance();

  // Replaces the status file, so that a reader sees the old one or the new one.
  Result<void> publish(const Status& status) const;

  // Tells shells that `url` serves, or that nothing does any more.
  Result<void> announce(std::string_view url) const;
  void withdraw() const;

 private:
  Instance(std::filesystem::path data_dir, int lock) : data_dir_(std::move(data_dir)), lock_(lock) {}
  void release();

  std::filesystem::path data_dir_;
  int lock_ = -1;
};

struct Running {
  pid_t pid = 0;
  std::optional<Status> status;  // absent until it was published
};

// The process that has the folder; nothing if there is none.
std::optional<Running> find_instance(const std::filesystem::path& data_dir);

// The file that Instance::announce writes.
std::filesystem::path serving_file(const std::filesystem::path& data_dir);

// What that file says, if the process lives: as shells check it, without the lock. In a container that shares the
// data folder of its host it says nothing, since the address is the host's.
struct Serving {
  pid_t pid = 0;
  std::string url;

  friend bool operator==(const Serving&, const Serving&) = default;
};
std::optional<Serving> find_serving(const std::filesystem::path& data_dir);

// "http://127.0.0.1:4141": where a program on this machine reaches the first of `listening` that is not a Unix socket;
// nothing if all are.
std::optional<std::string> local_url(const std::vector<std::string>& listening);

}  // namespace tokometer::app
