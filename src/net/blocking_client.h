// One request on a connection of its own, for programs that have nothing else
// to do meanwhile: `tokometer demo` and tests. Never used by the proxy.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "base/error.h"
#include "net/address.h"

namespace tokometer::net {

// Connects, sends `request` and reads until the peer closes its side. Fails
// with kNetwork, kTimeout past `limit`, kTooLarge past 16 MiB.
Result<std::string> ask(const Address& address, std::string_view request, std::chrono::milliseconds limit);

}  // namespace tokometer::net
