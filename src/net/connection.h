// One stream socket, plain or TLS, accepted or opened.
//
//   auto connection = Connection::accepted(context, std::move(fd), owner);
//   connection->send({head, body});  // at once, as one write where it can be
//
// A connection belongs to a loop and calls its owner back. It reads into the
// worker's one buffer, and holds memory for bytes only while its peer does not
// take them. Writes go out at once, without waiting for readiness.
//
// Callbacks come from the loop only, never from within a call made here: a send
// that fails is reported in the next turn.
//
// Not here: who opens connections to origins and tries their addresses (dial.h),
// keeps them when idle (pool.h), or waits for the last of them (lingering.h).
#pragma once

#include <cstddef>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "net/address.h"
#include "net/fd.h"
#include "net/io_context.h"
#include "net/loop.h"
#include "net/pipes.h"
#include "net/socket.h"
#include "net/tls_stream.h"
#include "proxy/driver.h"

namespace tokometer::net {

class Connection;

// Whom a connection tells. Views are valid during the call. After on_closed the
// connection is dead: its owner disposes of it.
class ConnectionOwner {
 public:
  virtual void on_connected(Connection& connection) = 0;  // opened or secured ones only: TCP, then TLS, stand
  virtual void on_bytes(Connection& connection, std::string_view bytes) = 0;
  virtual void on_eof(Connection& connection) = 0;
  virtual void on_closed(Connection& connection, proxy::NetError why) = 0;
  virtual void on_drained(Connection& connection) = 0;

 protected:
  ~ConnectionOwner() = default;
};

class Connection final : public Watcher {
 public:
  static Result<std::unique_ptr<Connection>> accepted(IoContext& context, Fd fd, ConnectionOwner& owner);
  // Starts to connect; `tls` is null for a plain connection. Fails at once only
  // where the system refuses at once (kTooLarge: no descriptor left); on_connected
  // or on_closed tell the rest.
  static Result<std::unique_ptr<Connection>> open(IoContext& context, const Address& address,
                                                  std::unique_ptr<TlsStream> tls, ConnectionOwner& owner);
  ~Connection() override;

  void set_owner(ConnectionOwner& owner) {
    part();
    owner_ = &owner;
  }

  // A plain connection goes on as TLS, as its server or its client, of which `received` has come already;
  // on_connected tells that it stands. Until then nothing may be sent.
  void secure(std::unique_ptr<TlsStream> tls, std::string_view received);
  // Of on_bytes: these are for the next owner, who gets them in the next turn, before all that follows.
  void unread(std::string_view bytes);

  // What comes here from now on is for `to`, and goes there by itself where there is much of it: on_bytes tells of the
  // rest. Holds in both directions, until either is closed or changes its owner; both are plain, and nothing else may
  // be sent to them.
  void join(Connection& to);

  // Sends the pieces in order. Returns whether less than the high-water mark is
  // queued; if not, on_drained comes once it fell below the low-water mark.
  bool send(std::initializer_list<std::string_view> pieces);
  // While paused, neither on_bytes nor on_eof comes.
  void pause(bool paused);
  // FIN once everything is sent (TLS: close_notify before it). Reading goes on.
  void finish();
  // Closes at once; `reset`: by RST, so that the peer can't take it for an end.
  void close(bool reset);

  bool is_open() const { return static_cast<bool>(fd_); }
  bool eof_seen() const { return eof_; }
  std::size_t queued_bytes() const { return out_.size() - out_sent_; }
  proxy::Traffic traffic() const { return {.heard = heard_, .waits = queued_bytes() > 0 || pipe_ != nullptr}; }
  // Could be used for another exchange: open both ways, nothing queued, and nothing unread unless that `may_say`
  // something.
  bool is_reusable(bool may_say = false) const;
  // Why TLS failed, for the log: never content. Empty if it did not.
  std::string_view tls_error() const { return tls_ ? tls_->error() : std::string_view(); }
  // The IP address at the other end, with 0 as its port; empty for a Unix socket.
  std::string peer() const;
  // The address at this end, as soon as it is opened; nothing where the system does not say.
  std::optional<Address> local() const { return local_address(fd_.number()); }
  // What was agreed on by ALPN: "h2", or another name, or nothing.
  std::string_view protocol() const { return tls_ ? tls_->protocol() : std::string_view(); }

  void on_ready(Ready ready) override;

 private:
  enum class State { kConnecting, kSecuring, kHandshaking, kEstablished };

  Connection(IoContext& context, Fd fd, std::unique_ptr<TlsStream> tls, ConnectionOwner& owner, State state);

  void on_reached();
  void on_established();
  void count_read(std::size_t bytes);
  void read();
  bool may_deliver() const;
  void deliver(std::string_view bytes);
  void deliver_tls(std::string_view bytes);
  void end_of_stream();
  bool lost_while_paused() const;
  bool takes_spliced() const;
  void splice();
  void drain_pipe();
  void resume_splicing();
  void drop_pipe();
  void part();
  void write(std::initializer_list<std::string_view> pieces);
  void flush();
  void finish_if_flushed();
  void write_failed();
  void fail(proxy::NetError why);
  proxy::NetError tls_failure() const;
  proxy::NetError broken_off() const;

  IoContext& context_;
  ConnectionOwner* owner_;
  std::unique_ptr<TlsStream> tls_;
  std::string early_;  // read before TLS began or for another owner, and to be delivered first
  std::string out_;    // what the socket did not take yet, from out_sent_ on
  std::size_t out_sent_ = 0;
  Fd fd_;
  Connection* joined_ = nullptr;  // what comes goes there, and the other way round
  std::unique_ptr<Pipe> pipe_;    // on the way there
  bool much_ = false;             // comes here, so that it is spliced
  State state_;
  SteadyTime heard_;       // when bytes last came, or it was established
  bool readable_ = false;  // the socket may have more than was read
  bool ended_ = false;     // FIN or an error waits behind the bytes
  bool paused_ = false;
  bool eof_pending_ = false;  // seen: close_notify for TLS, FIN for others
  bool eof_ = false;          // and told to the owner
  bool finish_wanted_ = false;
  bool finished_ = false;  // FIN sent
  bool write_broken_ = false;
  bool above_high_water_ = false;
};

}  // namespace tokometer::net
