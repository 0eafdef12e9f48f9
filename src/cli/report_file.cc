#include "cli/report_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace tokometer::cli {

namespace {

bool leads_to_stderr(const std::filesystem::path& path) {
  struct stat file = {};
  struct stat errors = {};
  return stat(path.c_str(), &file) == 0 && fstat(STDERR_FILENO, &errors) == 0 && file.st_dev == errors.st_dev &&
         file.st_ino == errors.st_ino;
}

}  // namespace

Result<ReportFile> ReportFile::open(const std::filesystem::path& path) {
  // Opened anew it would begin at its start, over what was said.
  const bool adds = leads_to_stderr(path);
  const int descriptor =
      adds ? fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0) : ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  if (descriptor < 0) return fail(io_error(path.string(), errno));
  return ReportFile(path, descriptor, adds);
}

ReportFile::~ReportFile() {
  if (descriptor_ >= 0) close(descriptor_);
}

Result<void> ReportFile::write(std::string_view text) const {
  // A pipe or a terminal has nothing to be cut off.
  if (!adds_ && ftruncate(descriptor_, 0) != 0 && errno != EINVAL) return fail(io_error(path_.string(), errno));
  while (!text.empty()) {
    const ssize_t written = ::write(descriptor_, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return fail(io_error(path_.string(), errno));
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

}  // namespace tokometer::cli
