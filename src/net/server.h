// The network side of the program: listens, and runs sessions on its workers.
//
//   auto server = Server::open({.listen = {*Address::parse("127.0.0.1:4141")}}, system_clock(), log);
//   (*server)->start(factory);      // proxy::SessionFactory
//   (*server)->reload(new_factory); // running sessions keep the old one
//   (*server)->shutdown(30s);       // drains; again with 0s: at once
//   (*server)->join();
//
// All but open may be called from any thread, one at a time, but not from within
// a session.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/log.h"
#include "base/time.h"
#include "net/address.h"
#include "net/limits.h"
#include "net/own_addresses.h"
#include "net/resolver.h"
#include "net/tls_client.h"
#include "net/tls_server.h"
#include "net/upstream_proxy.h"
#include "net/worker.h"
#include "proxy/driver.h"

namespace tokometer::net {

struct ServerOptions {
  std::vector<Address> listen;
  unsigned workers = 1;
  Limits limits{};
  TlsOptions tls{};
  TlsServer::Source authority{};  // for clients that are intercepted; empty: none are
  Resolver::Source names = Resolver::system_source();
  std::vector<Resolver::Override> overrides{};
};

// Figures of all workers since the start; the last four are of this moment.
struct ServerStats {
  std::uint64_t accepted = 0;
  std::uint64_t accept_failures = 0;
  std::uint64_t dialed = 0;  // connections to origins that were opened
  std::uint64_t dial_failures = 0;
  std::uint64_t reused = 0;  // connections to origins that came from the pool
  std::uint64_t bytes_read = 0;
  std::uint64_t bytes_written = 0;
  std::size_t clients = 0;
  std::size_t origins = 0;    // in use
  std::size_t idle = 0;       // in the pool
  std::size_t lingering = 0;  // closed, waiting for their peer's end
};

class Server {
 public:
  // Binds; clients can connect from here on, and are accepted once started.
  // `clock` and `log` must outlive the server.
  static Result<std::unique_ptr<Server>> open(const ServerOptions& options, const Clock& clock, Log& log);
  // Resets what still runs.
  ~Server();

  // In the order of ServerOptions::listen, with the ports that the system chose.
  const std::vector<Address>& addresses() const { return addresses_; }

  // Before start: origins are reached through these from then on. Not part of the options, since who they are may
  // depend on our addresses.
  void set_upstream(UpstreamProxies upstream) { upstream_ = std::move(upstream); }
  Result<void> start(const std::shared_ptr<proxy::SessionFactory>& factory);
  void reload(const std::shared_ptr<proxy::SessionFactory>& factory);
  // The authority has changed: new connections of clients go by the new one.
  void reset_authority();
  void shutdown(std::chrono::milliseconds drain);
  // Waits until shutdown has done its work.
  void join();
  ServerStats stats() const;

 private:
  Server(const ServerOptions& options, const Clock& clock);

  std::vector<Address> addresses_;
  Resolver resolver_;
  TlsClient tls_;
  UpstreamProxies upstream_;
  OwnAddresses own_;
  std::unique_ptr<TlsServer> tls_server_;
  std::vector<std::unique_ptr<Worker>> workers_;
};

}  // namespace tokometer::net
