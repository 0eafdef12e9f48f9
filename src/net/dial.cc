#include "net/dial.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>

namespace tokometer::net {
namespace {

bool is_of_tls(proxy::NetError why) {
  switch (why) {
    case proxy::NetError::kTls:
    case proxy::NetError::kTlsIssuer:
    case proxy::NetError::kTlsExpired:
    case proxy::NetError::kTlsName:
    case proxy::NetError::kTlsCertificate:
    case proxy::NetError::kDistrusted:
      return true;
    default:
      return false;
  }
}

}  // namespace

Dial::Dial(IoContext& context, Resolver& resolver, TlsClient& tls, const UpstreamProxies& upstream,
           const OwnAddresses& own, Log& log, const proxy::Origin& origin, proxy::Offer offer, DialOwner& owner)
    : context_(context),
      resolver_(resolver),
      tls_(tls),
      upstream_(upstream),
      own_(own),
      log_(log),
      origin_(origin),
      offer_(offer),
      owner_(owner),
      timer_(context.loop.timers(), [this] { on_time(); }) {}

Dial::~Dial() { drop_connection(); }

void Dial::give_up() {
  over_ = true;
  timer_.disarm();
  lookup_ = {};
  drop_connection();
}

void Dial::drop_connection() {
  if (!connection_) return;
  connection_->close(true);
  context_.loop.dispose(std::move(connection_));
}

void Dial::start() {
  deadline_ = context_.loop.steady() + context_.limits.connect_timeout;
  // Who says where a host is means that it is reached there.
  auto address = resolver_.overridden(origin_.host, origin_.port);
  if (!address) by_ = upstream_.of(origin_, offer_);
  if (by_ != nullptr) address = resolver_.overridden(by_->host, by_->port);
  if (address) {
    on_answer(Resolver::Addresses{*address});
    return;
  }
  const std::string& host = by_ != nullptr ? by_->host : name();
  if (const auto known = resolver_.cached(host)) {
    on_answer(*known);
    return;
  }
  timer_.arm(deadline_);
  lookup_ = resolver_.lookup(host, context_.loop.mailbox(), [this](const auto& answer) { on_answer(answer); });
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
    const Address address = found.port() == 0 ? found.with_port(by_ != nullptr ? by_->port : origin_.port) : found;
    std::unique_ptr<TlsStream> stream;
    answer_.reset();
    if (origin_.tls && by_ == nullptr) {
      auto opened = open_tls();
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
    if (leads_back(address)) {
      drop_connection();
      reason_ = fmt::format("that is this proxy itself: give another address in {}",
                            by_ != nullptr ? "upstream_proxy or HTTPS_PROXY" : "origins, base_url or resolve");
      return fail_later(proxy::NetError::kLoop);
    }
    // The rest of the time, in equal shares for the addresses that are left.
    const auto left = deadline_ - context_.loop.steady();
    const auto share = left / static_cast<int>(addresses_.size() - next_ + 1);
    timer_.arm(context_.loop.steady() + share);
    return;
  }
  fail_later(failure_ == proxy::NetError::kNone ? proxy::NetError::kResolve : failure_);
}

bool Dial::leads_back(const Address& address) const {
  const auto local = connection_->local();
  return local && own_.contains(address, *local);
}

void Dial::on_time() {
  if (over_) return fail(failure_);
  drop_connection();
  failure_ = proxy::NetError::kConnectTimeout;
  reason_ = "no connection in time";
  if (context_.loop.steady() >= deadline_ || next_ >= addresses_.size()) return fail(failure_);
  try_next();
}

std::string Dial::authority() const {
  return name().contains(':') ? fmt::format("[{}]:{}", name(), origin_.port)
                              : fmt::format("{}:{}", name(), origin_.port);
}

Result<std::unique_ptr<TlsStream>> Dial::open_tls() {
  return tls_.open(origin_.host, origin_.port, offer_ == proxy::Offer::kAny);
}

// TCP to the proxy stands, or all that the origin needs.
void Dial::on_connected(Connection& connection) {
  if (by_ == nullptr || tunnelled_) return done();
  answer_.emplace();
  connection.send({wire::http1::connect_request(authority(), by_->credentials)});
}

void Dial::done() {
  over_ = true;
  timer_.disarm();
  Counters::add(context_.counters.dialed, std::uint64_t{1});
  owner_.on_dialed(*this, std::move(connection_));
}

// The proxy's answer: bytes before the owner knows of the connection can't be anything else, since it is told first.
void Dial::on_bytes(Connection& connection, std::string_view bytes) {
  if (!answer_) return;
  switch (answer_->read(bytes)) {
    case wire::http1::ConnectAnswer::State::kMore:
      return;
    case wire::http1::ConnectAnswer::State::kRefused:
      return refused();
    case wire::http1::ConnectAnswer::State::kStands:
      break;
  }
  tunnelled_ = true;
  if (!origin_.tls) {
    if (!bytes.empty()) connection.unread(bytes);
    return done();
  }
  auto opened = open_tls();
  if (opened) return connection.secure(std::move(*opened), bytes);
  reason_ = opened.error().message;
  fail(proxy::NetError::kTls);
}

void Dial::refused() {
  const int status = answer_->status();
  reason_ = status == 0 ? "its answer is no HTTP" : fmt::format("it answered CONNECT with status {}", status);
  constexpr int kAuthenticationRequired = 407;
  if (status == kAuthenticationRequired) return fail(proxy::NetError::kProxyUnauthorized);
  fail(status == 0 ? proxy::NetError::kProxy : proxy::NetError::kProxyRefused);
}

void Dial::on_eof(Connection& /*connection*/) {
  if (!answer_) return;
  reason_ = "it closed the connection without an answer";
  fail(proxy::NetError::kProxy);
}

void Dial::on_drained(Connection& /*connection*/) {}

void Dial::on_closed(Connection& /*connection*/, proxy::NetError why) {
  failure_ = why;
  reason_ = "connection refused or unreachable";
  if (is_of_tls(why)) {
    const std::string_view reason = connection_->tls_error();
    reason_ = fmt::format("TLS: {}", reason.empty() ? "the peer broke off the handshake" : reason);
  }
  context_.loop.dispose(std::move(connection_));
  if (is_of_tls(why)) return fail(why);
  if (answer_) {
    reason_ = "it broke the connection off";
    return fail(proxy::NetError::kProxy);
  }
  try_next();
}

// By the timer, since start() and the loop's callbacks may have the owner on the stack.
void Dial::fail_later(proxy::NetError why) {
  over_ = true;
  failure_ = why;
  timer_.arm(context_.loop.steady());
}

void Dial::fail(proxy::NetError why) {
  give_up();
  Counters::add(context_.counters.dial_failures, std::uint64_t{1});
  const bool at_proxy = by_ != nullptr && !tunnelled_;
  if (at_proxy && why == proxy::NetError::kConnectTimeout) why = proxy::NetError::kProxyTimeout;
  if (at_proxy && (why == proxy::NetError::kResolve || why == proxy::NetError::kRefused)) why = proxy::NetError::kProxy;
  tell(at_proxy);
  owner_.on_dial_failed(*this, why);
}

// Where a client of its own accord wants to go is nobody's business: only that the upstream proxy does not serve is
// worth a line.
void Dial::tell(bool at_proxy) {
  if (origin_.is_private && !at_proxy) return;
  const std::string to = origin_.is_private ? "a tunnel" : fmt::format("origin {}:{}", origin_.host, origin_.port);
  const std::string through = at_proxy ? fmt::format(", upstream proxy {}", by_->text()) : std::string();
  const std::string what = fmt::format("{}{}: {}", to, through, reason_);
  log_.once(LogLevel::kWarn, what, what);
}

}  // namespace tokometer::net
