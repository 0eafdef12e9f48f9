#include <fmt/format.h>

#include <array>
#include <charconv>

#include "app/setting.h"
#include "app/upstream.h"
#include "net/address.h"
#include "net/resolver.h"
#include "net/upstream_proxy.h"
#include "provider/host_pattern.h"

namespace tokometer::app {
namespace {

using namespace std::chrono_literals;

// The field of Config that a row of the table holds.
#define TOKOMETER_FIELD(member) ([](Config& config) -> auto& { return (config.member); })

template <typename Enum, Enum Config::* Member>
void assign_choice(Config& config, std::size_t index) {
  config.*Member = static_cast<Enum>(index);
}

// Names of enumerators, in their order.
constexpr std::array<std::string_view, 2> kCaptureMode{"known_only", "capture_all"};
constexpr std::array<std::string_view, 2> kOnClientClose{"cancel", "drain"};
constexpr std::array<std::string_view, 2> kStreamUsage{"off", "inject"};
constexpr std::array<std::string_view, 4> kPrint{"line", "panel", "json", "quiet"};
constexpr std::array<std::string_view, 5> kLogLevel{"debug", "info", "warn", "error", "off"};
constexpr std::array<std::string_view, 3> kSync{"never", "interval", "each"};

std::optional<std::uint16_t> port_of(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return port;
}

// A listen address; names are left to be resolved when the socket is made.
std::optional<std::string> listen_fault(std::string_view address) {
  constexpr std::string_view kRemedy = "say HOST:PORT, [IPV6]:PORT or unix:PATH";
  if (address.starts_with("unix:")) {
    constexpr std::size_t kMaxPath = 107;  // sun_path with its closing zero, unix(7)
    const std::size_t length = address.size() - 5;
    if (length == 0) return "\"unix:\" has no path";
    if (length > kMaxPath) return fmt::format("the path of the socket is longer than {} bytes", kMaxPath);
    return std::nullopt;
  }
  const std::size_t colon = address.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return fmt::format("\"{}\" is no address: {}", address, kRemedy);
  const std::string_view host = address.substr(0, colon);
  const bool bracketed = host.starts_with('[') && host.ends_with(']');
  if (!bracketed && host.find_first_of(":[]/") != std::string_view::npos) {
    return fmt::format("\"{}\" is no address: {}", address, kRemedy);
  }
  if (!port_of(address.substr(colon + 1))) return fmt::format("\"{}\" has no port from 0 to 65535", address);
  return std::nullopt;
}

std::optional<std::string> host_pattern_fault(std::string_view pattern) {
  if (provider::is_host_pattern(pattern) || net::Address::ip(pattern, 0)) return std::nullopt;
  return fmt::format("\"{}\" is no host: say NAME, *.NAME, * or an IP address, without scheme, port and path", pattern);
}

std::optional<std::string> resolve_fault(std::string_view text) {
  if (auto rule = net::Resolver::Override::parse(text); !rule) return rule.error().message;
  return std::nullopt;
}

std::optional<std::string> url_fault(std::string_view url) {
  std::string_view rest = url;
  if (rest.starts_with("https://")) {
    rest.remove_prefix(8);
  } else if (rest.starts_with("http://")) {
    rest.remove_prefix(7);
  } else {
    return fmt::format("\"{}\" does not start with https:// or http://", url);
  }
  const std::string_view authority = rest.substr(0, rest.find('/'));
  if (authority.empty()) return fmt::format("\"{}\" names no host", url);
  // The value may be a secret: it is not repeated.
  if (authority.find('@') != std::string_view::npos) return "a user or password in a URL is not supported";
  if (rest.find_first_of("?# \t\"") != std::string_view::npos) {
    return fmt::format("\"{}\" has a query, fragment or blank", url);
  }
  const std::size_t colon = authority.rfind(':');
  const bool has_port = colon != std::string_view::npos && authority.find(']', colon) == std::string_view::npos;
  if (has_port && !port_of(authority.substr(colon + 1))) return fmt::format("\"{}\" has a wrong port", url);
  return std::nullopt;
}

std::optional<std::string> optional_url_fault(std::string_view url) {
  return url.empty() ? std::nullopt : url_fault(url);
}

std::optional<std::string> upstream_proxy_fault(std::string_view url) {
  if (url.empty() || url == kNoUpstream) return std::nullopt;
  auto parsed = net::UpstreamProxy::parse(url);
  return parsed ? std::nullopt : std::optional(std::move(parsed.error().message));
}

std::optional<std::string> no_proxy_fault(std::string_view item) {
  auto parsed = net::NoProxy::parse({std::string(item)});
  return parsed ? std::nullopt : std::optional(std::move(parsed.error().message));
}

// In the order of the file that `config init` writes: what people change most comes first.
const std::array all_settings{
    Setting{.key = "listen",
            .fallback = "127.0.0.1:4141",
            .placeholder = "ADDRESS",
            .help = "Where to serve: HOST:PORT, [IPV6]:PORT or unix:PATH; port 0 takes a free one",
            .field = field::List{TOKOMETER_FIELD(listen), listen_fault},
            .at_start_only = true},
    Setting{.key = "base_url",
            .placeholder = "URL",
            .help = "Send everything to this one origin, without route prefixes; needs type",
            .field = field::Text{TOKOMETER_FIELD(base_url), optional_url_fault}},
    Setting{.key = "type",
            .placeholder = "NAME",
            .help = "The provider whose API base_url speaks, as in `tokometer providers list`; unknown: none of them",
            .field = field::Text{TOKOMETER_FIELD(type)}},
    Setting{.key = "origins",
            .placeholder = "NAME=URL",
            .help = "Send calls to provider NAME to URL instead of its own host",
            .field = field::Map{TOKOMETER_FIELD(origins), url_fault},
            .option = "origin"},
    Setting{.key = "origin_ca",
            .placeholder = "FILE",
            .help = "Trust the certificate authorities in this PEM file too",
            .field = field::Path{TOKOMETER_FIELD(origin_ca)},
            .at_start_only = true},
    Setting{.key = "intercept",
            .placeholder = "HOST",
            .help = "As a forward proxy, read calls to HOST too: a name, *.NAME for it and all below it, or * for any",
            .field = field::List{TOKOMETER_FIELD(intercept), host_pattern_fault, true}},
    Setting{.key = "tunnel",
            .placeholder = "HOST",
            .help = "As a forward proxy, never read calls to HOST, whatever the providers say; goes before intercept",
            .field = field::List{TOKOMETER_FIELD(tunnel), host_pattern_fault, true}},
    Setting{.key = "resolve",
            .placeholder = "HOST:PORT:ADDRESS[:PORT]",
            .help = "Reach HOST:PORT at this address, for tests; its certificate must still be HOST's",
            .field = field::List{TOKOMETER_FIELD(resolve), resolve_fault, true},
            .at_start_only = true},
    Setting{.key = "upstream_proxy",
            .placeholder = "URL",
            .help = "Reach origins through this HTTP proxy, http://[USER:PASSWORD@]HOST:PORT, instead of that of "
                    "HTTPS_PROXY; none: directly",
            .field = field::Text{TOKOMETER_FIELD(upstream_proxy), upstream_proxy_fault},
            .at_start_only = true,
            .may_hold_password = true},
    Setting{.key = "no_proxy",
            .placeholder = "HOST",
            .help = "Reach HOST directly all the same: a name and all below it, an address, a network as 10.0.0.0/8, "
                    "each with :PORT if need be, or *; instead of NO_PROXY",
            .field = field::List{TOKOMETER_FIELD(no_proxy), no_proxy_fault, true},
            .at_start_only = true},
    Setting{.key = "data_dir",
            .fallback = "$data",
            .placeholder = "DIR",
            .help = "Where the journal, the store and captures are kept",
            .field = field::Path{TOKOMETER_FIELD(data_dir)},
            .at_start_only = true},
    Setting{.key = "config_dir",
            .fallback = "$config",
            .placeholder = "DIR",
            .help = "Where the folders providers, prices and clients with your own JSON files are",
            .field = field::Path{TOKOMETER_FIELD(config_dir)}},
    Setting{.key = "workers",
            .fallback = "0",
            .placeholder = "N",
            .help = "Threads that serve connections; 0: one for each core",
            .field = field::Number{TOKOMETER_FIELD(workers), 0, 1024},
            .at_start_only = true},
    Setting{.key = "capture_mode",
            .fallback = "known_only",
            .placeholder = "WHAT",
            .help = "Calls that no provider spec names: known_only passes them on and shows those that POST, "
                    "capture_all keeps each with a capture to write a spec from",
            .field = field::Choice{kCaptureMode, assign_choice<CaptureMode, &Config::capture_mode>},
            .at_start_only = true},
    Setting{.key = "on_client_close",
            .fallback = "cancel",
            .placeholder = "WHAT",
            .help = "When a client leaves during a response: cancel it at once, or drain it to learn its usage",
            .field = field::Choice{kOnClientClose, assign_choice<OnClientClose, &Config::on_client_close>}},
    Setting{.key = "stream_usage",
            .fallback = "off",
            .placeholder = "WHAT",
            .help = "Streams of OpenAI's kind that do not ask for their usage: off leaves them, inject makes them ask",
            .field = field::Choice{kStreamUsage, assign_choice<StreamUsage, &Config::stream_usage>}},
    Setting{.key = "origin_http2",
            .fallback = "true",
            .help = "Offer HTTP/2 to origins over TLS; without it they are spoken to in HTTP/1.1 only",
            .field = field::Flag{TOKOMETER_FIELD(origin_http2)}},
    Setting{.key = "print",
            .fallback = "line",
            .placeholder = "HOW",
            .help = "How the proxy shows each call: a line, a panel, JSON or nothing",
            .field = field::Choice{kPrint, assign_choice<Print, &Config::print>},
            .at_start_only = true},
    Setting{.key = "log_level",
            .fallback = "info",
            .placeholder = "LEVEL",
            .help = "What the program says about itself on stderr, and all that is graver",
            .field = field::Choice{kLogLevel, assign_choice<LogLevel, &Config::log_level>},
            .at_start_only = true},
    Setting{.key = "metrics",
            .fallback = "true",
            .help = "Answer /-/metrics with figures for Prometheus",
            .field = field::Flag{TOKOMETER_FIELD(metrics)}},
    Setting{.key = "timeouts.connect",
            .fallback = "10s",
            .placeholder = "DURATION",
            .help = "For a connection to an origin, TLS included",
            .field = field::Duration{TOKOMETER_FIELD(timeouts.connect), 1ms}},
    Setting{.key = "timeouts.head",
            .fallback = "30s",
            .placeholder = "DURATION",
            .help = "For a client to send a request's head",
            .field = field::Duration{TOKOMETER_FIELD(timeouts.head), 1ms}},
    Setting{.key = "timeouts.first_byte",
            .fallback = "10m",
            .placeholder = "DURATION",
            .help = "For an origin's response to begin",
            .field = field::Duration{TOKOMETER_FIELD(timeouts.first_byte), 1ms}},
    Setting{.key = "timeouts.request_content",
            .fallback = "2m",
            .placeholder = "DURATION",
            .help = "For a client to send the next bytes of a request's content",
            .field = field::Duration{TOKOMETER_FIELD(timeouts.request_content), 1ms}},
    Setting{.key = "timeouts.between_bytes",
            .fallback = "10m",
            .placeholder = "DURATION",
            .help = "For the next bytes of a response; a stream as a whole has no limit",
            .field = field::Duration{TOKOMETER_FIELD(timeouts.between_bytes), 1ms}},
    Setting{.key = "timeouts.client_idle",
            .fallback = "5m",
            .placeholder = "DURATION",
            .help = "For a client's connection without a request",
            .field = field::Duration{TOKOMETER_FIELD(timeouts.client_idle), 1ms}},
    Setting{.key = "timeouts.half_close",
            .fallback = "200ms",
            .placeholder = "DURATION",
            .help = "A client's FIN this soon after its request is a half-close; later it means that the client left",
            .field = field::Duration{TOKOMETER_FIELD(timeouts.half_close)}},
    Setting{.key = "timeouts.drain",
            .fallback = "30s",
            .placeholder = "DURATION",
            .help = "For running calls to end after SIGTERM",
            .field = field::Duration{TOKOMETER_FIELD(timeouts.drain)}},
    Setting{.key = "journal.segment_bytes",
            .fallback = "16MiB",
            .placeholder = "SIZE",
            .help = "A new file of the journal starts past this",
            .field = field::Size{TOKOMETER_FIELD(journal.segment_bytes), 64 << 10},
            .at_start_only = true},
    Setting{.key = "journal.max_bytes",
            .fallback = "1GiB",
            .placeholder = "SIZE",
            .help = "Past this the oldest files of the journal go",
            .field = field::Size{TOKOMETER_FIELD(journal.max_bytes), 1 << 20},
            .at_start_only = true},
    Setting{
        .key = "journal.sync",
        .fallback = "never",
        .placeholder = "WHEN",
        .help = "Wait for the disk, against power cuts",
        .field = field::Choice{kSync, [](Config& config,
                                         std::size_t index) { config.journal.sync = static_cast<JournalSync>(index); }},
        .at_start_only = true},
    Setting{.key = "journal.append_wait",
            .fallback = "50ms",
            .placeholder = "DURATION",
            .help = "How long the end of a response may wait for another call's write to the journal",
            .field = field::Duration{TOKOMETER_FIELD(journal.append_wait)},
            .at_start_only = true},
    Setting{.key = "store.enabled",
            .fallback = "true",
            .help = "Keep events in the store, for reports",
            .field = field::Flag{TOKOMETER_FIELD(store.enabled)},
            .at_start_only = true,
            .option = "store"},
    Setting{.key = "store.retention",
            .fallback = "0",
            .placeholder = "DURATION",
            .help = "Delete events older than this, also from the sums; 0: keep them",
            .field = field::Duration{TOKOMETER_FIELD(store.retention)},
            .at_start_only = true},
    Setting{.key = "store.max_rows",
            .fallback = "0",
            .placeholder = "N",
            .help = "Keep at most so many events; 0: no limit",
            .field = field::Number{TOKOMETER_FIELD(store.max_rows)},
            .at_start_only = true},
    Setting{.key = "capture.enabled",
            .fallback = "false",
            .help = "Keep requests and responses, without their keys, in data_dir/captures",
            .field = field::Flag{TOKOMETER_FIELD(capture.enabled)},
            .at_start_only = true,
            .option = "capture"},
    Setting{.key = "capture.max_bytes",
            .fallback = "1GiB",
            .placeholder = "SIZE",
            .help = "Past this the oldest captures go",
            .field = field::Size{TOKOMETER_FIELD(capture.max_bytes)},
            .at_start_only = true},
    Setting{.key = "capture.retention",
            .fallback = "7d",
            .placeholder = "DURATION",
            .help = "Delete captures older than this; 0: keep them",
            .field = field::Duration{TOKOMETER_FIELD(capture.retention)},
            .at_start_only = true},
    Setting{.key = "limits.request_tap_bytes",
            .fallback = "8MiB",
            .placeholder = "SIZE",
            .help = "How much of a request is read for its model and ids",
            .field = field::Size{TOKOMETER_FIELD(limits.request_tap_bytes)}},
    Setting{.key = "limits.response_tap_bytes",
            .fallback = "32MiB",
            .placeholder = "SIZE",
            .help = "How much of a response that is one document is read for its usage; streams have no limit",
            .field = field::Size{TOKOMETER_FIELD(limits.response_tap_bytes)}},
    Setting{
        .key = "limits.sample_bytes",
        .fallback = "256KiB",
        .placeholder = "SIZE",
        .help =
            "How much of a request and of its response is kept until a call ends, to estimate its usage; 0: nothing",
        .field = field::Size{TOKOMETER_FIELD(limits.sample_bytes)}},
    Setting{.key = "limits.head_bytes",
            .fallback = "64KiB",
            .placeholder = "SIZE",
            .help = "The longest head of a request or response",
            .field = field::Size{TOKOMETER_FIELD(limits.head_bytes), 1 << 10}},
    Setting{.key = "limits.head_fields",
            .fallback = "200",
            .placeholder = "N",
            .help = "The most fields in a head",
            .field = field::Number{TOKOMETER_FIELD(limits.head_fields), 10, 100'000}},
    Setting{.key = "limits.connections",
            .fallback = "10000",
            .placeholder = "N",
            .help = "Connections from clients at once",
            .field = field::Number{TOKOMETER_FIELD(limits.connections), 1, 1'000'000},
            .at_start_only = true},
    Setting{.key = "limits.origin_idle_connections",
            .fallback = "64",
            .placeholder = "N",
            .help = "Connections kept open for the next call, for each origin and worker",
            .field = field::Number{TOKOMETER_FIELD(limits.origin_idle_connections), 0, 100'000},
            .at_start_only = true},
};

#undef TOKOMETER_FIELD

}  // namespace

std::span<const Setting> settings_table() { return all_settings; }

}  // namespace tokometer::app
