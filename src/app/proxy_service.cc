#include "app/proxy_service.h"

#include <algorithm>
#include <atomic>
#include <thread>
#include <utility>

#include "proxy/http1_session.h"
#include "store/sqlite/sqlite_store.h"

namespace tokometer::app {
namespace {

unsigned worker_count(const Config& config) {
  if (config.workers > 0) return static_cast<unsigned>(config.workers);
  return std::max(1U, std::thread::hardware_concurrency());
}

net::Limits net_limits(const Config& config, unsigned workers) {
  net::Limits limits;
  limits.connect_timeout = config.timeouts.connect;
  // The setting is for the whole program, net's for each worker.
  limits.max_clients = std::max<std::size_t>(1, static_cast<std::size_t>(config.limits.connections) / workers);
  limits.max_idle_per_origin = static_cast<std::size_t>(config.limits.origin_idle_connections);
  return limits;
}

proxy::Settings proxy_settings(const Config& config) {
  proxy::Settings settings;
  settings.timeouts.head = config.timeouts.head;
  settings.timeouts.idle = config.timeouts.client_idle;
  settings.timeouts.first_byte = config.timeouts.first_byte;
  settings.timeouts.request_content = config.timeouts.request_content;
  settings.timeouts.between_bytes = config.timeouts.between_bytes;
  settings.limits.http1.head_bytes = static_cast<std::size_t>(config.limits.head_bytes);
  settings.limits.http1.fields = static_cast<std::size_t>(config.limits.head_fields);
  settings.on_client_close =
      config.on_client_close == OnClientClose::kDrain ? proxy::OnClientClose::kDrain : proxy::OnClientClose::kCancel;
  return settings;
}

proxy::RouterOptions router_options(const Config& config) {
  proxy::RouterOptions options;
  options.base_url = config.base_url;
  options.type = config.type;
  for (const auto& [provider, url] : config.origins) options.origins.push_back({provider, url});
  return options;
}

event::Sync journal_sync(JournalSync sync) {
  switch (sync) {
    case JournalSync::kEach:
      return event::Sync::kEach;
    case JournalSync::kInterval:
      return event::Sync::kInterval;
    case JournalSync::kNever:
      break;
  }
  return event::Sync::kNever;
}

meter::Limits meter_limits(const Config& config) {
  meter::Limits limits;
  limits.max_request_bytes = static_cast<std::uint64_t>(config.limits.request_tap_bytes);
  limits.max_response_bytes = static_cast<std::uint64_t>(config.limits.response_tap_bytes);
  return limits;
}

}  // namespace

std::filesystem::path store_file(const std::filesystem::path& data_dir) { return data_dir / "tokometer.db"; }
std::filesystem::path journal_folder(const std::filesystem::path& data_dir) { return data_dir / "journal"; }

// The context in force, replaced as a whole by a reload.
class ProxyService::Contexts final : public proxy::ContextSource {
 public:
  explicit Contexts(std::shared_ptr<const proxy::Context> first) : current_(std::move(first)) {}
  std::shared_ptr<const proxy::Context> current() const override { return current_.load(); }
  void replace(std::shared_ptr<const proxy::Context> next) { current_.store(std::move(next)); }

