#include "net/pipes.h"

#include <fcntl.h>

#include <array>
#include <cerrno>
#include <utility>

namespace tokometer::net {
namespace {

#ifdef __linux__
constexpr std::size_t kMostAtOnce = std::size_t{1} << 20U;

ssize_t move(int from, int to, std::size_t size) {
  for (;;) {
    const ssize_t count = ::splice(from, nullptr, to, nullptr, size, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
    if (count >= 0 || errno != EINTR) return count;
  }
}
#endif

}  // namespace

#ifdef __linux__

ssize_t Pipe::fill(int from) {
  const ssize_t count = move(from, in_.number(), kMostAtOnce);
  if (count > 0) held_ += static_cast<std::size_t>(count);
  return count;
}

ssize_t Pipe::drain(int to) {
  const ssize_t count = move(out_.number(), to, held_);
  if (count > 0) held_ -= static_cast<std::size_t>(count);
  return count;
}

std::unique_ptr<Pipe> Pipes::take() {
  if (!idle_.empty()) {
    auto pipe = std::move(idle_.back());
    idle_.pop_back();
    return pipe;
  }
  if (open_ >= max_) return nullptr;
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK) != 0) return nullptr;
  ++open_;
  return std::make_unique<Pipe>(Fd(ends[0]), Fd(ends[1]));
}

#else

ssize_t Pipe::fill(int /*from*/) { return -1; }
ssize_t Pipe::drain(int /*to*/) { return -1; }
std::unique_ptr<Pipe> Pipes::take() { return nullptr; }

#endif

void Pipes::give_back(std::unique_ptr<Pipe> pipe) {
  if (pipe->empty()) {
    idle_.push_back(std::move(pipe));
  } else {
    --open_;
  }
}

}  // namespace tokometer::net
