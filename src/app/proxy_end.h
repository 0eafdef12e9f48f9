// A proxy that is at its end: who wants another waits for that, rather than fail.
//
//   ProxyEnd end(config, say);
//   while (const auto running = find_instance(config.data_dir)) {
//     if (!end.is_near(*running, is_wanted)) return *running;
//     if (auto waited = end.wait(); !waited) return fail(waited.error());
//   }
//
// Not here: how one is told to end (cli/running.h).
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <optional>
#include <string_view>

#include "app/config.h"
#include "app/instance.h"
#include "base/error.h"

namespace tokometer::app {

class ProxyEnd {
 public:
  using Say = std::function<void(std::string_view)>;

  // `say` is told once, after a second or so, what is waited for. At most `patience` is waited; without one, what a
  // proxy may take for its last calls, and some more.
  ProxyEnd(const Config& config, Say say, std::optional<std::chrono::milliseconds> patience = std::nullopt);

  // Whether it has begun to end, or serves runs of which none is left; that one is no reason to wait if it is `wanted`.
  bool is_near(const Running& running, bool wanted);
  // It is known to be.
  void note_near();
  // A moment. kTimeout once that is over which may be waited.
  Result<void> wait();

 private:
  using Time = std::chrono::steady_clock::time_point;

  std::filesystem::path data_dir_;
  std::chrono::milliseconds drain_;
  Say say_;
  Time deadline_;
  std::optional<Time> near_since_;
  std::optional<Time> used_since_;
  bool said_ = false;
};

}  // namespace tokometer::app
