#include "net/server.h"

#include <utility>

namespace tokometer::net {

Result<std::unique_ptr<Server>> Server::open(const ServerOptions& options, const Clock& clock, Log& log) {
  if (options.workers == 0) return fail(ErrorCode::kInvalid, "workers: at least one is needed");
  if (options.listen.empty()) return fail(ErrorCode::kInvalid, "listen: no address");
  std::unique_ptr<Server> server(new Server(options, clock));
  // A wrong file of CAs shows now, not with the first call.
  if (!options.tls.origin_ca.empty()) {
    if (auto prepared = server->tls_.prepare(); !prepared) return fail(prepared.error());
  }
  std::vector<std::vector<Listener>> of_worker(options.workers);
  for (const Address& address : options.listen) {
    auto listeners = listen_on(address, options.workers, options.limits.backlog);
    if (!listeners) return fail(listeners.error());
    server->addresses_.push_back(listeners->front().address);
    for (unsigned i = 0; i < options.workers; ++i) of_worker[i].push_back(std::move((*listeners)[i]));
  }
  server->own_ = OwnAddresses(server->addresses_);
  const Worker::Outside outside{.resolver = server->resolver_,
                                .tls = server->tls_,
                                .upstream = server->upstream_,
                                .own = server->own_,
                                .tls_server = server->tls_server_.get()};
  for (auto& listeners : of_worker) {
    auto worker = Worker::open(options.limits, clock, log, outside, std::move(listeners));
    if (!worker) return fail(worker.error());
    server->workers_.push_back(std::move(*worker));
  }
  return server;
}

Server::Server(const ServerOptions& options, const Clock& clock)
    : resolver_(options.limits, clock, options.names, options.overrides),
      tls_(options.tls, options.limits),
      tls_server_(options.authority ? std::make_unique<TlsServer>(options.authority, options.limits) : nullptr) {}

Server::~Server() = default;

Result<void> Server::start(const std::shared_ptr<proxy::SessionFactory>& factory) {
  for (const auto& worker : workers_) {
    if (auto started = worker->start(factory); !started) return started;
  }
  return {};
}

void Server::reload(const std::shared_ptr<proxy::SessionFactory>& factory) {
  for (const auto& worker : workers_) worker->reload(factory);
}

void Server::reset_authority() {
  if (tls_server_) tls_server_->reset();
}

void Server::shutdown(std::chrono::milliseconds drain) {
  for (const auto& worker : workers_) worker->shutdown(drain);
}

void Server::join() {
  for (const auto& worker : workers_) worker->join();
}

ServerStats Server::stats() const {
  ServerStats stats;
  for (const auto& worker : workers_) {
    const Counters& counters = worker->counters();
    stats.accepted += counters.accepted.load(std::memory_order_relaxed);
    stats.accept_failures += counters.accept_failures.load(std::memory_order_relaxed);
    stats.dialed += counters.dialed.load(std::memory_order_relaxed);
    stats.dial_failures += counters.dial_failures.load(std::memory_order_relaxed);
    stats.reused += counters.reused.load(std::memory_order_relaxed);
    stats.bytes_read += counters.bytes_read.load(std::memory_order_relaxed);
    stats.bytes_written += counters.bytes_written.load(std::memory_order_relaxed);
    stats.clients += counters.clients.load(std::memory_order_relaxed);
    stats.origins += counters.origins.load(std::memory_order_relaxed);
    stats.idle += counters.idle.load(std::memory_order_relaxed);
    stats.lingering += counters.lingering.load(std::memory_order_relaxed);
  }
  return stats;
}

}  // namespace tokometer::net
