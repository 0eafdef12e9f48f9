#include "net/blocking_client.h"

#include <sys/socket.h>
#include <sys/time.h>

#include <cerrno>
#include <utility>

#include "net/fd.h"

namespace tokometer::net {
namespace {

constexpr std::size_t kMaxResponseBytes = std::size_t{16} << 20U;

std::unexpected<Error> network_failure(const Address& address) {
  if (errno == EAGAIN || errno == EWOULDBLOCK) return fail(ErrorCode::kTimeout, address.text() + ": no answer in time");
  Error error = io_error(address.text(), errno);
  error.code = ErrorCode::kNetwork;
  return fail(std::move(error));
}

}  // namespace

Result<std::string> ask(const Address& address, std::string_view request, std::chrono::milliseconds limit) {
  const Fd socket(::socket(address.raw()->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket) return network_failure(address);
  timeval timeout{};
  timeout.tv_sec = static_cast<time_t>(limit.count() / 1000);
  timeout.tv_usec = static_cast<suseconds_t>(limit.count() % 1000 * 1000);
  ::setsockopt(socket.number(), SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
  ::setsockopt(socket.number(), SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout);
  if (::connect(socket.number(), address.raw(), address.size()) != 0) return network_failure(address);
  while (!request.empty()) {
    const ssize_t sent = ::send(socket.number(), request.data(), request.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) return network_failure(address);
    request.remove_prefix(static_cast<std::size_t>(sent));
  }
  std::string response;
  char buffer[16 * 1024];
  for (;;) {
    const ssize_t got = ::recv(socket.number(), buffer, sizeof buffer, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return network_failure(address);
    if (got == 0) return response;
    response.append(buffer, static_cast<std::size_t>(got));
    if (response.size() > kMaxResponseBytes) return fail(ErrorCode::kTooLarge, address.text() + ": answer too large");
  }
}

}  // namespace tokometer::net
