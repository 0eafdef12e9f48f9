#include "net/lingering.h"

#include <cstddef>
#include <string_view>
#include <utility>

#include "net/timer.h"

namespace tokometer::net {

class Lingering::Entry final : public Disposable, private ConnectionOwner {
 public:
  Entry(Lingering& lingering, std::unique_ptr<Connection> connection)
      : lingering_(lingering),
        connection_(std::move(connection)),
        timer_(lingering.context_.loop.timers(), [this] { on_time(); }) {}

  // False if nothing is left to wait for.
  bool start(Entries::iterator place) {
    place_ = place;
    connection_->set_owner(*this);
    connection_->finish();
    queued_ = connection_->queued_bytes();
    if (!connection_->is_open() || (connection_->eof_seen() && queued_ == 0)) return false;
    connection_->pause(false);
    arm();
    return true;
  }

  void close(bool reset) { connection_->close(reset); }

 private:
  void on_connected(Connection& /*connection*/) override {}
  void on_drained(Connection& /*connection*/) override {}
  void on_bytes(Connection& /*connection*/, std::string_view bytes) override {
    dropped_ += bytes.size();
    if (dropped_ > lingering_.context_.limits.linger_max_bytes) lingering_.end(place_, true);
  }
  void on_eof(Connection& connection) override {
    // What is still queued goes on; the timer sees when it is gone.
    if (connection.queued_bytes() == 0) lingering_.end(place_, false);
  }
  void on_closed(Connection& /*connection*/, proxy::NetError /*why*/) override { lingering_.end(place_, false); }

  void arm() {
    const Limits& limits = lingering_.context_.limits;
    timer_.arm(lingering_.context_.loop.steady() + (queued_ > 0 ? limits.linger_send_timeout : limits.linger_timeout));
  }

  void on_time() {
    const std::size_t queued = connection_->queued_bytes();
    const bool waits_for_peer = queued > 0 || !connection_->eof_seen();
    if (queued == queued_ || !waits_for_peer) return lingering_.end(place_, queued > 0);
    queued_ = queued;
    arm();
  }

  Lingering& lingering_;
  std::unique_ptr<Connection> connection_;
  Timer timer_;
  Entries::iterator place_;
  std::size_t queued_ = 0;  // when the timer was armed
  std::size_t dropped_ = 0;
};

Lingering::Lingering(IoContext& context, std::function<void()> emptied)
    : context_(context), emptied_(std::move(emptied)) {}

Lingering::~Lingering() { close(); }

void Lingering::add(std::unique_ptr<Connection> connection) {
  entries_.push_back(std::make_unique<Entry>(*this, std::move(connection)));
  const auto place = std::prev(entries_.end());
  if (!(*place)->start(place)) return end(place, false);
  if (entries_.size() > context_.limits.max_lingering) end(entries_.begin(), true);
  context_.counters.lingering.store(entries_.size(), std::memory_order_relaxed);
}

void Lingering::close() {
  while (!entries_.empty()) end(entries_.begin(), true);
}

void Lingering::end(Entries::iterator entry, bool reset) {
  (*entry)->close(reset);
  context_.loop.dispose(std::move(*entry));
  entries_.erase(entry);
  context_.counters.lingering.store(entries_.size(), std::memory_order_relaxed);
  if (entries_.empty()) emptied_();
}

}  // namespace tokometer::net
