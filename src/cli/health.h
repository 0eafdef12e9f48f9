// What a running proxy answers on /-/health.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/tunnelled_hosts.h"
#include "base/error.h"

namespace tokometer::cli {

struct Health {
  std::string status;  // "ok" or "degraded"
  std::int64_t open_calls = 0;
  bool journal_ok = false;
  std::int64_t journal_lag_bytes = 0;
  bool store_ok = true;
  // Clients that do not take our certificate for a host, whose calls there are tunnelled unread.
  struct Distrust {
    std::string client;
    std::string host;
    bool silent = false;  // it did not say so, but closed its connections
    bool held = false;    // its calls there fail instead, as its run has a hard budget

    friend bool operator==(const Distrust&, const Distrust&) = default;
  };
  std::vector<Distrust> distrustful = {};  // each once, from wherever and in whatever run it came
  // Through which other proxies it reaches origins.
  struct Upstream {
    std::string scheme;   // of the origins: "https"
    std::string address;  // "proxy.example:3128"
    std::string from;     // who names it: "HTTPS_PROXY"
  };
  std::vector<Upstream> upstream = {};
};

// Asks the first of `listening` that answers, with the token of `data_dir` where it has one: a proxy that others can
// reach names no clients without. None is sent where `data_dir` is empty, as it has to be for others' addresses.
// kInvalid where something else than us listens; kNetwork, kTimeout.
Result<Health> ask_health(const std::vector<std::string>& listening, const std::filesystem::path& data_dir,
                          std::chrono::milliseconds limit = std::chrono::seconds(2));

// What the proxy of `data_dir`, at `address`, could not read of a run's program; nothing if it does not say.
struct Unread {
  std::vector<std::string> hosts;                             // that it reached by tunnels
  std::vector<app::TunnelledHosts::Distrustful> distrustful;  // its clients that do not take our certificate
};
Unread ask_unread(const std::string& address, const std::filesystem::path& data_dir, std::string_view run,
                  std::chrono::milliseconds limit = std::chrono::seconds(2));

}  // namespace tokometer::cli
