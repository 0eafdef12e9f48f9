#include "net/worker.h"

#include <pthread.h>
#include <algorithm>
#include <csignal>
#include <system_error>
#include <utility>

#include "base/check.h"

namespace tokometer::net {

Result<std::unique_ptr<Worker>> Worker::open(const Limits& limits, const Clock& clock, Log& log, const Outside& outside,
                                             std::vector<Listener> listeners) {
  auto loop = Loop::open(clock);
  if (!loop) return fail(loop.error());
  return std::unique_ptr<Worker>(new Worker(std::move(*loop), limits, log, outside, std::move(listeners)));
}

Worker::Worker(std::unique_ptr<Loop> loop, const Limits& limits, Log& log, const Outside& outside,
               std::vector<Listener> listeners)
    : loop_(std::move(loop)),
      log_(log),
      io_(*loop_, limits),
      pool_(io_),
      lingering_(io_, [this] { stop_when_idle(); }),
      context_{.io = io_,
               .pool = pool_,
               .lingering = lingering_,
               .resolver = outside.resolver,
               .tls = outside.tls,
               .upstream = outside.upstream,
               .own = outside.own,
               .tls_server = outside.tls_server,
               .log = log,
               .ended = [this](SessionDriver& driver) { on_ended(driver); }},
      listeners_(std::move(listeners)),
      drain_(loop_->timers(), [this] { abort_all(); }) {}

Worker::~Worker() {
  if (thread_.joinable()) {
    shutdown(std::chrono::milliseconds(0));
    join();
  }
  clear();
}

Result<void> Worker::start(std::shared_ptr<proxy::SessionFactory> factory) {
  TOKOMETER_CHECK(!thread_.joinable());
  factory_ = std::move(factory);
  for (Listener& listener : std::exchange(listeners_, {})) {
    acceptors_.push_back(
        std::make_unique<Acceptor>(io_, log_, std::move(listener), [this](Fd client) { accept(std::move(client)); }));
    if (auto started = acceptors_.back()->start(); !started) return started;
  }
  // Signals are the main thread's; what this thread starts inherits that.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  Result<void> result;
  try {
    thread_ = std::thread([this] { loop_->run(); });
  } catch (const std::system_error& error) {
    result = fail(io_error("start a thread", error.code().value()));
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return result;
}

void Worker::reload(std::shared_ptr<proxy::SessionFactory> factory) {
  loop_->mailbox()->post([this, factory = std::move(factory)]() mutable { factory_ = std::move(factory); });
}

void Worker::shutdown(std::chrono::milliseconds drain) {
  loop_->mailbox()->post([this, drain] {
    stop_accepting();
    pool_.close();
    if (!std::exchange(stopping_, true)) {
      for (auto session = sessions_.begin(); session != sessions_.end();) (*session++)->shutdown();
    }
    drain_.arm(loop_->steady() + drain);
    stop_when_idle();
  });
}

void Worker::join() {
  if (thread_.joinable()) thread_.join();
}

void Worker::accept(Fd client) {
  Counters::add(io_.counters.accepted, std::uint64_t{1});
  const auto place = sessions_.insert(sessions_.end(), std::make_unique<SessionDriver>(context_, factory_));
  SessionDriver& driver = **place;
  driver.set_place(place);
  io_.counters.clients.store(sessions_.size(), std::memory_order_relaxed);
  hold_accepting();
  if (auto started = driver.start(std::move(client)); !started) {
    log_.once(LogLevel::kWarn, "session", started.error().message);
    on_ended(driver);
  }
}

void Worker::on_ended(SessionDriver& driver) {
  const auto place = driver.place();
  loop_->dispose(std::move(*place));
  sessions_.erase(place);
  io_.counters.clients.store(sessions_.size(), std::memory_order_relaxed);
  hold_accepting();
  stop_when_idle();
}

void Worker::stop_accepting() {
  for (auto& acceptor : acceptors_) {
    acceptor->close();
    loop_->dispose(std::move(acceptor));
  }
  acceptors_.clear();
}

void Worker::hold_accepting() {
  const bool full = sessions_.size() >= io_.limits.max_clients;
  for (const auto& acceptor : acceptors_) acceptor->hold(full);
}

void Worker::abort_all() {
  while (!sessions_.empty()) sessions_.front()->abort();
  lingering_.close();
  loop_->stop();
}

void Worker::stop_when_idle() {
  if (!stopping_ || !sessions_.empty()) return;
  if (lingering_.empty()) {
    loop_->stop();
  } else if (drain_.armed()) {
    // Whoever closed properly gets a moment to read our last words.
    drain_.arm(std::min(drain_.when(), loop_->steady() + io_.limits.shutdown_linger_timeout));
  }
}

// What the thread left behind, before the loop goes.
void Worker::clear() {
  stopping_ = false;
  stop_accepting();
  while (!sessions_.empty()) sessions_.front()->abort();
  pool_.close();
  lingering_.close();
  loop_->destroy_disposed();
}

}  // namespace tokometer::net
