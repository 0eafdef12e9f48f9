// Opens one connection to an origin: lookup, its addresses in order, TLS. Where the
// origin is behind another proxy, that one is dialed and asked for a tunnel, in
// which TLS begins.
//
//   auto dial = std::make_unique<Dial>(context, resolver, tls, upstream, own, log, origin, offer, owner);
//   dial->start();  // later: owner.on_dialed or on_dial_failed, once
//
// "Happy Eyeballs" (RFC 8305) without the race: an address that refuses is
// followed by the next at once, one that is silent after its share of the time.
// A TLS failure is not tried elsewhere: the name was reached, and is not trusted. Neither is an address of our own.
//
// Not here: idle connections (pool.h), who is behind a proxy (upstream_proxy.h).
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/log.h"
#include "net/connection.h"
#include "net/io_context.h"
#include "net/own_addresses.h"
#include "net/resolver.h"
#include "net/timer.h"
#include "net/tls_client.h"
#include "net/upstream_proxy.h"
#include "proxy/driver.h"
#include "wire/http1_connect.h"

namespace tokometer::net {

class Dial;

class DialOwner {
 public:
  // The dial is over in both: its owner disposes of it.
  virtual void on_dialed(Dial& dial, std::unique_ptr<Connection> connection) = 0;
  virtual void on_dial_failed(Dial& dial, proxy::NetError why) = 0;

 protected:
  ~DialOwner() = default;
};

class Dial final : public Disposable, private ConnectionOwner {
 public:
  Dial(IoContext& context, Resolver& resolver, TlsClient& tls, const UpstreamProxies& upstream, const OwnAddresses& own,
       Log& log, const proxy::Origin& origin, proxy::Offer offer, DialOwner& owner);
  ~Dial() override;

  // Never answers from within the call.
  void start();
  // Its owner has no more use for it, and hears nothing of it from here on: it may live until the turn ends.
  void give_up();

 private:
  void on_connected(Connection& connection) override;
  void on_bytes(Connection& connection, std::string_view bytes) override;
  void on_eof(Connection& connection) override;
  void on_closed(Connection& connection, proxy::NetError why) override;
  void on_drained(Connection& connection) override;

  const std::string& name() const { return origin_.address.empty() ? origin_.host : origin_.address; }
  std::string authority() const;
  void on_answer(const Resolver::Answer& answer);
  void try_next();
  bool leads_back(const Address& address) const;
  Result<std::unique_ptr<TlsStream>> open_tls();
  void refused();
  void done();
  void drop_connection();
  void on_time();
  void fail_later(proxy::NetError why);
  void fail(proxy::NetError why);
  void tell(bool at_proxy);

  IoContext& context_;
  Resolver& resolver_;
  TlsClient& tls_;
  const UpstreamProxies& upstream_;
  const OwnAddresses& own_;
  Log& log_;
  const proxy::Origin origin_;
  const proxy::Offer offer_;
  DialOwner& owner_;
  const UpstreamProxy* by_ = nullptr;                 // null: directly
  std::optional<wire::http1::ConnectAnswer> answer_;  // of that one, asked by the connection
  bool tunnelled_ = false;                            // it said yes
  Resolver::Lookup lookup_;
  Resolver::Addresses addresses_;
  std::size_t next_ = 0;
  std::unique_ptr<Connection> connection_;
  Timer timer_;
  SteadyTime deadline_;
  proxy::NetError failure_ = proxy::NetError::kNone;  // of the last address, or what the timer shall report
  std::string reason_;                                // of the failure, in words, for the log
  bool over_ = false;
};

}  // namespace tokometer::net
