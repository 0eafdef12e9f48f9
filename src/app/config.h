// The settings of a running tokometer, as plain values.
//
// Each field has one row in the table of settings (setting.h): its key in the
// file, its default, its check, its help. To add a setting: a field here and a
// row there; `config init`, `config show`, the proxy's options, the man page and
// docs/configuration.md follow from the table.
//
// Not here: where values come from (settings.h) and the file's syntax (config_file.h).
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "base/log.h"

namespace tokometer::app {

enum class OnClientClose {
  kCancel,  // close the origin's stream at once
  kDrain    // read it to its end, to learn the usage
};

// Whether calls are made to say what they use, where a provider says it only if asked.
enum class StreamUsage {
  kOff,    // what a client sends is sent on, byte for byte
  kInject  // streams are asked for their usage, and the answer to that is taken out again
};

// What becomes of calls to hosts and endpoints that no provider spec names.
enum class CaptureMode {
  kKnownOnly,  // passed on; an event if they POST something, which may be a model's call
  kCaptureAll  // an event always, and a capture, from which a spec can be written
};

// How finished calls are shown in the foreground.
enum class Print { kLine, kPanel, kJson, kQuiet };

// When the journal waits for the disk: what a power cut may cost. The end of the
// process alone costs nothing in any case.
enum class JournalSync { kNever, kInterval, kEach };

struct Config {
  using Milliseconds = std::chrono::milliseconds;
  // A variable of the environment that is no setting of ours; both empty: not set.
  struct ProxyVariable {
    std::string name;
    std::string value;  // may hold a password
  };
  // What holds where upstream_proxy and no_proxy say nothing (upstream.h).
  struct ProxyVariables {
    ProxyVariable https;
    ProxyVariable http;
    ProxyVariable none;
  };

  std::vector<std::string> listen;             // "127.0.0.1:4141", "[::1]:4141", "unix:/path"
  std::string base_url;                        // the single-provider form; empty: routes
  std::string type;                            // the provider spec that base_url speaks
  std::filesystem::path data_dir;              // journal, store, captures, pid file
  std::filesystem::path config_dir;            // providers/, prices/ and clients/ override ours
  std::map<std::string, std::string> origins;  // provider's name → URL that replaces its own
  std::filesystem::path origin_ca;             // PEM file of more certificate authorities; empty: none
  std::vector<std::string> intercept;          // hosts whose TLS is read besides those of specs: patterns
  std::vector<std::string> tunnel;             // hosts whose TLS is never read; the same forms
  std::vector<std::string> resolve;            // "HOST:PORT:ADDRESS[:PORT]": where a host is, instead of what DNS says
  std::string upstream_proxy;                  // of our own connections: "http://user:pass@host:port", or "none"
  std::vector<std::string> no_proxy;           // origins that are asked without it
  std::int64_t workers = 0;                    // threads that serve connections; 0: one a core

  ProxyVariables proxy_variables;

  CaptureMode capture_mode = CaptureMode::kKnownOnly;
  OnClientClose on_client_close = OnClientClose::kCancel;
  StreamUsage stream_usage = StreamUsage::kOff;
  bool origin_http2 = true;  // offered to origins over TLS
  Print print = Print::kLine;
  LogLevel log_level = LogLevel::kInfo;
  bool metrics = true;  // /-/metrics answers

  struct Timeouts {
    Milliseconds connect{};          // to an origin, TLS included
    Milliseconds head{};             // for a client to send a request's head
    Milliseconds first_byte{};       // of an origin's response
    Milliseconds request_content{};  // between pieces of a request's content
    Milliseconds between_bytes{};    // between pieces of a response
    Milliseconds client_idle{};      // of a client's connection without a request
    Milliseconds half_close{};       // from a request's end to a FIN that still reads
    Milliseconds drain{};            // after SIGTERM, for running calls
  } timeouts;

  struct Journal {
    std::int64_t segment_bytes = 0;  // of one file
    std::int64_t max_bytes = 0;      // of all files; past it events are counted as lost
    JournalSync sync = JournalSync::kNever;
    Milliseconds append_wait{};  // how long a response's last bytes may wait for the append
  } journal;

  struct Store {
    bool enabled = true;
    Milliseconds retention{};   // of events; 0: for ever
    std::int64_t max_rows = 0;  // of events; 0: no limit
  } store;

  struct Capture {
    bool enabled = false;        // keep redacted requests and responses
    std::int64_t max_bytes = 0;  // of all captures
    Milliseconds retention{};    // 0: for ever
  } capture;

  struct Limits {
    std::int64_t request_tap_bytes = 0;   // of a request kept for reading its usage
    std::int64_t response_tap_bytes = 0;  // of a response
    std::int64_t sample_bytes = 0;        // of each, kept to look for usage or count text when it has ended
    std::int64_t head_bytes = 0;          // of a request's or response's head
    std::int64_t head_fields = 0;
    std::int64_t connections = 0;              // from clients, at once
    std::int64_t origin_idle_connections = 0;  // kept open for each origin
  } limits;
};

}  // namespace tokometer::app
