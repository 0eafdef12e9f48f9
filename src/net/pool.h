// Idle connections to origins, kept to be used again.
//
//   pool.put(origin, std::move(connection), std::move(idle));
//   auto taken = pool.take(origin, offer);  // taken.connection is null: none there
//
// Last in, first out, so that few stay warm and the rest expire. One that
// closes while idle is dropped at once, and so is one that becomes readable, unless
// its protocol has something to say to that. Belongs to one loop.
//
// Not here: opening them (dial.h). A connection may still have died unseen when
// it is taken; the proxy core then tries again with a fresh one.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <unordered_map>
#include <vector>

#include "net/connection.h"
#include "net/io_context.h"
#include "net/timer.h"
#include "proxy/driver.h"

namespace tokometer::net {

class Pool final : private ConnectionOwner {
 public:
  explicit Pool(IoContext& context);
  ~Pool();

  struct Taken {
    std::unique_ptr<Connection> connection;
    std::unique_ptr<proxy::IdleConnection> idle;
  };
  // The newest idle connection to `origin` on which what is offered is spoken; its owner must be set by the caller.
  Taken take(const proxy::Origin& origin, proxy::Offer offer);
  // Keeps the connection, or closes it: when it is no longer good, or at a limit.
  void put(const proxy::Origin& origin, std::unique_ptr<Connection> connection,
           std::unique_ptr<proxy::IdleConnection> idle);
  // Closes all, and from now on keeps none.
  void close();

  std::size_t size() const { return size_; }

 private:
  struct Idle {
    std::unique_ptr<Connection> connection;
    std::unique_ptr<proxy::IdleConnection> idle;  // null: HTTP/1.1
    SteadyTime until;
  };
  struct OriginHash {
    std::size_t operator()(const proxy::Origin& origin) const;
  };

  void on_connected(Connection& connection) override;
  void on_bytes(Connection& connection, std::string_view bytes) override;
  void on_eof(Connection& connection) override;
  void on_closed(Connection& connection, proxy::NetError why) override;
  void on_drained(Connection& connection) override;

  Idle* find(const Connection& connection);
  void drop(Connection& connection);
  void expire();
  void set_size(std::size_t size);

  IoContext& context_;
  std::unordered_map<proxy::Origin, std::vector<Idle>, OriginHash> idle_;  // each oldest first
  std::size_t size_ = 0;
  bool closed_ = false;
  Timer expiry_;
};

}  // namespace tokometer::net
