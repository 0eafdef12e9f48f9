#include "net/pool.h"

#include <algorithm>
#include <utility>

namespace tokometer::net {

Pool::Pool(IoContext& context) : context_(context), expiry_(context.loop.timers(), [this] { expire(); }) {}

Pool::~Pool() { close(); }

Pool::Taken Pool::take(const proxy::Origin& origin, proxy::Offer offer) {
  const auto found = idle_.find(origin);
  if (found == idle_.end()) return {};
  auto& list = found->second;
  auto newest = list.rbegin();
  while (newest != list.rend() && offer == proxy::Offer::kHttp1 && newest->idle != nullptr) ++newest;
  if (newest == list.rend()) return {};
  Taken taken{.connection = std::move(newest->connection), .idle = std::move(newest->idle)};
  // The emptied list stays: its origin is about to be used again.
  list.erase(std::next(newest).base());
  set_size(size_ - 1);
  Counters::add(context_.counters.reused, std::uint64_t{1});
  return taken;
}

void Pool::put(const proxy::Origin& origin, std::unique_ptr<Connection> connection,
               std::unique_ptr<proxy::IdleConnection> idle) {
  connection->pause(false);
  auto& list = idle_[origin];
  if (closed_ || !connection->is_reusable(idle != nullptr) || size_ >= context_.limits.max_idle ||
      list.size() >= context_.limits.max_idle_per_origin) {
    connection->close(false);
    context_.loop.dispose(std::move(connection));
    return;
  }
  connection->set_owner(*this);
  const SteadyTime until = context_.loop.steady() + context_.limits.idle_timeout;
  list.push_back({std::move(connection), std::move(idle), until});
  set_size(size_ + 1);
  if (!expiry_.armed()) expiry_.arm(until);
}

void Pool::close() {
  closed_ = true;
  for (auto& [origin, list] : idle_) {
    for (Idle& idle : list) {
      idle.connection->close(false);
      context_.loop.dispose(std::move(idle.connection));
    }
  }
  idle_.clear();
  expiry_.disarm();
  set_size(0);
}

void Pool::on_connected(Connection& /*connection*/) {}
void Pool::on_drained(Connection& /*connection*/) {}
// In HTTP/1.1 nothing was asked, so nothing may be said (but 408, which ends it too).
void Pool::on_bytes(Connection& connection, std::string_view bytes) {
  const Idle* const idle = find(connection);
  std::string out;
  const bool good =
      idle != nullptr && idle->idle != nullptr && idle->idle->on_idle_bytes(bytes, context_.loop.steady(), out);
  if (!out.empty()) connection.send({out});
  if (!good) drop(connection);
}
void Pool::on_eof(Connection& connection) { drop(connection); }
void Pool::on_closed(Connection& connection, proxy::NetError /*why*/) { drop(connection); }

Pool::Idle* Pool::find(const Connection& connection) {
  for (auto& [origin, list] : idle_) {
    const auto found = std::ranges::find(list, &connection, [](const Idle& idle) { return idle.connection.get(); });
    if (found != list.end()) return &*found;
  }
  return nullptr;
}

void Pool::drop(Connection& connection) {
  connection.close(false);
  for (auto& [origin, list] : idle_) {
    const auto found = std::ranges::find(list, &connection, [](const Idle& idle) { return idle.connection.get(); });
    if (found == list.end()) continue;
    context_.loop.dispose(std::move(found->connection));
    list.erase(found);
    set_size(size_ - 1);
    return;
  }
}

void Pool::expire() {
  const SteadyTime now = context_.loop.steady();
  SteadyTime next = SteadyTime::max();
  for (auto entry = idle_.begin(); entry != idle_.end();) {
    auto& list = entry->second;
    const auto fresh = std::ranges::find_if(list, [&](const Idle& idle) { return idle.until > now; });
    for (auto old = list.begin(); old != fresh; ++old) {
      old->connection->close(false);
      context_.loop.dispose(std::move(old->connection));
      set_size(size_ - 1);
    }
    list.erase(list.begin(), fresh);
    if (!list.empty()) next = std::min(next, list.front().until);
    entry = list.empty() ? idle_.erase(entry) : std::next(entry);
  }
  if (next != SteadyTime::max()) expiry_.arm(next);
}

void Pool::set_size(std::size_t size) {
  size_ = size;
  context_.counters.idle.store(size, std::memory_order_relaxed);
}

std::size_t Pool::OriginHash::operator()(const proxy::Origin& origin) const {
  return std::hash<std::string_view>()(origin.host) ^ (std::size_t{origin.port} << 1U) ^ (origin.tls ? 1U : 0U);
}

}  // namespace tokometer::net
