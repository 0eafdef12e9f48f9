#include "net/dial.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>

namespace tokometer::net {

Dial::Dial(IoContext& context, Resolver& resolver, TlsClient& tls, Log& log, const proxy::Origin& origin,
           proxy::Offer offer, DialOwner& owner)
    : context_(context),
      resolver_(resolver),
      tls_(tls),
      log_(log),
      origin_(origin),
      offer_(offer),
      owner_(owner),
      timer_(context.loop.timers(), [this] { on_time(); }) {}

Dial::~Dial() {
  if (!connection_) return;
  connection_->close(true);
  context_.loop.dispose(std::move(connection_));
}

void Dial::start() {
  deadline_ = context_.loop.steady() + context_.limits.connect_timeout;
  if (const auto address = resolver_.overridden(origin_.host, origin_.port)) {
    on_answer(Resolver::Addresses{*address});
    return;
  }
  if (const auto known = resolver_.cached(name())) {
    on_answer(*known);
    return;
  }
  timer_.arm(deadline_);
  lookup_ = resolver_.lookup(name(), context_.loop.mailbox(), [this](const auto& answer) { on_answer(answer); });
}

void Dial::on_answer(const Resolver::Answer& answer) {
  if (!answer) {
    reason_ = answer.error().message;
    return fail_later(proxy::NetError::kResolve);
  }
  addresses_ = *answer;
  try_next();
}

void Dial::try_next() {
  while (next_ < addresses_.size()) {
    const Address& found = addresses_[next_++];
    const Address address = found.port() == 0 ? found.with_port(origin_.port) : found;
    std::unique_ptr<TlsStream> stream;
    if (origin_.tls) {
      auto opened = tls_.open(origin_.host, origin_.port, offer_ == proxy::Offer::kAny);
      if (!opened) {
        reason_ = opened.error().message;
        return fail_later(proxy::NetError::kTls);
      }
      stream = std::move(*opened);
    }
    auto opened = Connection::open(context_, address, std::move(stream), *this);
    if (!opened) {
      reason_ = opened.error().message;
      if (opened.error().code == ErrorCode::kTooLarge) return fail_later(proxy::NetError::kLimit);
      failure_ = proxy::NetError::kRefused;
      continue;
    }
    connection_ = std::move(*opened);
    // The rest of the time, in equal shares for the addresses that are left.
    const auto left = deadline_ - context_.loop.steady();
    const auto share = left / static_cast<int>(addresses_.size() - next_ + 1);
    timer_.arm(context_.loop.steady() + share);
    return;
  }
  fail_later(failure_ == proxy::NetError::kNone ? proxy::NetError::kResolve : failure_);
}

void Dial::on_time() {
  if (over_) return fail(failure_);
  if (connection_) {
    connection_->close(true);
    context_.loop.dispose(std::move(connection_));
  }
  failure_ = proxy::NetError::kConnectTimeout;
  reason_ = "no connection in time";
  if (context_.loop.steady() >= deadline_ || next_ >= addresses_.size()) return fail(failure_);
  try_next();
}

void Dial::on_connected(Connection& /*connection*/) {
  over_ = true;
  timer_.disarm();
  Counters::add(context_.counters.dialed, std::uint64_t{1});
  owner_.on_dialed(*this, std::move(connection_));
}

// Bytes before the owner knows of the connection can't be: it is told first.
void Dial::on_bytes(Connection& /*connection*/, std::string_view /*bytes*/) {}
void Dial::on_eof(Connection& /*connection*/) {}
void Dial::on_drained(Connection& /*connection*/) {}

void Dial::on_closed(Connection& /*connection*/, proxy::NetError why) {
  failure_ = why;
  reason_ = "connection refused or unreachable";
  if (why == proxy::NetError::kTls) {
    const std::string_view reason = connection_->tls_error();
    reason_ = fmt::format("TLS: {}", reason.empty() ? "the peer broke off the handshake" : reason);
  }
  context_.loop.dispose(std::move(connection_));
  if (why == proxy::NetError::kTls) return fail(why);
  try_next();
}

// By the timer, since start() and the loop's callbacks may have the owner on the stack.
void Dial::fail_later(proxy::NetError why) {
  over_ = true;
  failure_ = why;
  timer_.arm(context_.loop.steady());
}

void Dial::fail(proxy::NetError why) {
  over_ = true;
  timer_.disarm();
  Counters::add(context_.counters.dial_failures, std::uint64_t{1});
  const std::string what = fmt::format("origin {}:{}: {}", origin_.host, origin_.port, reason_);
  log_.once(LogLevel::kWarn, what, what);
  owner_.on_dial_failed(*this, why);
}

}  // namespace tokometer::net
