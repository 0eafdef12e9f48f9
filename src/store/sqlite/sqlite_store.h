// The embedded store: one SQLite file, written by one process at a time and
// read by any number while it is (write-ahead log).
//
// docs/store.md has the schema and says why it is as it is. The file has mode
// 0600. Thread-safe: no; open one per thread.
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>

#include "base/error.h"
#include "store/store.h"

namespace tokometer::store::sqlite {

struct Options {
  std::filesystem::path file;
  bool read_only = false;                // the file must exist and be of this program's schema version
  std::chrono::milliseconds busy{2000};  // how long to wait for another process's write
};

// Opens `options.file`, makes it if it is not there, and migrates an older
// schema. kUnsupported where a newer program wrote it, kCorrupt where it is no
// such file, kNotFound where read_only finds none.
Result<std::unique_ptr<Store>> open(const Options& options);

}  // namespace tokometer::store::sqlite
