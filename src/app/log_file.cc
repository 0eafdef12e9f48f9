#include "app/log_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <utility>

namespace tokometer::app {
namespace {

namespace fs = std::filesystem;

int open_log(const fs::path& file) { return ::open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600); }

}  // namespace

fs::path log_file(const fs::path& data_dir) { return data_dir / "logs" / "tokometer.log"; }

fs::path rotated(const fs::path& file, std::size_t age) { return fmt::format("{}.{}", file.string(), age); }

Result<std::unique_ptr<LogFile>> LogFile::open(fs::path file, const Clock& clock, LogFileLimits limits) {
  // The data folder itself too, if the proxy has never run.
  for (const fs::path& folder : {file.parent_path().parent_path(), file.parent_path()}) {
    std::error_code error;
    if (fs::create_directories(folder, error)) fs::permissions(folder, fs::perms::owner_all, error);
    if (error) return fail(io_error(folder.string(), error.value()));
  }
  const int descriptor = open_log(file);
  struct stat now{};
  if (descriptor < 0 || ::fstat(descriptor, &now) != 0) return fail(io_error(file.string(), errno));
  return std::unique_ptr<LogFile>(
      new LogFile(std::move(file), descriptor, static_cast<std::size_t>(now.st_size), clock, limits));
}

LogFile::LogFile(fs::path file, int descriptor, std::size_t bytes, const Clock& clock, LogFileLimits limits)
    : file_(std::move(file)), clock_(clock), limits_(limits), descriptor_(descriptor), bytes_(bytes) {}

LogFile::~LogFile() { ::close(descriptor_); }

void LogFile::write(std::string_view line) {
  const std::string text = fmt::format("{} {}", format_rfc3339(clock_.now()), line);
  const std::lock_guard lock(mutex_);
  if (bytes_ > 0 && bytes_ + text.size() > limits_.bytes) rotate();
  // In one write, so that lines of what else writes to stderr stay whole.
  const ssize_t written = ::write(descriptor_, text.data(), text.size());
  if (written > 0) bytes_ += static_cast<std::size_t>(written);
}

void LogFile::take_stdio() {
  const std::lock_guard lock(mutex_);
  has_stdio_ = true;
  ::dup2(descriptor_, STDOUT_FILENO);
  ::dup2(descriptor_, STDERR_FILENO);
}

void LogFile::rotate() {
  std::error_code ignored;
  for (std::size_t age = limits_.kept; age > 1; --age)
    fs::rename(rotated(file_, age - 1), rotated(file_, age), ignored);
  if (limits_.kept > 0) {
    fs::rename(file_, rotated(file_, 1), ignored);
  } else {
    fs::remove(file_, ignored);
  }
  const int next = open_log(file_);
  if (next < 0) return;  // goes on with the old one
  ::close(descriptor_);
  descriptor_ = next;
  bytes_ = 0;
  if (!has_stdio_) return;
  ::dup2(descriptor_, STDOUT_FILENO);
  ::dup2(descriptor_, STDERR_FILENO);
}

}  // namespace tokometer::app
