#include "cli/report_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

namespace tokometer::cli {

Result<ReportFile> ReportFile::open(const std::filesystem::path& path) {
  const int descriptor = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  if (descriptor < 0) return fail(io_error(path.string(), errno));
  return ReportFile(path, descriptor);
}

ReportFile::~ReportFile() {
  if (descriptor_ >= 0) close(descriptor_);
}

Result<void> ReportFile::write(std::string_view text) const {
  // A pipe or a terminal has nothing to be cut off.
  if (ftruncate(descriptor_, 0) != 0 && errno != EINVAL) return fail(io_error(path_.string(), errno));
  while (!text.empty()) {
    const ssize_t written = ::write(descriptor_, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return fail(io_error(path_.string(), errno));
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

}  // namespace tokometer::cli
