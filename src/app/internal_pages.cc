#include "app/internal_pages.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <span>
#include <utility>

#include "app/overview_page.h"
#include "app/quota_metrics.h"
#include "client/call_context.h"
#include "embedded/embedded.h"
#include "json/writer.h"

namespace tokometer::app {
namespace {

template <typename T>
std::int64_t figure(T value) {
  return static_cast<std::int64_t>(value);
}

void counter(MetricsText& out, std::string_view name, std::string_view help, std::uint64_t value) {
  out.describe(name, "counter", help);
  out.sample(name, "", figure(value));
}

void gauge(MetricsText& out, std::string_view name, std::string_view help, std::uint64_t value) {
  out.describe(name, "gauge", help);
  out.sample(name, "", figure(value));
}

// Without credentials, as all of it.
void write_upstream(const Upstream& upstream, json::Writer& writer) {
  writer.name("upstream_proxy").begin_object();
  const auto write = [&](std::string_view scheme, const auto& proxy, std::string_view from) {
    if (!proxy) return;
    writer.name(scheme).begin_object().member("address", proxy->text()).member("from", from).end_object();
  };
  write("https", upstream.proxies.https, upstream.https_from);
  write("http", upstream.proxies.http, upstream.http_from);
  writer.end_object();
}

// Of pages that browsers show.
constexpr std::string_view kPolicy =
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'";
constexpr std::array kPageFields{wire::Field{.name = "cache-control", .value = "no-store"},
                                 wire::Field{.name = "content-security-policy", .value = kPolicy},
                                 wire::Field{.name = "cross-origin-resource-policy", .value = "same-origin"},
                                 wire::Field{.name = "referrer-policy", .value = "no-referrer"},
                                 wire::Field{.name = "x-content-type-options", .value = "nosniff"},
                                 wire::Field{.name = "x-frame-options", .value = "DENY"}};
constexpr std::array kForeignHostFields{wire::Field{.name = "x-tokometer-error", .value = "foreign_host"}};
constexpr std::array kTokenFields{wire::Field{.name = "www-authenticate", .value = "Basic realm=\"tokometer\""},
                                  wire::Field{.name = "x-tokometer-error", .value = "authorization"}};

bool has_token(const PageSources& sources, const proxy::RequestHead& head) {
  const auto given = wire::find(head.fields, "authorization");
  const std::array fields{wire::Field{.name = "proxy-authorization", .value = given.value_or("")}};
  return sources.forwarding != nullptr && sources.forwarding->is_authorized(fields);
}

constexpr std::array kSlashFields{wire::Field{.name = "location", .value = "/-/"}};

// Those that /-/health names at most.
constexpr std::size_t kNamedClients = 100;

bool names_loopback(const proxy::RequestHead& head) {
  const auto host = proxy::parse_authority(head.authority, false, 0);
  return host && proxy::is_loopback(host->origin.host);
}

constexpr std::string_view kText = "text/plain; charset=utf-8";

// What who may not see our figures is told; nothing if they may.
std::optional<proxy::InternalEndpoints::Reply> refuse(const PageSources& sources, const proxy::RequestHead& head) {
  using Reply = proxy::InternalEndpoints::Reply;
  // A browser gives the token to no page of another name, so that Host needs no look then.
  if (sources.beyond_loopback) {
    if (has_token(sources, head)) return std::nullopt;
    return Reply{.status = 401,
                 .content_type = std::string(kText),
                 .body =
                     "This page asks for the proxy's token: any user name, and as password what stands in the file "
                     "proxy-token of its data folder.\n",
                 .fields = kTokenFields};
  }
  if (names_loopback(head)) return std::nullopt;
  return Reply{.status = 403,
               .content_type = std::string(kText),
               .body = "This page is for this machine: ask for it as 127.0.0.1 or localhost.\n",
               .fields = kForeignHostFields};
}

// What the page loads, by its name; null: there is no such file.
const embedded::File* find_loaded(std::string_view name) {
  const auto files = embedded::pages();
  const auto file = std::ranges::find(files, name, &embedded::File::name);
  return file == files.end() || name == kOverviewTemplate ? nullptr : &*file;
}

std::string_view content_type(std::string_view file) {
  return file.ends_with(".css") ? "text/css; charset=utf-8" : "text/javascript; charset=utf-8";
}

}  // namespace

InternalPages::InternalPages(PageSources sources) : sources_(std::move(sources)) {}

std::optional<proxy::InternalEndpoints::Reply> InternalPages::reply(std::string_view path,
                                                                    const proxy::RequestHead& head) {
  auto refusal = refuse(sources_, head);
  // Load balancers have no token.
  if (path == "/-/health") return health(!refusal);
  if (path == "/-") return Reply{.status = 308, .content_type = std::string(kText), .body = {}, .fields = kSlashFields};
  constexpr std::string_view kTunnelled = "/-/tunnelled/";
  if (path == "/-/metrics" && sources_.serve_metrics) {
    if (!refusal) return metrics();
  } else if (path.starts_with(kTunnelled) && sources_.tunnelled != nullptr) {
    if (!refusal) return tunnelled(path.substr(kTunnelled.size()));
  } else {
    const std::string_view name = path.substr(std::string_view("/-/").size());
    const embedded::File* const file = find_loaded(name);
    if (file == nullptr && !name.empty()) return std::nullopt;
    if (!refusal) return page(file);
  }
  return refusal;
}

InternalPages::Reply InternalPages::page(const embedded::File* file) const {
  if (file == nullptr) {
    return Reply{.status = 200,
                 .content_type = "text/html; charset=utf-8",
                 .body = overview_page(sources_),
                 .fields = kPageFields};
  }
  return Reply{.status = 200,
               .content_type = std::string(content_type(file->name)),
               .body = std::string(file->content),
               .fields = kPageFields};
}

InternalPages::Reply InternalPages::health(bool with_names) const {
  const bool journal_ok = sources_.journal != nullptr && sources_.journal->stats().healthy;
  const bool store_ok = sources_.ingest == nullptr || sources_.ingest->stats().healthy;
  std::string body;
  json::Writer writer(body);
  writer.begin_object().member("status", journal_ok && store_ok ? "ok" : "degraded");
  writer.member("uptime_seconds",
                std::chrono::duration_cast<std::chrono::seconds>(sources_.clock.steady() - sources_.started).count());
  writer.member("open_exchanges", sources_.metrics.open_exchanges());
  writer.member("finished_exchanges", sources_.metrics.finished());
  writer.name("journal").begin_object();
  if (sources_.journal != nullptr) {
    const event::JournalStats stats = sources_.journal->stats();
    writer.member("ok", stats.healthy).member("appended", figure(stats.appended));
    writer.member("waiting", figure(stats.waiting)).member("dropped", figure(stats.dropped));
    writer.member("slow", figure(stats.slow)).member("bytes", figure(stats.bytes));
    writer.member("lag_bytes", figure(stats.lag_bytes)).member("lost_bytes", figure(stats.lost_bytes));
    writer.member("recovered_bytes", figure(stats.recovered_bytes));
  } else {
    writer.member("ok", false);
  }
  writer.end_object();
  if (sources_.ingest != nullptr) {
    const store::IngestStats stats = sources_.ingest->stats();
    writer.name("store").begin_object().member("ok", stats.healthy).member("stored", figure(stats.stored));
    writer.member("repeated", figure(stats.repeated)).member("failures", figure(stats.failures));
    writer.end_object();
  }
  if (sources_.captures != nullptr) {
    const CaptureStore::Stats stats = sources_.captures->stats();
    writer.name("captures").begin_object().member("written", figure(stats.written));
    writer.member("dropped", figure(stats.dropped)).end_object();
  }
  if (with_names && sources_.distrust != nullptr) {
    // Clients whose calls there are tunnelled, or fail where they are `held`, since they do not take our certificate.
    writer.name("distrustful").begin_array();
    const auto entries = sources_.distrust->entries(sources_.clock.steady());
    for (const proxy::Distrust::Entry& entry : std::span(entries).first(std::min(entries.size(), kNamedClients))) {
      writer.begin_object().member("client", entry.client.name).member("host", entry.client.host);
      writer.member("silent", entry.silent).member("held", entry.client.held).end_object();
    }
    writer.end_array();
  }
  if (with_names && sources_.upstream != nullptr) write_upstream(*sources_.upstream, writer);
  writer.end_object();
  body += '\n';
  return {.status = 200, .content_type = "application/json", .body = std::move(body)};
}

InternalPages::Reply InternalPages::tunnelled(std::string_view encoded_run) const {
  const auto context = client::decode_context(encoded_run);
  const TunnelledHosts::Unread unread = context ? sources_.tunnelled->of(context->run) : TunnelledHosts::Unread();
  std::string body;
  json::Writer writer(body);
  writer.begin_object().name("hosts").begin_array();
  for (const std::string& host : unread.hosts) writer.string(host);
  writer.end_array().name("distrustful").begin_array();
  for (const auto& [client, host] : unread.distrustful) {
    writer.begin_object().member("client", client).member("host", host).end_object();
  }
  writer.end_array().end_object();
  body += '\n';
  return {.status = 200, .content_type = "application/json", .body = std::move(body)};
}

InternalPages::Reply InternalPages::metrics() const {
  MetricsText out;
  sources_.metrics.render(out);
  render_journal(out);
  render_store(out);
  render_net(out);
  if (sources_.quotas != nullptr) render_quotas(*sources_.quotas, sources_.clock.now(), out);
  return {.status = 200, .content_type = "text/plain; version=0.0.4; charset=utf-8", .body = out.take()};
}

void InternalPages::render_journal(MetricsText& out) const {
  if (sources_.journal == nullptr) return;
  const event::JournalStats stats = sources_.journal->stats();
  gauge(out, "tokometer_journal_healthy", "1 while the journal can be written.", stats.healthy ? 1 : 0);
  counter(out, "tokometer_journal_appended_total", "Events in the journal's files.", stats.appended);
  counter(out, "tokometer_journal_failed_total", "Appends that could not be written at once.", stats.failed);
  counter(out, "tokometer_journal_slow_total", "Appends that took longer than journal.append_wait.", stats.slow);
  counter(out, "tokometer_journal_dropped_total", "Events lost: the journal's memory was full.", stats.dropped);
  gauge(out, "tokometer_journal_waiting", "Events in memory that wait for a writable journal.", stats.waiting);
  gauge(out, "tokometer_journal_bytes", "Size of the journal's files.", stats.bytes);
  gauge(out, "tokometer_journal_lag_bytes", "What the store has not read yet.", stats.lag_bytes);
}

void InternalPages::render_store(MetricsText& out) const {
  if (sources_.ingest != nullptr) {
    const store::IngestStats stats = sources_.ingest->stats();
    gauge(out, "tokometer_store_healthy", "1 while the store can be written.", stats.healthy ? 1 : 0);
    counter(out, "tokometer_store_events_total", "Events stored.", stats.stored);
    counter(out, "tokometer_store_repeated_total", "Events that were stored already.", stats.repeated);
    counter(out, "tokometer_store_failures_total", "Batches that had to be tried again.", stats.failures);
    counter(out, "tokometer_store_purged_total", "Events removed by retention.", stats.purged);
  }
  if (sources_.captures != nullptr) {
    const CaptureStore::Stats stats = sources_.captures->stats();
    counter(out, "tokometer_captures_written_total", "Raw captures written.", stats.written);
    counter(out, "tokometer_captures_dropped_total", "Raw captures that could not be kept.", stats.dropped);
  }
  if (sources_.feed != nullptr) {
    counter(out, "tokometer_printer_dropped_total", "Events not printed: the terminal was too slow.",
            sources_.feed->dropped());
  }
}

void InternalPages::render_net(MetricsText& out) const {
  if (!sources_.server) return;
  const net::ServerStats stats = sources_.server();
  counter(out, "tokometer_connections_accepted_total", "Client connections accepted.", stats.accepted);
  counter(out, "tokometer_accept_failures_total", "Client connections that could not be accepted.",
          stats.accept_failures);
  counter(out, "tokometer_origin_connections_total", "Connections to origins opened.", stats.dialed);
  counter(out, "tokometer_origin_connect_failures_total", "Connections to origins that failed.", stats.dial_failures);
  counter(out, "tokometer_origin_connections_reused_total", "Connections to origins taken from the pool.",
          stats.reused);
  counter(out, "tokometer_bytes_read_total", "Bytes read from clients and origins.", stats.bytes_read);
  counter(out, "tokometer_bytes_written_total", "Bytes written to clients and origins.", stats.bytes_written);
  gauge(out, "tokometer_client_connections", "Client connections open.", stats.clients);
  gauge(out, "tokometer_origin_connections", "Connections to origins in use.", stats.origins);
  gauge(out, "tokometer_origin_connections_idle", "Connections to origins in the pool.", stats.idle);
}

}  // namespace tokometer::app
