#include "app/use_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace tokometer::app {
namespace {

namespace fs = std::filesystem;

fs::path lock_file(const fs::path& data_dir) { return data_dir / "run.lock"; }

Result<int> open_lock(const fs::path& data_dir) {
  std::error_code error;
  if (fs::create_directories(data_dir, error)) fs::permissions(data_dir, fs::perms::owner_all, error);
  const fs::path file = lock_file(data_dir);
  const int descriptor = open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (descriptor < 0) return fail(io_error(file.string(), errno));
  return descriptor;
}

}  // namespace

Result<std::optional<UseLock>> UseLock::share(const fs::path& data_dir) {
  const auto descriptor = open_lock(data_dir);
  if (!descriptor) return fail(descriptor.error());
  UseLock lock(*descriptor);
  if (flock(*descriptor, LOCK_SH | LOCK_NB) == 0) return lock;
  if (errno == EWOULDBLOCK || errno == EINTR) return std::nullopt;
  return fail(io_error(lock_file(data_dir).string(), errno));
}

std::optional<UseLock> UseLock::take(const fs::path& data_dir) {
  const auto descriptor = open_lock(data_dir);
  if (!descriptor) return std::nullopt;
  UseLock lock(*descriptor);
  if (flock(*descriptor, LOCK_EX | LOCK_NB) != 0) return std::nullopt;
  return lock;
}

UseLock& UseLock::operator=(UseLock&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  return *this;
}

UseLock::~UseLock() {
  if (descriptor_ >= 0) close(descriptor_);
}

void UseLock::let_inherit() const { fcntl(descriptor_, F_SETFD, 0); }

}  // namespace tokometer::app
