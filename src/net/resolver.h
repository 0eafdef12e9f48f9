// Names to addresses, without making the loop wait.
//
//   resolver.cached("localhost");  // literals, localhost and known names: at once
//   auto lookup = resolver.lookup(name, loop.mailbox(), [](const auto& answer) { ... });
//
// getaddrinfo on a few threads, so that hosts files, search domains and whatever
// else the system is set up for hold. Answers are kept for Limits::name_ttl
// (getaddrinfo tells no TTL), failures for a moment. Thread-safe, shared by all
// workers.
//
// Not here: trying the addresses (dial.h).
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/time.h"
#include "net/address.h"
#include "net/limits.h"
#include "net/loop.h"

namespace tokometer::net {

class Resolver {
 public:
  // In the order to try them; their ports are 0.
  using Addresses = std::vector<Address>;
  using Answer = Result<Addresses>;
  // Blocks until it knows; called on several threads.
  using Source = std::function<Answer(const std::string& name)>;

  // Where a host is said to be, whatever the source knows (as curl's --connect-to).
  struct Override {
    std::string host;  // lower case
    std::uint16_t port = 0;
    Address address;

    // "api.example.com:443:127.0.0.1:8443"; without the last port the first one. IPv6 in brackets.
    static Result<Override> parse(std::string_view text);
  };

  // A wish for an answer. Destroying it gives up: the callback won't come.
  class Lookup {
   public:
    Lookup() = default;

   private:
    friend class Resolver;
    std::shared_ptr<void> alive_;
  };

  Resolver(const Limits& limits, const Clock& clock, Source source = system_source(),
           std::vector<Override> overrides = {});
  // Doesn't wait for lookups under way: their answers are dropped.
  ~Resolver();

  // The address of host and port if there is an override.
  std::optional<Address> overridden(std::string_view host, std::uint16_t port) const;
  // What is known without asking.
  std::optional<Answer> cached(std::string_view name) const;
  // Calls `done` from the loop of `mailbox`, later. Called in that loop's thread.
  Lookup lookup(std::string_view name, std::shared_ptr<Mailbox> mailbox,
                std::move_only_function<void(const Answer&)> done);

  static Source system_source();  // getaddrinfo

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace tokometer::net
