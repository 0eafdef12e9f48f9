// The file that a run's sums are written to when it has ended: opened before its program starts, so that one that
// can't be written is known while there is still time.
//
//   auto file = ReportFile::open(path);
//   … run the program …
//   file->write(text);
//
// Only its owner may read one that is made; what is in it before stays until it is written. Where it is what standard
// error leads to (/dev/stderr), the text comes after what was said there.
#pragma once

#include <filesystem>
#include <string_view>
#include <utility>

#include "base/error.h"

namespace tokometer::cli {

class ReportFile {
 public:
  // kIo.
  static Result<ReportFile> open(const std::filesystem::path& path);
  ReportFile(ReportFile&& other) noexcept
      : path_(std::move(other.path_)), descriptor_(std::exchange(other.descriptor_, -1)), adds_(other.adds_) {}
  ~ReportFile();

  // Puts `text` in the place of what it holds, or after what was said on standard error. kIo.
  Result<void> write(std::string_view text) const;

 private:
  ReportFile(std::filesystem::path path, int descriptor, bool adds)
      : path_(std::move(path)), descriptor_(descriptor), adds_(adds) {}

  std::filesystem::path path_;
  int descriptor_;
  bool adds_;
};

}  // namespace tokometer::cli
