// Bytes from one socket to another without passing through us: splice(2) with a
// pipe between them (Linux; elsewhere there are none, and bytes are copied).
//
//   Pipes pipes(limit);
//   auto pipe = pipes.take();             // null: none to be had
//   pipe->fill(from);                     // as read(2)
//   while (!pipe->empty()) pipe->drain(to);  // as write(2)
//   pipes.give_back(std::move(pipe));
//
// A pipe is held while there is something in it only, so that few of them serve
// many tunnels. Belongs to one loop.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <memory>
#include <vector>

#include "net/fd.h"

namespace tokometer::net {

class Pipe {
 public:
  Pipe(Fd out, Fd in) : out_(std::move(out)), in_(std::move(in)) {}

  // Moves what there is, up to what the pipe takes: bytes, 0 at the end, or -1 and errno. Only while it is empty.
  ssize_t fill(int from);
  // Moves out what goes: bytes, or -1 and errno.
  ssize_t drain(int to);
  bool empty() const { return held_ == 0; }

 private:
  Fd out_;
  Fd in_;
  std::size_t held_ = 0;
};

class Pipes {
 public:
  // At most `max` are open at once.
  explicit Pipes(std::size_t max) : max_(max) {}

  std::unique_ptr<Pipe> take();
  // One that is not empty is closed.
  void give_back(std::unique_ptr<Pipe> pipe);
  std::size_t open() const { return open_; }

 private:
  const std::size_t max_;
  std::size_t open_ = 0;
  std::vector<std::unique_ptr<Pipe>> idle_;
};

}  // namespace tokometer::net
