// Which hosts the programs of `tokometer run` reached unread, and which of their clients did
// not take our certificate, so that one whose calls were not seen can be told where they may have gone.
//
//   hosts.add(run, "other.example");                              // when a tunnel opens
//   hosts.add(run, {.client = "curl/8.1", .host = "x.example"});  // when it is refused
//   hosts.of(run).hosts;                                          // {"other.example"}
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
    std::size_t hosts_of_run = 16;  // more are not kept, of clients neither
  };
  // A client that does not take our certificate for a host.
  struct Distrustful {
    std::string client;  // its User-Agent, or empty
    std::string host;

    friend bool operator==(const Distrustful&, const Distrustful&) = default;
  };
  // Each once, in the order in which they were first seen.
  struct Unread {
    std::vector<std::string> hosts;
    std::vector<Distrustful> distrustful;
  };

  TunnelledHosts() : TunnelledHosts(Limits()) {}
  explicit TunnelledHosts(Limits limits) : limits_(limits) {}

  void add(std::string_view run, std::string_view host);
  void add(std::string_view run, const Distrustful& client);
  // Of a run and of those within it.
  Unread of(std::string_view run) const;

 private:
  struct Run {
    std::string id;
    Unread unread;
  };
  Unread& unread_of(std::string_view run);
  template <typename T>
  void add_once(std::vector<T>& list, const T& one) const;

  const Limits limits_;
  mutable std::mutex mutex_;
  std::list<Run> runs_;  // the newest first
};

}  // namespace tokometer::app
