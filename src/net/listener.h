// A listening socket, and the loop's side of it that accepts.
//
//   auto listeners = listen_on(*Address::parse("127.0.0.1:0"), workers, limits.backlog);
//   listeners->front().address.text();  // "127.0.0.1:40123"
//
// TCP: one socket for each worker (SO_REUSEPORT), the kernel shares connections
// out; an address that someone else listens on is refused all the same. Unix:
// one socket, mode 0600, shared by the workers; the file that a dead process
// left is replaced, a live one's never, and ours goes with us.
//
// Not here: TLS towards clients.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/log.h"
#include "net/address.h"
#include "net/fd.h"
#include "net/io_context.h"
#include "net/loop.h"
#include "net/timer.h"

namespace tokometer::net {

// Removes the file of a Unix socket in its destructor.
class SocketFile {
 public:
  explicit SocketFile(std::string path) : path_(std::move(path)) {}
  SocketFile(const SocketFile&) = delete;
  SocketFile& operator=(const SocketFile&) = delete;
  ~SocketFile();

 private:
  std::string path_;
};

struct Listener {
  Address address;  // with the port that the system chose
  Fd fd;
  std::shared_ptr<SocketFile> file;  // Unix only
};

// One listener for each of `workers`, all at `address`.
Result<std::vector<Listener>> listen_on(const Address& address, unsigned workers, int backlog);

// Accepts from one listener, in bursts, as long as there is room.
//
// Out of file descriptors: the waiting connection is closed by means of a spare
// one (left alone it would wait for nothing), then accepting pauses a moment.
class Acceptor final : public Watcher {
 public:
  using Accept = std::function<void(Fd)>;

  Acceptor(IoContext& context, Log& log, Listener listener, Accept accept);
  ~Acceptor() override;

  Result<void> start();
  // Stops (true) or resumes accepting; what waits stays in the backlog.
  void hold(bool held);
  // Stops listening.
  void close();

  void on_ready(Ready ready) override;

 private:
  void accept_burst();
  void turn_one_away();

  IoContext& context_;
  Log& log_;
  Listener listener_;
  Accept accept_;
  Fd spare_;
  Timer pause_;
  bool held_ = false;
};

}  // namespace tokometer::net
