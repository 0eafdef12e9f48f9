// The log of a proxy that runs without a terminal: a file of lines with their
// times, which never takes more than its share of the disk.
//
//   auto file = LogFile::open(log_folder(config.data_dir) / "tokometer.log", clock);
//   log.set_sink([&](LogLevel, std::string_view line) { (*file)->write(line); });
//   (*file)->take_stdio();  // what still writes there (a failed check) ends up here
//
// tokometer.log is the newest; past Limits::bytes it becomes tokometer.log.1, that
// one .2, and so on up to Limits::kept.
//
// Not here: reading it (cli/logs.cc).
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string_view>

#include "base/error.h"
#include "base/time.h"

namespace tokometer::app {

struct LogFileLimits {
  std::size_t bytes = std::size_t{4} << 20;  // of one file
  std::size_t kept = 3;                      // older files beside the newest
};

class LogFile {
 public:
  // Makes the file and its folder (mode 0600 and 0700), or goes on with the file there is. `clock` must outlive it.
  static Result<std::unique_ptr<LogFile>> open(std::filesystem::path file, const Clock& clock,
                                               LogFileLimits limits = {});
  ~LogFile();
  LogFile(const LogFile&) = delete;
  LogFile& operator=(const LogFile&) = delete;

  // Appends `line`, which ends in a line feed, after its time. Any thread. A disk that refuses loses the line.
  void write(std::string_view line);

  // From here on the process's stdout and stderr are this file, after a rotation too.
  void take_stdio();

  const std::filesystem::path& path() const { return file_; }

 private:
  LogFile(std::filesystem::path file, int descriptor, std::size_t bytes, const Clock& clock, LogFileLimits limits);
  void rotate();

  const std::filesystem::path file_;
  const Clock& clock_;
  const LogFileLimits limits_;
  std::mutex mutex_;
  int descriptor_;
  std::size_t bytes_;
  bool has_stdio_ = false;
};

// Where a data folder's logs are, and the newest of them.
std::filesystem::path log_file(const std::filesystem::path& data_dir);
// The name of the file that was the newest `age` rotations ago.
std::filesystem::path rotated(const std::filesystem::path& file, std::size_t age);

}  // namespace tokometer::app
