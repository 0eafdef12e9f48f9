// The socket calls that differ between systems, with the options we always set:
// non-blocking, closed on exec, no delay, no SIGPIPE.
//
// Not here: readiness (loop.h), what is done with the bytes (connection.h).
#pragma once

#include <sys/socket.h>
#include <sys/uio.h>

#include <cstddef>
#include <optional>
#include <span>

#include "net/address.h"
#include "net/fd.h"

namespace tokometer::net {

// A stream socket for `address`; without a value on failure, errno says why.
Fd stream_socket(const Address& address);
// Accepts one connection; without a value if there is none, errno says why.
Fd accept_connection(int listener);
// Begins to connect. 0 or errno; EINPROGRESS is the usual answer.
int begin_connect(int fd, const Address& address);
// The error that waits on a socket, 0 if none.
int pending_error(int fd);
// Reads or writes as recv and writev do, past EINTR.
ssize_t read_some(int fd, std::span<char> buffer);
ssize_t write_some(int fd, std::span<const iovec> pieces);
// Asks from now on, every few seconds, whether the peer is still there: one that half-closed and then went away says
// nothing by itself.
void watch_over_peer(int fd);
// Makes the next close an RST.
void reset_on_close(int fd);
std::optional<Address> local_address(int fd);
std::optional<Address> peer_address(int fd);

}  // namespace tokometer::net
