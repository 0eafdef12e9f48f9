// Who uses the proxy of a data folder that serves `tokometer run` (RunBy::kRun): each run holds a shared lock on
// DIR/run.lock, which its program inherits, so that a program that goes on in the background keeps its proxy. Who gets
// the lock for itself is the last.
#pragma once

#include <filesystem>
#include <optional>
#include <utility>

#include "base/error.h"

namespace tokometer::app {

class UseLock {
 public:
  // Shared, for who uses it. Nothing while somebody has it for itself: a proxy that is ending.
  static Result<std::optional<UseLock>> share(const std::filesystem::path& data_dir);
  // For the proxy: nothing while somebody uses it, else a lock that keeps others waiting until it has ended.
  static std::optional<UseLock> take(const std::filesystem::path& data_dir);

  UseLock(UseLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  UseLock& operator=(UseLock&& other) noexcept;
  ~UseLock();

  // Programs that are started from here on hold it too.
  void let_inherit() const;

 private:
  explicit UseLock(int descriptor) : descriptor_(descriptor) {}
  int descriptor_ = -1;
};

}  // namespace tokometer::app
