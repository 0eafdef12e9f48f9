// What a failed connection means for its exchange, and what the client is told of it.
#pragma once

#include <string_view>

#include "proxy/driver.h"
#include "proxy/tap.h"

namespace tokometer::proxy {

// Of a connection to an origin.
Abort abort_of(NetError why);

// The answer to the client: whose fault it is, and what to look at.
struct Failure {
  int status;
  std::string_view code;  // x-tokometer-error
  std::string_view message;
};
Failure failure(Abort why);

}  // namespace tokometer::proxy
