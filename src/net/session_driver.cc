#include "net/session_driver.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace tokometer::net {

SessionDriver::SessionDriver(SessionContext& context, std::shared_ptr<proxy::SessionFactory> factory)
    : context_(context),
      factory_(std::move(factory)),
      timer_(context.io.loop.timers(), [this] { on_time(); }),
      turn_end_(*this) {
  deadlines_.fill(SteadyTime::max());
}

SessionDriver::~SessionDriver() {
  session_.reset();  // its last commands still find us
  context_.io.loop.forget(turn_end_);
  Counters::subtract(context_.io.counters.origins, origins_.size());
}

Result<void> SessionDriver::start(Fd client) {
  auto connection = Connection::accepted(context_.io, std::move(client), *this);
  if (!connection) return fail(connection.error());
  client_ = std::move(*connection);
  session_ = factory_->open(*this);
  settle();
  return {};
}

void SessionDriver::shutdown() {
  if (ended_) return;
  session_->on_shutdown();
  settle();
}

void SessionDriver::abort() {
  if (ended_) return;
  if (client_) {
    drop(std::move(client_), proxy::Close::kReset);
    session_->on_closed(proxy::kClient, proxy::NetError::kStopped);
  }
  settle();
  if (ended_) return;
  ended_ = true;
  context_.ended(*this);
}

proxy::ConnId SessionDriver::connect(const proxy::Origin& origin, proxy::Reuse reuse, proxy::Offer offer) {
  const proxy::ConnId id = ++last_id_;
  auto& counters = context_.io.counters;
  if (counters.origins.load(std::memory_order_relaxed) >= context_.io.limits.max_origin_connections) {
    pending_.push_back({id, proxy::NetError::kLimit});
    return id;
  }
  OriginSlot& slot = origins_.emplace_back();
  slot.id = id;
  slot.origin = origin;
  Counters::add(counters.origins, std::size_t{1});
  if (reuse == proxy::Reuse::kAllowed) {
    auto taken = context_.pool.take(origin, offer);
    slot.connection = std::move(taken.connection);
    slot.idle = std::move(taken.idle);
  }
  if (slot.connection) {
    slot.connection->set_owner(*this);
    pending_.push_back({id, proxy::NetError::kNone});
  } else {
    slot.dial = std::make_unique<Dial>(context_.io, context_.resolver, context_.tls, context_.upstream, context_.own,
                                       context_.log, origin, offer, static_cast<DialOwner&>(*this));
    slot.dial->start();
  }
  return id;
}

void SessionDriver::release(proxy::ConnId id, std::unique_ptr<proxy::IdleConnection> idle) {
  OriginSlot* found = slot(id);
  TOKOMETER_CHECK(found != nullptr && found->connection != nullptr);
  context_.pool.put(found->origin, std::move(found->connection), std::move(idle));
  erase_origin(id);
}

bool SessionDriver::send(proxy::ConnId id, std::initializer_list<std::string_view> pieces) {
  Connection* to = connection(id);
  return to == nullptr || to->send(pieces);
}

void SessionDriver::close(proxy::ConnId id, proxy::Close how) {
  if (how == proxy::Close::kHalf) {
    if (Connection* half = connection(id)) half->finish();
    return;
  }
  if (id == proxy::kClient) {
    if (client_) drop(std::move(client_), how);
    return;
  }
  std::erase_if(pending_, [id](const Pending& pending) { return pending.id == id; });
  OriginSlot* found = slot(id);
  if (found == nullptr) return;
  if (found->dial) {
    found->dial->give_up();
    context_.io.loop.dispose(std::move(found->dial));
  }
  if (found->connection) drop(std::move(found->connection), how);
  erase_origin(id);
}

bool SessionDriver::vouches_for(std::string_view name) {
  return context_.tls_server == nullptr || context_.tls_server->vouches_for(name);
}

void SessionDriver::secure(std::string_view name, std::string_view received) {
  if (!client_) return;
  auto stream = context_.tls_server == nullptr ? fail(ErrorCode::kUnsupported, "TLS to clients: not set up")
                                               : context_.tls_server->open(name);
  if (stream) return client_->secure(std::move(*stream), received);
  context_.log.once(LogLevel::kError, "tls server", stream.error().message);
  drop(std::move(client_), proxy::Close::kReset);
  pending_.push_back({proxy::kClient, proxy::NetError::kTls});
}

void SessionDriver::join(proxy::ConnId id) {
  Connection* const to = connection(id);
  if (client_ && to != nullptr) client_->join(*to);
}

proxy::Traffic SessionDriver::traffic(proxy::ConnId id) {
  const Connection* const found = connection(id);
  return found == nullptr ? proxy::Traffic() : found->traffic();
}

void SessionDriver::pause(proxy::ConnId id, bool paused) {
  if (Connection* found = connection(id)) found->pause(paused);
}

void SessionDriver::arm(proxy::Timer timer, std::chrono::milliseconds delay) {
  SteadyTime& deadline = deadlines_[static_cast<std::size_t>(timer)];
  deadline = delay.count() == 0 ? SteadyTime::max() : steady() + delay;
  // A later time, or none, is found out when the earliest one known comes.
  if (deadline < deadline_) {
    deadline_ = deadline;
    timer_.arm(deadline);
  }
}

