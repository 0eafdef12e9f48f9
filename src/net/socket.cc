#include "net/socket.h"

#include <netinet/in.h>
#include <netinet/tcp.h>

#include <cerrno>

namespace tokometer::net {
namespace {

void set_no_delay(int fd) {
  const int on = 1;
  // Refused for Unix sockets, which never delay.
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

template <typename Ask>
std::optional<Address> address_by(Ask ask, int fd) {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  if (ask(fd, reinterpret_cast<sockaddr*>(&storage), &size) != 0) return std::nullopt;
  return Address::from(reinterpret_cast<const sockaddr*>(&storage), size);
}

}  // namespace

Fd stream_socket(const Address& address) {
  return Fd(::socket(address.raw()->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
}

Fd accept_connection(int listener) {
  Fd fd(::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (fd) set_no_delay(fd.number());
  return fd;
}

int begin_connect(int fd, const Address& address) {
  if (address.family() != Address::Family::kUnix) set_no_delay(fd);
  return ::connect(fd, address.raw(), address.size()) == 0 ? 0 : errno;
}

int pending_error(int fd) {
  int error = 0;
  socklen_t size = sizeof error;
  if (::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0) return errno;
  return error;
}

ssize_t read_some(int fd, std::span<char> buffer) {
  for (;;) {
    const ssize_t count = ::recv(fd, buffer.data(), buffer.size(), 0);
    if (count >= 0 || errno != EINTR) return count;
  }
}

ssize_t write_some(int fd, std::span<const iovec> pieces) {
  for (;;) {
    ssize_t count = 0;
    if (pieces.size() == 1) {
      count = ::send(fd, pieces[0].iov_base, pieces[0].iov_len, MSG_NOSIGNAL);
    } else {
      msghdr message{};
      message.msg_iov = const_cast<iovec*>(pieces.data());  // sendmsg takes it so, and does not write
      message.msg_iovlen = pieces.size();
      count = ::sendmsg(fd, &message, MSG_NOSIGNAL);
    }
    if (count >= 0 || errno != EINTR) return count;
  }
}

void watch_over_peer(int fd) {
  constexpr int kOn = 1;
  constexpr int kSeconds = 5;
  ::setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &kOn, sizeof kOn);
#ifdef TCP_KEEPIDLE
  ::setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &kSeconds, sizeof kSeconds);
  ::setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &kSeconds, sizeof kSeconds);
#endif
}

void reset_on_close(int fd) {
  const linger now{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

std::optional<Address> local_address(int fd) { return address_by(::getsockname, fd); }
std::optional<Address> peer_address(int fd) { return address_by(::getpeername, fd); }

}  // namespace tokometer::net
