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
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"

namespace tokometer::app {

struct Status {
  std::vector<std::string> listening;  // addresses, as bound
  std::int64_t reloads = 0;            // how many times settings were read again, in vain or not
  bool reload_ok = true;               // the last one was applied
  std::string message;                 // what the last one said: "applied", or its faults
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

}  // namespace tokometer::app
