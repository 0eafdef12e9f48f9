// Our own listeners, and whether a connection of ours leads back to one of them: what is asked there would go round
// for ever. Addresses are compared, not texts, so that it does not matter how they were written or what name was
// looked up.
//
// Immutable once a server has it.
//
// Not here: what settings and targets say beforehand (proxy/forwarding.h).
#pragma once

#include <utility>
#include <vector>

#include "net/address.h"

namespace tokometer::net {

class OwnAddresses {
 public:
  OwnAddresses() = default;
  explicit OwnAddresses(std::vector<Address> listeners) : listeners_(std::move(listeners)) {}

  // Whether a connection to `peer` that has the address `local` at this end is to ourselves. A listener at all
  // addresses is reached at this machine's only: both ends have the same then, or the peer's is a loopback address.
  bool contains(const Address& peer, const Address& local) const;

 private:
  std::vector<Address> listeners_;
};

}  // namespace tokometer::net
