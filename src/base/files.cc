#include "base/files.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <system_error>
#include <utility>

namespace tokometer {
namespace {

Error describe(const std::filesystem::path& path, const std::error_code& error) {
  const bool missing = error == std::errc::no_such_file_or_directory;
  return {missing ? ErrorCode::kNotFound : ErrorCode::kIo, fmt::format("{}: {}", path.string(), error.message())};
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

}  // namespace tokometer
