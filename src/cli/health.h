// What a running proxy answers on /-/health.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

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
    bool silent = false;                  // it did not say so, but closed its connections
    std::optional<std::string> run = {};  // that it was seen in, empty for none; nothing: the proxy does not say
  };
  std::vector<Distrust> distrustful = {};
  // Through which other proxies it reaches origins.
  struct Upstream {
    std::string scheme;   // of the origins: "https"
    std::string address;  // "proxy.example:3128"
    std::string from;     // who names it: "HTTPS_PROXY"
  };
  std::vector<Upstream> upstream = {};
};

// "curl/8.1", or what stands for a client that gives no name.
std::string client_name(const Health::Distrust& distrust);

// Asks the first of `listening` that answers. kInvalid where something else than us listens; kNetwork, kTimeout.
Result<Health> ask_health(const std::vector<std::string>& listening,
                          std::chrono::milliseconds limit = std::chrono::seconds(2));

// The hosts that the program of a run reached through the proxy at `address` by tunnels, unread; none if it does not
// say.
std::vector<std::string> ask_tunnelled(const std::string& address, std::string_view run,
                                       std::chrono::milliseconds limit = std::chrono::seconds(2));

}  // namespace tokometer::cli
