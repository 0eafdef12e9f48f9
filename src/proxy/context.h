// Everything that sessions need from outside, built by app/ and replaced as a
// whole on reload. A session takes the current one for each exchange, so that a
// running exchange ends under the settings it began with.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "proxy/router.h"
#include "proxy/settings.h"
#include "proxy/tap.h"

namespace tokometer::proxy {

// Answers the program's own paths: /-/health, /-/metrics. Thread-safe.
class InternalEndpoints {
 public:
  struct Reply {
    int status = 200;
    std::string content_type;
    std::string body;
  };
  virtual ~InternalEndpoints() = default;
  // `path` begins with "/-/" and has no query. Nothing: there is no such endpoint.
  virtual std::optional<Reply> reply(std::string_view path) = 0;
};

struct Context {
  Router router;
  Settings settings;
  std::shared_ptr<TapFactory> taps;             // null: nothing is measured
  std::shared_ptr<InternalEndpoints> internal;  // null: none answer
};

// Where sessions find the context in force. Thread-safe.
class ContextSource {
 public:
  virtual ~ContextSource() = default;
  virtual std::shared_ptr<const Context> current() const = 0;
};

}  // namespace tokometer::proxy