 private:
  std::atomic<std::shared_ptr<const proxy::Context>> current_;
};

ProxyService::ProxyService(const Config& config, const Clock& clock, Log& log)
    : config_(config), clock_(clock), log_(log) {}

Result<std::unique_ptr<ProxyService>> ProxyService::open(const Config& config, EventFeed::Consumer consumer,
                                                         const Clock& clock, Log& log) {
  std::unique_ptr<ProxyService> service(new ProxyService(config, clock, log));
  if (auto claimed = service->claim_data_folder(); !claimed) return fail(std::move(claimed.error()));
  service->open_journal();
  service->open_captures();
  if (consumer) service->feed_ = std::make_unique<EventFeed>(std::move(consumer));
  auto context = service->make_context(config);
  if (!context) return fail(std::move(context.error()));
  service->contexts_ = std::make_shared<Contexts>(std::move(*context));
  if (auto bound = service->bind(); !bound) return fail(std::move(bound.error()));
  return service;
}

ProxyService::~ProxyService() = default;

Result<void> ProxyService::claim_data_folder() {
  auto instance = Instance::claim(config_.data_dir);
  if (instance) {
    instance_.emplace(std::move(*instance));
    return {};
  }
  // Two proxies in one folder is a mistake to be told; a folder that cannot be written is no reason to stop traffic.
  if (find_instance(config_.data_dir)) return fail(std::move(instance.error()));
  log_.warn("{}; calls are passed on and shown, but not recorded", instance.error().message);
  return {};
}

void ProxyService::open_journal() {
  event::JournalOptions options;
  options.folder = journal_folder(config_.data_dir);
  options.sync = journal_sync(config_.journal.sync);
  options.limits.segment_bytes = static_cast<std::size_t>(config_.journal.segment_bytes);
  options.limits.total_bytes = static_cast<std::size_t>(config_.journal.max_bytes);
  options.limits.slow_append = config_.journal.append_wait;
  auto journal = event::Journal::open(std::move(options), clock_, log_);
  if (!journal) {
    log_.warn("{}; calls are passed on and shown, but not recorded", journal.error().message);
    return;
  }
  journal_ = std::move(*journal);
  if (!config_.store.enabled) return;
  store::IngestOptions ingest;
  if (config_.store.retention.count() > 0) {
    ingest.retention.max_age = std::chrono::ceil<std::chrono::hours>(config_.store.retention);
  }
  if (config_.store.max_rows > 0) ingest.retention.max_events = config_.store.max_rows;
  const auto open_store = [file = store_file(config_.data_dir)] { return store::sqlite::open({.file = file}); };
  ingest_ = std::make_unique<store::Ingest>(*journal_, open_store, ingest, clock_, log_);
}

void ProxyService::open_captures() {
  if (!config_.capture.enabled) return;
  CaptureLimits limits;
  limits.total_bytes = config_.capture.max_bytes;
  limits.retention = config_.capture.retention;
  captures_ = std::make_unique<CaptureStore>(config_.data_dir / "captures", limits, clock_, log_);
}

Result<std::shared_ptr<const proxy::Context>> ProxyService::make_context(const Config& config) {
  auto rules = load_rules(config.config_dir);
  if (!rules) return fail(std::move(rules.error()));
  auto router = proxy::Router::make((*rules)->providers, router_options(config));
  if (!router) return fail(std::move(router.error()));
  const MeteringServices services{.journal = journal_.get(),
                                  .metrics = metrics_,
                                  .repeats = repeats_,
                                  .log = log_,
                                  .feed = feed_.get(),
                                  .captures = captures_.get()};
  PageSources pages{.clock = clock_,
                    .metrics = metrics_,
                    .journal = journal_.get(),
                    .ingest = ingest_.get(),
                    .captures = captures_.get(),
                    .feed = feed_.get(),
                    .server = [this] { return server_->stats(); },
                    .serve_metrics = config.metrics};
  return std::make_shared<const proxy::Context>(
      proxy::Context{.router = std::move(*router),
                     .settings = proxy_settings(config),
                     .taps = std::make_shared<MeteringTaps>(services, std::move(*rules), meter_limits(config)),
                     .internal = std::make_shared<InternalPages>(std::move(pages))});
}

Result<void> ProxyService::bind() {
  net::ServerOptions options;
  for (const std::string& text : config_.listen) {
    auto address = net::Address::parse(text);
    if (!address) return fail(std::move(address.error()));
    options.listen.push_back(*address);
  }
  options.workers = worker_count(config_);
  options.limits = net_limits(config_, options.workers);
  options.tls.origin_ca = config_.origin_ca.string();
  auto server = net::Server::open(options, clock_, log_);
  if (!server) return fail(std::move(server.error()));
  server_ = std::move(*server);
  return {};
}

Result<void> ProxyService::start() {
  if (auto started = server_->start(std::make_shared<proxy::Http1SessionFactory>(contexts_)); !started) return started;
  status_.listening = listening();
  status_.message = "started";
  if (instance_) return instance_->publish(status_);
  return {};
}

std::vector<std::string> ProxyService::listening() const {
  std::vector<std::string> texts;
  for (const net::Address& address : server_->addresses()) texts.push_back(address.text());
  return texts;
}

Result<void> ProxyService::reload(const Config& config) {
  auto context = make_context(config);
  if (!context) return fail(std::move(context.error()));
  contexts_->replace(std::move(*context));
  config_ = config;
  return {};
}

void ProxyService::publish_reload(bool ok, std::string message) {
  ++status_.reloads;
  status_.reload_ok = ok;
  status_.message = std::move(message);
  if (!instance_) return;
  if (auto published = instance_->publish(status_); !published) log_.warn("{}", published.error().message);
}

void ProxyService::shutdown(std::chrono::milliseconds drain) { server_->shutdown(drain); }

void ProxyService::join() {
  server_->join();
  if (ingest_) ingest_->stop();
  feed_.reset();
}

void ProxyService::maintain() {
  if (journal_) journal_->maintain();
}

}  // namespace tokometer::app
