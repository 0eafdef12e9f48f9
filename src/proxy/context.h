// Everything that sessions need from outside, built by app/ and replaced as a
// whole on reload. A session takes the current one for each exchange, so that a
// running exchange ends under the settings it began with.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "proxy/forwarding.h"
#include "proxy/router.h"
#include "proxy/settings.h"
#include "proxy/tap.h"

namespace tokometer::proxy {

// Answers the program's own paths: /-/, /-/health, /-/metrics. Thread-safe.
class InternalEndpoints {
 public:
  struct Reply {
    int status = 200;
    std::string content_type;
    std::string body;
    wire::Fields fields{};  // more of them, with names in lower case, which live as long as the process
  };
  virtual ~InternalEndpoints() = default;
  // `path` is "/-" or begins with "/-/", and has no query; `head` is the request's. Nothing: there is no such endpoint.
  virtual std::optional<Reply> reply(std::string_view path, const RequestHead& head) = 0;
};

// Says of a call that gave a context whether it may go to its origin. Thread-safe.
class CallGate {
 public:
  struct Refusal {
    int status = 402;
    std::string_view code;  // of x-tokometer-error, and the event's error_type
    std::string message;
  };
  virtual ~CallGate() = default;
  virtual std::optional<Refusal> refuse(const client::CallContext& context) = 0;
};

struct Context {
  Router router;
  Settings settings;
  std::shared_ptr<TapFactory> taps;                // null: nothing is measured
  std::shared_ptr<InternalEndpoints> internal;     // null: none answer
  std::shared_ptr<const Forwarding> forwarding{};  // null: requests that name their host are not served
  std::shared_ptr<CallGate> gate{};                // null: every call may go
};

// Where sessions find the context in force. Thread-safe.
class ContextSource {
 public:
  virtual ~ContextSource() = default;
  virtual std::shared_ptr<const Context> current() const = 0;
};

}  // namespace tokometer::proxy
