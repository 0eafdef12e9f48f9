// Connections that are closed for their session, but not for their peer: what is
// queued still goes out, then FIN, then what comes is dropped until the peer's
// FIN. Closing with unread bytes would send RST, and take our last words (an
// error answer to a request still coming in) out of the peer's hands:
// RFC 9112, 9.6. Bounded in time and bytes.
#pragma once

#include <functional>
#include <list>
#include <memory>

#include "net/connection.h"
#include "net/io_context.h"

namespace tokometer::net {

class Lingering {
 public:
  // Calls `emptied` whenever the last one has gone.
  Lingering(IoContext& context, std::function<void()> emptied);
  ~Lingering();

  void add(std::unique_ptr<Connection> connection);
  bool empty() const { return entries_.empty(); }
  // Resets all.
  void close();

 private:
  class Entry;
  using Entries = std::list<std::unique_ptr<Entry>>;

  void end(Entries::iterator entry, bool reset);

  IoContext& context_;
  std::function<void()> emptied_;
  Entries entries_;
};

}  // namespace tokometer::net
