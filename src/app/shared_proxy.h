// The proxy that `tokometer run` sends a program's calls through: the one that
// serves the data folder already, else one that is started for it in the background.
//
//   auto proxy = SharedProxy::use(config, start);
//   … run the program …
//
// A proxy that was started so (RunBy::kRun) serves every run of the folder, and ends when none
// is left: each holds a shared lock on DIR/run.lock, which its program inherits, so that a program that goes on in the
// background keeps its proxy. Who gets the lock for itself is the last.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "app/config.h"
#include "base/error.h"

namespace tokometer::app {

// A lock on the file that says whether a proxy is used.
class UseLock {
 public:
  // Shared, for who uses it. Waits for a proxy that is ending, at most `patience`.
  static Result<UseLock> share(const std::filesystem::path& data_dir, std::chrono::milliseconds patience);
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

class SharedProxy {
 public:
  // Starts one that serves the data folder, and returns when it does. It may fail because another run was faster.
  using Start = std::function<Result<void>()>;

  // Fails if there is a proxy that does not answer, or none can be started.
  static Result<SharedProxy> use(const Config& config, const Start& start,
                                 std::chrono::milliseconds patience = std::chrono::seconds(30));

  // Where it listens on this machine: "127.0.0.1:40123".
  const std::string& address() const { return address_; }
  // It was there already, with settings of its own.
  bool was_there() const { return was_there_; }
  void let_inherit() const { lock_.let_inherit(); }

 private:
  SharedProxy(UseLock lock, std::string address, bool was_there)
      : lock_(std::move(lock)), address_(std::move(address)), was_there_(was_there) {}

  UseLock lock_;
  std::string address_;
  bool was_there_;
};

// Of the addresses that a proxy listens on, one that this machine can connect to by TCP: "0.0.0.0:80" is
// "127.0.0.1:80".
std::optional<std::string> local_address(const std::vector<std::string>& listening);

}  // namespace tokometer::app
