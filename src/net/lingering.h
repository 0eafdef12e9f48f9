// Connections that are closed for their session, but not for their peer: what is
// queued still goes out, then FIN, then what comes is dropped until the peer's
// FIN. Closing with unread bytes would send RST, and take our last words (an
// error answer to a request still coming in) out of the peer's hands:
// RFC 9112, 9.6. Bounded in time and bytes.
#pragma once

#include <cstddef>
#include <list>
#include <memory>

#include "net/connection.h"
#include "net/io_context.h"
#include "net/timer.h"

namespace tokometer::net {

class Lingering final : private ConnectionOwner {
 public:
  explicit Lingering(IoContext& context);
  ~Lingering();

  void add(std::unique_ptr<Connection> connection);
  bool empty() const { return entries_.empty(); }
  // Resets all.
  void close();

 private:
  struct Entry {
    Entry(Timers& timers, Lingering& lingering, std::unique_ptr<Connection> its_connection);

    std::unique_ptr<Connection> connection;
    Timer timer;
    std::size_t queued;
    std::size_t dropped = 0;
  };

  void on_connected(Connection& connection) override;
  void on_bytes(Connection& connection, std::string_view bytes) override;
  void on_eof(Connection& connection) override;
  void on_closed(Connection& connection, proxy::NetError why) override;
  void on_drained(Connection& connection) override;

  void arm(Entry& entry);
  void on_time(Entry& entry);
  std::list<Entry>::iterator find(const Connection& connection);
  void end(std::list<Entry>::iterator entry, bool reset);

  IoContext& context_;
  std::list<Entry> entries_;
};

}  // namespace tokometer::net
