#include "net/connection.h"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "base/check.h"
#include "net/socket.h"

namespace tokometer::net {
namespace {

// Pieces of one system call; more take another.
constexpr std::size_t kPiecesPerWrite = 16;

bool would_block(int error) { return error == EAGAIN || error == EWOULDBLOCK; }

}  // namespace

Result<std::unique_ptr<Connection>> Connection::accepted(IoContext& context, Fd fd, ConnectionOwner& owner) {
  std::unique_ptr<Connection> connection(new Connection(context, std::move(fd), nullptr, owner, State::kEstablished));
  if (auto watched = context.loop.watch(connection->fd_.number(), *connection); !watched) {
    return tokometer::fail(watched.error());
  }
  return connection;
}

Result<std::unique_ptr<Connection>> Connection::open(IoContext& context, const Address& address,
                                                     std::unique_ptr<TlsStream> tls, ConnectionOwner& owner) {
  Fd fd = stream_socket(address);
  if (!fd) {
    const int number = errno;  // what follows may set it anew
    Error error = io_error("socket", number);
    if (number == EMFILE || number == ENFILE) error.code = ErrorCode::kTooLarge;
    return tokometer::fail(std::move(error));
  }
  const int error = begin_connect(fd.number(), address);
  if (error != 0 && error != EINPROGRESS) return tokometer::fail(io_error("connect to " + address.text(), error));
  std::unique_ptr<Connection> connection(
      new Connection(context, std::move(fd), std::move(tls), owner, State::kConnecting));
  // Not before connect: an unconnected socket counts as hung up.
  if (auto watched = context.loop.watch(connection->fd_.number(), *connection); !watched) {
    return tokometer::fail(watched.error());
  }
  return connection;
}

Connection::Connection(IoContext& context, Fd fd, std::unique_ptr<TlsStream> tls, ConnectionOwner& owner, State state)
    : context_(context),
      owner_(&owner),
      tls_(std::move(tls)),
      fd_(std::move(fd)),
      state_(state),
      heard_(context.loop.steady()) {}

Connection::~Connection() {
  part();
  context_.loop.forget(*this);
}

std::string Connection::peer() const {
  const auto address = peer_address(fd_.number());
  if (!address || address->family() == Address::Family::kUnix) return {};
  return address->with_port(0).text();
}

void Connection::join(Connection& to) {
  TOKOMETER_CHECK(!tls_ && !to.tls_ && joined_ == nullptr && to.joined_ == nullptr);
  joined_ = &to;
  to.joined_ = this;
}

bool Connection::send(std::initializer_list<std::string_view> pieces) {
  if (!fd_ || write_broken_ || finish_wanted_) return true;
  TOKOMETER_CHECK(state_ == State::kEstablished);
  if (tls_) {
    context_.ciphertext.clear();
    if (tls_->send(pieces, context_.ciphertext) == TlsStream::Status::kFailed) {
      write_failed();
    } else {
      write({context_.ciphertext});
    }
  } else {
    write(pieces);
  }
  if (queued_bytes() > context_.limits.send_high_water_bytes) above_high_water_ = true;
  return !above_high_water_;
}

void Connection::secure(std::unique_ptr<TlsStream> tls, std::string_view received) {
  TOKOMETER_CHECK(!tls_ && state_ == State::kEstablished);
  tls_ = std::move(tls);
  state_ = State::kSecuring;
  early_ = received;
  paused_ = false;
  context_.loop.again(*this);
}

void Connection::unread(std::string_view bytes) {
  early_ = bytes;
  context_.loop.again(*this);
}

void Connection::pause(bool paused) {
  if (paused_ == paused) return;
  paused_ = paused;
  if (!paused_ && (readable_ || eof_pending_ || !early_.empty())) context_.loop.again(*this);
}

void Connection::finish() {
  if (!fd_ || finish_wanted_) return;
  finish_wanted_ = true;
  if (tls_ && state_ == State::kEstablished && !write_broken_) {
    context_.ciphertext.clear();
    tls_->close(context_.ciphertext);
    write({context_.ciphertext});
  }
  finish_if_flushed();
}

void Connection::close(bool reset) {
  if (!fd_) return;
  part();
  if (reset) reset_on_close(fd_.number());
  fd_.close();
}

bool Connection::is_reusable(bool may_say) const {
  return fd_ && state_ == State::kEstablished && queued_bytes() == 0 && (may_say || !readable_) && early_.empty() &&
         !ended_ && !eof_pending_ && !finish_wanted_ && !write_broken_;
}

void Connection::on_ready(Ready ready) {
  if (!fd_) return;  // closed earlier in this turn
  if (state_ == State::kConnecting) {
    const int error = ready.ended ? pending_error(fd_.number()) : 0;
    if (error != 0) {
      fail(error == ETIMEDOUT ? proxy::NetError::kConnectTimeout : proxy::NetError::kRefused);
      return;
    }
    if (!ready.writable) return;
    on_reached();
  } else if (state_ == State::kSecuring) {
    on_reached();
  }
  if (!fd_) return;
  readable_ = readable_ || ready.readable;
  ended_ = ended_ || ready.ended;
  if (ready.writable && queued_bytes() > 0) flush();
  if (ready.writable && joined_ != nullptr) joined_->resume_splicing();
  if (fd_ && !paused_ && !early_.empty()) deliver(std::exchange(early_, {}));
  if (may_deliver()) read();
  if (!fd_) return;
  // After a failed write, whatever the peer said before it broke off has now been read.
  if (write_broken_ && (paused_ || !readable_)) return fail(proxy::NetError::kReset);
  if (ready.broken && (eof_ || ((paused_ || pipe_) && lost_while_paused()))) return fail(proxy::NetError::kReset);
}

// What is below TLS stands.
void Connection::on_reached() {
  if (!tls_) return on_established();
  state_ = State::kHandshaking;
  context_.ciphertext.clear();
  if (tls_->start(context_.ciphertext) == TlsStream::Status::kFailed) return fail(proxy::NetError::kTls);
  write({context_.ciphertext});
}

void Connection::on_established() {
  heard_ = context_.loop.steady();
  state_ = State::kEstablished;
  owner_->on_connected(*this);
}

void Connection::count_read(std::size_t bytes) {
  heard_ = context_.loop.steady();
  Counters::add(context_.counters.bytes_read, std::uint64_t{bytes});
}

// Not past what waits to be delivered first.
bool Connection::may_deliver() const {
  return fd_ && !paused_ && early_.empty() && !pipe_ && state_ != State::kSecuring;
}

void Connection::read() {
  for (int reads = 0; may_deliver() && readable_; ++reads) {
    if (reads == context_.limits.reads_per_turn) return context_.loop.again(*this);
    if (much_ && takes_spliced()) {
      splice();
      continue;
    }
    auto& buffer = context_.read_buffer;
    const ssize_t count = read_some(fd_.number(), buffer);
    if (count < 0) {
      if (!would_block(errno)) return fail(broken_off());
      readable_ = false;
    } else if (count == 0) {
      readable_ = false;
      if (eof_pending_) break;
      // An end after a failed write, or one that TLS does not vouch for
      // (RFC 8446, 6.1), is a break.
      if (write_broken_ || tls_) return fail(broken_off());
      eof_pending_ = true;
    } else {
      const auto size = static_cast<std::size_t>(count);
      count_read(size);
      // A short read has emptied the socket, unless FIN or an error follows:
      // new bytes will be announced. This saves the read that finds nothing.
      if (size < buffer.size() && !ended_) readable_ = false;
      much_ = size == buffer.size();
      deliver({buffer.data(), size});
    }
  }
  if (may_deliver() && eof_pending_ && !eof_) end_of_stream();
}

// Whether bytes may go from here to the other without being read.
bool Connection::takes_spliced() const {
  return joined_ != nullptr && joined_->fd_ && joined_->queued_bytes() == 0 && !joined_->finish_wanted_ &&
         !joined_->write_broken_;
}

void Connection::splice() {
  pipe_ = context_.pipes.take();
  if (!pipe_) {
    much_ = false;  // until a read says so again
    return;
  }
  const ssize_t count = pipe_->fill(fd_.number());
  const int error = errno;
  if (count > 0) {
    count_read(static_cast<std::size_t>(count));
    return drain_pipe();
  }
  drop_pipe();
  readable_ = false;
  much_ = false;
  if (count == 0) {
    eof_pending_ = true;
  } else if (!would_block(error)) {
    fail(proxy::NetError::kReset);
  }
}

// Until the other takes no more.
void Connection::drain_pipe() {
  while (!pipe_->empty()) {
    const ssize_t count = pipe_->drain(joined_->fd_.number());
    if (count <= 0) {
      if (count < 0 && would_block(errno)) return;
      drop_pipe();
      joined_->write_failed();
      return;
    }
    Counters::add(context_.counters.bytes_written, static_cast<std::uint64_t>(count));
  }
  drop_pipe();
}

// The other takes bytes again.
void Connection::resume_splicing() {
  if (!pipe_) return;
  drain_pipe();
  if (!pipe_ && (readable_ || eof_pending_)) context_.loop.again(*this);
}

void Connection::drop_pipe() {
  if (pipe_) context_.pipes.give_back(std::move(pipe_));
}

void Connection::part() {
  if (joined_ == nullptr) return;
  for (Connection* const one : {this, joined_}) {
    one->drop_pipe();
    one->much_ = false;
  }
  joined_->joined_ = nullptr;
  joined_ = nullptr;
}

void Connection::deliver(std::string_view bytes) {
  if (tls_) return deliver_tls(bytes);
  owner_->on_bytes(*this, bytes);
}

void Connection::deliver_tls(std::string_view bytes) {
  if (eof_pending_) return;  // nothing counts after close_notify
  context_.plaintext.clear();
  context_.ciphertext.clear();
  const auto status = tls_->receive(bytes, context_.plaintext, context_.ciphertext);
  // Also what remains to be said when it failed: the alert.
  if (!context_.ciphertext.empty()) write({context_.ciphertext});
  if (status == TlsStream::Status::kFailed) {
    return fail(tls_failure());
  }
  if (state_ == State::kHandshaking && tls_->is_established()) on_established();
  if (fd_ && state_ == State::kHandshaking && status == TlsStream::Status::kClosed) return fail(broken_off());
  if (fd_ && !context_.plaintext.empty()) owner_->on_bytes(*this, context_.plaintext);
  if (status == TlsStream::Status::kClosed) eof_pending_ = true;
}

void Connection::end_of_stream() {
  eof_ = true;
  watch_over_peer(fd_.number());
  owner_->on_eof(*this);
}

// Broken, and nothing left that a resumed reader could get.
bool Connection::lost_while_paused() const {
  char byte = 0;
  return ::recv(fd_.number(), &byte, 1, MSG_PEEK) < 0 && !would_block(errno);
}

void Connection::write(std::initializer_list<std::string_view> pieces) {
  if (write_broken_) return;
  const auto* next = pieces.begin();
  while (next != pieces.end() && queued_bytes() == 0) {
    std::array<iovec, kPiecesPerWrite> vectors;
    std::size_t used = 0;
    std::size_t size = 0;
    for (; next != pieces.end() && used < vectors.size(); ++next) {
      if (next->empty()) continue;
      vectors[used++] = {const_cast<char*>(next->data()), next->size()};  // iovec is for reading too
      size += next->size();
    }
    if (used == 0) return;
    const ssize_t result = write_some(fd_.number(), std::span(vectors).first(used));
    if (result < 0 && !would_block(errno)) return write_failed();
    auto sent = static_cast<std::size_t>(std::max<ssize_t>(result, 0));
    Counters::add(context_.counters.bytes_written, std::uint64_t{sent});
    if (sent == size) continue;
    for (std::size_t i = 0; i < used; ++i) {
      const std::size_t skipped = std::min(sent, vectors[i].iov_len);
      sent -= skipped;
      out_.append(static_cast<const char*>(vectors[i].iov_base) + skipped, vectors[i].iov_len - skipped);
    }
  }
  for (; next != pieces.end(); ++next) out_.append(*next);
}

void Connection::flush() {
  const iovec vector{out_.data() + out_sent_, queued_bytes()};
  const ssize_t result = write_some(fd_.number(), {&vector, 1});
  if (result < 0) {
    if (!would_block(errno)) write_failed();
    return;
  }
  out_sent_ += static_cast<std::size_t>(result);
  Counters::add(context_.counters.bytes_written, static_cast<std::uint64_t>(result));
  if (queued_bytes() == 0) {
    out_ = std::string();  // gives the memory back
    out_sent_ = 0;
    finish_if_flushed();
  } else if (out_sent_ > out_.size() / 2) {
    out_.erase(0, out_sent_);
    out_sent_ = 0;
  }
  if (above_high_water_ && queued_bytes() < context_.limits.send_low_water_bytes) {
    above_high_water_ = false;
    owner_->on_drained(*this);
  }
}

void Connection::finish_if_flushed() {
  if (!finish_wanted_ || finished_ || queued_bytes() > 0) return;
  finished_ = true;
  ::shutdown(fd_.number(), SHUT_WR);
}

// Told in the next turn: the owner may be in the middle of a call.
void Connection::write_failed() {
  write_broken_ = true;
  out_ = std::string();
  out_sent_ = 0;
  readable_ = true;
  context_.loop.again(*this);
}

// The peer has gone without saying why.
proxy::NetError Connection::broken_off() const {
  if (state_ != State::kHandshaking) return proxy::NetError::kReset;
  return tls_->has_shown_certificate() ? proxy::NetError::kTurnedAway : proxy::NetError::kTls;
}

proxy::NetError Connection::tls_failure() const {
  if (state_ != State::kHandshaking) return proxy::NetError::kReset;
  return tls_->fault();
}

void Connection::fail(proxy::NetError why) {
  part();
  fd_.close();
  owner_->on_closed(*this, why);
}

}  // namespace tokometer::net
