// One thread with its loop, listeners, sessions and pool. Workers share nothing
// that changes but the resolver's and TLS's caches.
//
// Not here: starting and stopping them (server.h).
#pragma once

#include <chrono>
#include <list>
#include <memory>
#include <thread>
#include <vector>

#include "base/error.h"
#include "base/log.h"
#include "net/io_context.h"
#include "net/lingering.h"
#include "net/listener.h"
#include "net/own_addresses.h"
#include "net/pool.h"
#include "net/resolver.h"
#include "net/session_driver.h"
#include "net/tls_client.h"
#include "net/tls_server.h"
#include "proxy/driver.h"

namespace tokometer::net {

class Worker {
 public:
  // How all workers reach the world.
  struct Outside {
    Resolver& resolver;
    TlsClient& tls;
    const UpstreamProxies& upstream;
    const OwnAddresses& own;
    TlsServer* tls_server;  // null: clients can't be intercepted
  };
  // All references must outlive the worker.
  static Result<std::unique_ptr<Worker>> open(const Limits& limits, const Clock& clock, Log& log,
                                              const Outside& outside, std::vector<Listener> listeners);
  // Ends the thread at once if it still runs.
  ~Worker();

  // Starts the thread and accepts. Once.
  Result<void> start(std::shared_ptr<proxy::SessionFactory> factory);

  // From any thread. Sessions accepted from now on are `factory`'s.
  void reload(std::shared_ptr<proxy::SessionFactory> factory);
  // From any thread. Stops accepting and tells sessions to end; what is left
  // after `drain` is reset. The thread ends with the last. Again with a shorter
  // time: that counts.
  void shutdown(std::chrono::milliseconds drain);
  // Waits for the thread to end.
  void join();

  const Counters& counters() const { return io_.counters; }

 private:
  Worker(std::unique_ptr<Loop> loop, const Limits& limits, Log& log, const Outside& outside,
         std::vector<Listener> listeners);

  void accept(Fd client);
  void on_ended(SessionDriver& driver);
  void stop_accepting();
  void hold_accepting();
  void abort_all();
  void stop_when_idle();
  void clear();

  std::unique_ptr<Loop> loop_;
  Log& log_;
  IoContext io_;
  Pool pool_;
  Lingering lingering_;
  SessionContext context_;
  std::vector<Listener> listeners_;  // until start
  std::vector<std::unique_ptr<Acceptor>> acceptors_;
  std::list<std::unique_ptr<SessionDriver>> sessions_;
  std::shared_ptr<proxy::SessionFactory> factory_;
  Timer drain_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace tokometer::net