// Only of the client, when its TLS stands: for those to origins Dial waits.
void SessionDriver::on_connected(Connection& connection) {
  session_->on_secured(connection.protocol() == "h2" ? proxy::Protocol::kHttp2 : proxy::Protocol::kHttp1);
  settle();
}

void SessionDriver::on_bytes(Connection& connection, std::string_view bytes) {
  session_->on_bytes(id_of(connection), bytes);
  settle();
}

void SessionDriver::on_eof(Connection& connection) {
  session_->on_eof(id_of(connection));
  settle();
}

void SessionDriver::on_closed(Connection& connection, proxy::NetError why) {
  const proxy::ConnId id = id_of(connection);
  if (id == proxy::kClient) {
    context_.io.loop.dispose(std::move(client_));
  } else {
    context_.io.loop.dispose(std::move(slot(id)->connection));
    // A pooled connection may die before the session has heard of it: one word is enough.
    std::erase_if(pending_, [id](const Pending& pending) { return pending.id == id; });
    erase_origin(id);
  }
  session_->on_closed(id, why);
  settle();
}

void SessionDriver::on_drained(Connection& connection) {
  session_->on_drained(id_of(connection));
  settle();
}

void SessionDriver::on_dialed(Dial& dial, std::unique_ptr<Connection> connection) {
  const auto found = std::ranges::find(origins_, &dial, [](const OriginSlot& slot) { return slot.dial.get(); });
  TOKOMETER_CHECK(found != origins_.end());
  const proxy::ConnId id = found->id;
  connection->set_owner(*this);
  found->connection = std::move(connection);
  context_.io.loop.dispose(std::move(found->dial));
  const bool http2 = found->connection->protocol() == "h2";
  session_->on_connected(id, {.reused = false, .protocol = http2 ? proxy::Protocol::kHttp2 : proxy::Protocol::kHttp1});
  settle();
}

void SessionDriver::on_dial_failed(Dial& dial, proxy::NetError why) {
  const auto found = std::ranges::find(origins_, &dial, [](const OriginSlot& slot) { return slot.dial.get(); });
  TOKOMETER_CHECK(found != origins_.end());
  const proxy::ConnId id = found->id;
  context_.io.loop.dispose(std::move(found->dial));
  erase_origin(id);
  session_->on_closed(id, why);
  settle();
}

void SessionDriver::on_time() {
  for (std::size_t i = 0; i < deadlines_.size() && !ended_; ++i) {
    if (deadlines_[i] > steady()) continue;
    deadlines_[i] = SteadyTime::max();
    session_->on_timer(static_cast<proxy::Timer>(i));
    settle();
  }
  if (ended_) return;
  deadline_ = *std::ranges::min_element(deadlines_);
  if (deadline_ != SteadyTime::max()) timer_.arm(deadline_);
}

void SessionDriver::on_turn_end() {
  if (ended_) return;
  session_->on_turn_end();
  settle();
}

// Ends every call into the session: tells what its commands have caused, and
// lets go of it when it is done.
void SessionDriver::settle() {
  if (ended_) return;
  while (!pending_.empty()) {
    const Pending next = pending_.front();
    pending_.erase(pending_.begin());
    if (next.error == proxy::NetError::kNone) {
      OriginSlot* const found = slot(next.id);
      const bool http2 = found->idle != nullptr;
      session_->on_connected(next.id, {.reused = true,
                                       .protocol = http2 ? proxy::Protocol::kHttp2 : proxy::Protocol::kHttp1,
                                       .idle = std::move(found->idle)});
    } else {
      session_->on_closed(next.id, next.error);
    }
  }
  if (!session_->done()) return;
  ended_ = true;
  timer_.disarm();
  context_.ended(*this);
}

SessionDriver::OriginSlot* SessionDriver::slot(proxy::ConnId id) {
  const auto found = std::ranges::find(origins_, id, &OriginSlot::id);
  return found == origins_.end() ? nullptr : &*found;
}

// Null for a connection that is gone or not there yet.
Connection* SessionDriver::connection(proxy::ConnId id) {
  if (id == proxy::kClient) return client_.get();
  const OriginSlot* found = slot(id);
  return found == nullptr ? nullptr : found->connection.get();
}

proxy::ConnId SessionDriver::id_of(const Connection& connection) const {
  if (client_.get() == &connection) return proxy::kClient;
  const auto found =
      std::ranges::find(origins_, &connection, [](const OriginSlot& slot) { return slot.connection.get(); });
  TOKOMETER_CHECK(found != origins_.end());
  return found->id;
}

void SessionDriver::erase_origin(proxy::ConnId id) {
  std::erase_if(origins_, [id](const OriginSlot& slot) { return slot.id == id; });
  Counters::subtract(context_.io.counters.origins, std::size_t{1});
}

void SessionDriver::drop(std::unique_ptr<Connection> connection, proxy::Close how) {
  if (how == proxy::Close::kGraceful) {
    context_.lingering.add(std::move(connection));
    return;
  }
  connection->close(true);
  context_.io.loop.dispose(std::move(connection));
}

}  // namespace tokometer::net
