#include "base/files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <system_error>
#include <utility>

namespace tokometer {
namespace {

Error describe(const std::filesystem::path& path, const std::error_code& error) {
  const bool missing = error == std::errc::no_such_file_or_directory;
  return {missing ? ErrorCode::kNotFound : ErrorCode::kIo, fmt::format("{}: {}", path.string(), error.message())};
}

// False where it fails; errno says why.
bool write_all(int file, std::string_view content) {
  while (!content.empty()) {
    const ssize_t written = ::write(file, content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    content.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

}  // namespace

Result<std::string> read_file(const std::filesystem::path& path, std::size_t max_bytes) {
  std::error_code error;
  const auto size = std::filesystem::file_size(path, error);
  if (error) return fail(describe(path, error));
  if (size > max_bytes) {
    return fail(ErrorCode::kTooLarge, fmt::format("{}: larger than {} bytes", path.string(), max_bytes));
  }
  std::string content(static_cast<std::size_t>(size), '\0');
  std::ifstream stream(path, std::ios::binary);
  stream.read(content.data(), static_cast<std::streamsize>(content.size()));
  if (!stream) return fail(ErrorCode::kIo, fmt::format("{}: cannot be read", path.string()));
  return content;
}

Result<std::vector<std::filesystem::path>> files_in(const std::filesystem::path& folder, std::string_view extension) {
  std::vector<std::filesystem::path> files;
  std::error_code error;
  if (folder.empty() || (!std::filesystem::exists(folder, error) && !error)) return files;
  for (std::filesystem::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    if (entry->path().extension() == extension) files.push_back(entry->path());
  }
  if (error) return fail(describe(folder, error));
  std::ranges::sort(files);
  return files;
}

Result<void> replace_file(const std::filesystem::path& path, std::string_view content, std::optional<unsigned> mode) {
  std::string made = path.string() + ".XXXXXX";
  const int file = ::mkostemp(made.data(), O_CLOEXEC);
  if (file < 0) return fail(io_error(path.string(), errno));
  const auto give_up = [&](int number) {
    ::close(file);
    ::unlink(made.c_str());
    return fail(io_error(path.string(), number));
  };
  if (!mode) {
    struct stat before{};
    const mode_t mask = ::umask(0);
    ::umask(mask);
    mode = ::stat(path.c_str(), &before) == 0 ? before.st_mode & 0777U : 0644U & ~mask;
  }
  if (::fchmod(file, *mode) != 0 || !write_all(file, content) || ::fsync(file) != 0 ||
      ::rename(made.c_str(), path.c_str()) != 0) {
    return give_up(errno);
  }
  ::close(file);
  return {};
}

Result<bool> make_file(const std::filesystem::path& path, std::string_view content) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file < 0 && errno == EEXIST) return false;
  if (file < 0) return fail(io_error(path.string(), errno));
  const bool written = write_all(file, content);
  const int number = errno;
  ::close(file);
  if (written) return true;
  ::unlink(path.c_str());
  return fail(io_error(path.string(), number));
}

}  // namespace tokometer
