// Drives one proxy::Session with one client connection and its connections to
// origins: the commands of proxy/driver.h as socket calls, the happenings of
// sockets as the session's callbacks.
//
// What a command causes at once (a pooled connection is there, a dial fails) is
// told after the running callback has returned, so that no call re-enters.
//
// Not here: HTTP, and everything else that has a meaning (proxy/).
#pragma once

#include <array>
#include <chrono>
#include <functional>
#include <list>
#include <memory>
#include <vector>

#include "base/log.h"
#include "net/connection.h"
#include "net/dial.h"
#include "net/io_context.h"
#include "net/lingering.h"
#include "net/own_addresses.h"
#include "net/pool.h"
#include "net/resolver.h"
#include "net/timer.h"
#include "net/tls_client.h"
#include "net/tls_server.h"
#include "net/upstream_proxy.h"
#include "proxy/driver.h"

namespace tokometer::net {

class SessionDriver;

// What the sessions of one worker share.
struct SessionContext {
  IoContext& io;
  Pool& pool;
  Lingering& lingering;
  Resolver& resolver;
  TlsClient& tls;
  const UpstreamProxies& upstream;
  const OwnAddresses& own;
  TlsServer* tls_server;  // null: clients can't be intercepted
  Log& log;
  // The session is done: the worker disposes of its driver.
  std::function<void(SessionDriver&)> ended;
};

class SessionDriver final : public Disposable, public proxy::Driver, private ConnectionOwner, private DialOwner {
 public:
  // Keeps `factory` as long as its session lives: it may be replaced meanwhile.
  SessionDriver(SessionContext& context, std::shared_ptr<proxy::SessionFactory> factory);
  ~SessionDriver() override;

  // Takes the client's connection and opens the session.
  Result<void> start(Fd client);
  void shutdown();
  // Ends it now: connections are reset, the session is told that they are.
  void abort();

  proxy::ConnId connect(const proxy::Origin& origin, proxy::Reuse reuse, proxy::Offer offer) override;
  void release(proxy::ConnId id, std::unique_ptr<proxy::IdleConnection> idle) override;
  bool send(proxy::ConnId id, std::initializer_list<std::string_view> pieces) override;
  void close(proxy::ConnId id, proxy::Close how) override;
  bool vouches_for(std::string_view name) override;
  void secure(std::string_view name, std::string_view received) override;
  void join(proxy::ConnId id) override;
  proxy::Traffic traffic(proxy::ConnId id) override;
  void pause(proxy::ConnId id, bool paused) override;
  void arm(proxy::Timer timer, std::chrono::milliseconds delay) override;
  std::string client_address() const override { return client_ ? client_->peer() : std::string(); }
  void call_at_turn_end() override { context_.io.loop.again(turn_end_); }
  UtcTime now() const override { return context_.io.loop.now(); }
  SteadyTime steady() const override { return context_.io.loop.steady(); }

  // Where the worker keeps it.
  using Place = std::list<std::unique_ptr<SessionDriver>>::iterator;
  void set_place(Place place) { place_ = place; }
  Place place() const { return place_; }

 private:
  // A connection to an origin: on its way (dial), there (connection), or just
  // failed (neither).
  struct OriginSlot {
    proxy::ConnId id = 0;
    proxy::Origin origin;
    std::unique_ptr<Dial> dial;
    std::unique_ptr<Connection> connection;
    std::unique_ptr<proxy::IdleConnection> idle;  // from the pool, until that is told
  };
  // Hears of the turn's end.
  struct TurnEnd final : Watcher {
    explicit TurnEnd(SessionDriver& its_driver) : driver(its_driver) {}
    void on_ready(Ready /*ready*/) override { driver.on_turn_end(); }
    SessionDriver& driver;
  };
  // Something to tell once the running callback has returned.
  struct Pending {
    proxy::ConnId id;
    proxy::NetError error;  // kNone: connected, from the pool
  };

  void on_connected(Connection& connection) override;
  void on_bytes(Connection& connection, std::string_view bytes) override;
  void on_eof(Connection& connection) override;
  void on_closed(Connection& connection, proxy::NetError why) override;
  void on_drained(Connection& connection) override;
  void on_dialed(Dial& dial, std::unique_ptr<Connection> connection) override;
  void on_dial_failed(Dial& dial, proxy::NetError why) override;

  void on_time();
  void on_turn_end();
  void settle();
  OriginSlot* slot(proxy::ConnId id);
  Connection* connection(proxy::ConnId id);
  proxy::ConnId id_of(const Connection& connection) const;
  void erase_origin(proxy::ConnId id);
  void drop(std::unique_ptr<Connection> connection, proxy::Close how);

  SessionContext& context_;
  std::shared_ptr<proxy::SessionFactory> factory_;
  std::unique_ptr<proxy::Session> session_;
  std::unique_ptr<Connection> client_;
  std::vector<OriginSlot> origins_;  // nearly always one
  std::vector<Pending> pending_;
  proxy::ConnId last_id_ = proxy::kClient;
  std::array<SteadyTime, proxy::kTimerCount> deadlines_;
  SteadyTime deadline_ = SteadyTime::max();  // no later than the earliest of them
  Timer timer_;                              // for deadline_
  TurnEnd turn_end_;
  Place place_;
  bool ended_ = false;
};

}  // namespace tokometer::net
