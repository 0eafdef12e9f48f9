// The proxy that `tokometer run` sends a program's calls through: the one that
// serves the data folder already, else one that is started for it in the background.
//
//   auto proxy = SharedProxy::use(config, {.start = start, .suits = suits, .say = say});
//   … run the program …
//
// A proxy that was started so (RunBy::kRun) serves every run of the folder, and ends when none
// is left (use_lock.h).
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "app/config.h"
#include "app/instance.h"
#include "app/proxy_end.h"
#include "app/use_lock.h"
#include "base/error.h"

namespace tokometer::app {

class SharedProxy {
 public:
  struct Wanted {
    // Starts one that serves the data folder, and returns when it does. It may fail because another run was faster.
    std::function<Result<void>()> start;
    // Whether one that is there has the settings that are asked for.
    std::function<bool(const Status&)> suits;
    // Is told what is waited for, where that takes its time.
    ProxyEnd::Say say;
  };

  // Waits for one that is ending, and for one of earlier runs that does not suit to go. One that somebody uses is taken
  // all the same. Fails if there is a proxy that does not answer, or none can be started.
  static Result<SharedProxy> use(const Config& config, const Wanted& wanted,
                                 std::optional<std::chrono::milliseconds> patience = std::nullopt);

  // Where it listens on this machine: "127.0.0.1:40123".
  const std::string& address() const { return address_; }
  // What it said of itself.
  const Status& status() const { return status_; }
  void let_inherit() const { lock_.let_inherit(); }

 private:
  friend class ProxySearch;
  SharedProxy(UseLock lock, std::string address, Status status)
      : lock_(std::move(lock)), address_(std::move(address)), status_(std::move(status)) {}

  UseLock lock_;
  std::string address_;
  Status status_;
};

// Why programs cannot be led to the proxy of the folder, which serves Unix sockets only.
Error no_tcp_address(const std::filesystem::path& data_dir, const Running& running);

// Of the addresses that a proxy listens on, one that this machine can connect to by TCP: "0.0.0.0:80" is
// "127.0.0.1:80".
std::optional<std::string> local_address(const std::vector<std::string>& listening);

}  // namespace tokometer::app
