#include "net/listener.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>
#include <utility>

#include "net/socket.h"

namespace tokometer::net {
namespace {

constexpr int kAcceptsPerTurn = 64;

bool out_of_descriptors(int error) { return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM; }

Fd spare_descriptor() { return Fd(::open("/dev/null", O_RDONLY | O_CLOEXEC)); }

Error listen_error(const Address& address, int error) { return io_error("listen on " + address.text(), error); }

Result<Fd> bind_tcp(const Address& address, bool shared) {
  Fd fd = stream_socket(address);
  if (!fd) return fail(listen_error(address, errno));
  const int on = 1;
  ::setsockopt(fd.number(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (shared && ::setsockopt(fd.number(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) != 0) {
    return fail(listen_error(address, errno));
  }
  if (::bind(fd.number(), address.raw(), address.size()) != 0) return fail(listen_error(address, errno));
  return fd;
}

Result<std::vector<Listener>> listen_tcp(const Address& wanted, unsigned workers, int backlog) {
  const bool shared = workers > 1;
  Address address = wanted;
  if (shared && address.port() != 0) {
    // SO_REUSEPORT would let us in beside another program's listener of ours.
    if (auto probe = bind_tcp(address, false); !probe) return fail(probe.error());
  }
  std::vector<Listener> listeners;
  for (unsigned i = 0; i < workers; ++i) {
    auto fd = bind_tcp(address, shared);
    if (!fd) return fail(fd.error());
    if (::listen(fd->number(), backlog) != 0) return fail(listen_error(address, errno));
    if (const auto bound = local_address(fd->number())) address = *bound;
    listeners.push_back({address, std::move(*fd), nullptr});
  }
  return listeners;
}

// Makes way for a socket file at `address`: removes one that nobody listens on.
Result<void> clear_path(const Address& address) {
  struct stat info{};
  const std::string path = address.path();
  if (::lstat(path.c_str(), &info) != 0) return {};
  if (!S_ISSOCK(info.st_mode)) return fail(ErrorCode::kIo, path + ": exists and is not a socket");
  const Fd probe = stream_socket(address);
  if (!probe) return fail(listen_error(address, errno));
  if (begin_connect(probe.number(), address) != ECONNREFUSED) {
    return fail(ErrorCode::kIo, path + ": another program listens there");
  }
  if (::unlink(path.c_str()) != 0) return fail(io_error("remove " + path, errno));
  return {};
}

Result<std::vector<Listener>> listen_unix(const Address& address, unsigned workers, int backlog) {
  if (auto cleared = clear_path(address); !cleared) return fail(cleared.error());
  Fd fd = stream_socket(address);
  if (!fd) return fail(listen_error(address, errno));
  // Nobody can connect before listen, so the mode is right in time.
  if (::bind(fd.number(), address.raw(), address.size()) != 0) return fail(listen_error(address, errno));
  auto file = std::make_shared<SocketFile>(address.path());
  if (::chmod(address.path().c_str(), S_IRUSR | S_IWUSR) != 0 || ::listen(fd.number(), backlog) != 0) {
    return fail(listen_error(address, errno));
  }
  std::vector<Listener> listeners;
  for (unsigned i = 1; i < workers; ++i) {
    Fd copy(::fcntl(fd.number(), F_DUPFD_CLOEXEC, 0));
    if (!copy) return fail(listen_error(address, errno));
    listeners.push_back({address, std::move(copy), file});
  }
  listeners.push_back({address, std::move(fd), file});
  return listeners;
}

}  // namespace

SocketFile::~SocketFile() { ::unlink(path_.c_str()); }

Result<std::vector<Listener>> listen_on(const Address& address, unsigned workers, int backlog) {
  return address.family() == Address::Family::kUnix ? listen_unix(address, workers, backlog)
                                                    : listen_tcp(address, workers, backlog);
}

Acceptor::Acceptor(IoContext& context, Log& log, Listener listener, Accept accept)
    : context_(context),
      log_(log),
      listener_(std::move(listener)),
      accept_(std::move(accept)),
      spare_(spare_descriptor()),
      pause_(context.loop.timers(), [this] { accept_burst(); }) {}

Acceptor::~Acceptor() { context_.loop.forget(*this); }

Result<void> Acceptor::start() { return context_.loop.watch(listener_.fd.number(), *this); }

void Acceptor::hold(bool held) {
  if (held_ == held) return;
  held_ = held;
  if (!held_) context_.loop.again(*this);
}

void Acceptor::close() {
  hold(true);
  listener_.fd.close();
  listener_.file.reset();
}

void Acceptor::on_ready(Ready /*ready*/) {
  if (!pause_.armed()) accept_burst();
}

void Acceptor::accept_burst() {
  for (int i = 0; !held_ && i < kAcceptsPerTurn; ++i) {
    Fd client = accept_connection(listener_.fd.number());
    if (client) {
      accept_(std::move(client));
      continue;
    }
    const int error = errno;  // what follows may set it anew
    if (error == ECONNABORTED || error == EINTR) continue;
    if (error == EAGAIN || error == EWOULDBLOCK) return;
    Counters::add(context_.counters.accept_failures, std::uint64_t{1});
    log_.once(LogLevel::kWarn, "accept", io_error("accept on " + listener_.address.text(), error).message);
    if (out_of_descriptors(error)) turn_one_away();
    pause_.arm(context_.loop.steady() + context_.limits.accept_pause);
    return;
  }
  if (!held_) context_.loop.again(*this);
}

void Acceptor::turn_one_away() {
  spare_.close();
  accept_connection(listener_.fd.number()).close();
  spare_ = spare_descriptor();
}

}  // namespace tokometer::net
