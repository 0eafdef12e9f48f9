// Which hosts the programs of `tokometer run` reached unread, so that one whose calls
// were not seen can be told where they may have gone.
//
//   hosts.add(run, "other.example");  // when a tunnel opens
//   hosts.of(run);                    // {"other.example"}
//
// In memory only, and told to nobody who does not know the run's id: what passes in a
// tunnel is nobody's business, and where to hardly less. Thread-safe.
#pragma once

#include <cstddef>
#include <list>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace tokometer::app {

class TunnelledHosts {
 public:
  struct Limits {
    std::size_t runs = 256;         // past it the one that began first is forgotten
    std::size_t hosts_of_run = 16;  // more are not kept
  };

  TunnelledHosts() : TunnelledHosts(Limits()) {}
  explicit TunnelledHosts(Limits limits) : limits_(limits) {}

  void add(std::string_view run, std::string_view host);
  // Each once, in the order in which they were first asked for.
  std::vector<std::string> of(std::string_view run) const;

 private:
  struct Run {
    std::string id;
    std::vector<std::string> hosts;
  };

  const Limits limits_;
  mutable std::mutex mutex_;
  std::list<Run> runs_;  // the newest first
};

}  // namespace tokometer::app
