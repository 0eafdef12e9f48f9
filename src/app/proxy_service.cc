#include "app/proxy_service.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <future>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "app/authority_rotation.h"
#include "app/remembered_responses.h"
#include "app/start_memory.h"
#include "net/descriptors.h"
#include "proxy/front.h"
#include "store/sqlite/sqlite_store.h"

namespace tokometer::app {
namespace {

// A start waits so long for the responses of earlier runs to be known before it serves, since a poll in the first
// moment would count twice otherwise; and so long at most for what is in the journal alone to get into the store.
constexpr std::chrono::seconds kRememberingWait{2};
constexpr std::chrono::seconds kJournalWait{1};

// How long the last calls may take to be printed.
constexpr std::chrono::seconds kConsumerPatience{2};

unsigned worker_count(const Config& config) {
  if (config.workers > 0) return static_cast<unsigned>(config.workers);
  return std::max(1U, std::thread::hardware_concurrency());
}

// Clients at once that there are file descriptors for: past that they wait to be accepted, rather than fail.
std::size_t affordable_clients(const Config& config, Log& log) {
  const auto wanted = static_cast<std::size_t>(config.limits.connections);
  const std::size_t allowed = net::raise_descriptors(net::descriptors_for(wanted));
  if (allowed >= net::descriptors_for(wanted)) return wanted;
  const std::size_t clients = net::clients_for(allowed);
  // Nearly as many are no reason to trouble the user.
  if (clients >= wanted / 2) return clients;
  log.warn(
      "limits.connections: {} need {} file descriptors and the system allows {}, so that at most {} clients are served "
      "at once (raise the hard limit: ulimit -Hn, LimitNOFILE= of systemd)",
      wanted, net::descriptors_for(wanted), allowed, clients);
  return clients;
}

net::Limits net_limits(const Config& config, std::size_t clients, unsigned workers) {
  net::Limits limits;
  limits.connect_timeout = config.timeouts.connect;
  // The setting is for the whole program, net's for each worker.
  limits.max_clients = std::max<std::size_t>(1, clients / workers);
  limits.max_idle_per_origin = static_cast<std::size_t>(config.limits.origin_idle_connections);
  return limits;
}

proxy::Settings proxy_settings(const Config& config) {
  proxy::Settings settings;
  settings.timeouts.head = config.timeouts.head;
  settings.timeouts.idle = config.timeouts.client_idle;
  settings.timeouts.half_close = config.timeouts.half_close;
  settings.timeouts.first_byte = config.timeouts.first_byte;
  settings.timeouts.request_content = config.timeouts.request_content;
  settings.timeouts.between_bytes = config.timeouts.between_bytes;
  settings.limits.http1.head_bytes = static_cast<std::size_t>(config.limits.head_bytes);
  settings.limits.http1.fields = static_cast<std::size_t>(config.limits.head_fields);
  settings.on_client_close =
      config.on_client_close == OnClientClose::kDrain ? proxy::OnClientClose::kDrain : proxy::OnClientClose::kCancel;
  settings.stream_usage =
      config.stream_usage == StreamUsage::kInject ? proxy::StreamUsage::kInject : proxy::StreamUsage::kOff;
  settings.origin_http2 = config.origin_http2;
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
  limits.sample_bytes = static_cast<std::size_t>(config.limits.sample_bytes);
  return limits;
}

}  // namespace

std::filesystem::path store_file(const std::filesystem::path& data_dir) { return data_dir / "tokometer.db"; }
std::filesystem::path journal_folder(const std::filesystem::path& data_dir) { return data_dir / "journal"; }

// The context in force, replaced as a whole by a reload.
class ProxyService::Contexts final : public proxy::ContextSource {
 public:
  explicit Contexts(std::shared_ptr<const proxy::Context> first) : current_(std::move(first)) {}
  std::shared_ptr<const proxy::Context> current() const override {
    const std::lock_guard lock(mutex_);
    return current_;
  }
  void replace(std::shared_ptr<const proxy::Context> next) {
    const std::lock_guard lock(mutex_);
    current_.swap(next);
  }

 private:
  // Not std::atomic<std::shared_ptr>: libstdc++ 12's gives a reader's lock back without a barrier, which is a race.
  mutable std::mutex mutex_;
  std::shared_ptr<const proxy::Context> current_;
};

ProxyService::ProxyService(const Config& config, const Clock& clock, Log& log)
    : config_(config), clock_(clock), log_(log), started_(clock.steady()), budgets_(std::make_shared<Budgets>(log)) {}

Result<std::unique_ptr<ProxyService>> ProxyService::open(const Config& config, EventFeed::Consumer consumer,
                                                         const Clock& clock, Log& log) {
  std::unique_ptr<ProxyService> service(new ProxyService(config, clock, log));
  if (auto claimed = service->claim_data_folder(); !claimed) return fail(std::move(claimed.error()));
  service->accounts_ = Accounts::open(service->instance_ ? config.data_dir : std::filesystem::path(), log);
  service->open_journal();
  service->open_captures();
  if (consumer.take) service->feed_ = std::make_unique<EventFeed>(std::move(consumer));
  if (auto bound = service->bind(); !bound) return fail(std::move(bound.error()));
  auto context = service->make_context(config);
  if (!context) return fail(std::move(context.error()));
  service->contexts_ = std::make_shared<Contexts>(std::move(*context));
  return service;
}

ProxyService::~ProxyService() = default;

Result<void> ProxyService::claim_data_folder() {
  auto instance = Instance::claim(config_.data_dir);
  if (instance) {
    instance_.emplace(std::move(*instance));
    if (auto ended = end_rotation(config_.data_dir); !ended) log_.warn("{}", ended.error().message);
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
  ingest.quotas = &quotas_;
  const auto open_store = [file = store_file(config_.data_dir)] { return store::sqlite::open({.file = file}); };
  ingest_ = std::make_unique<store::Ingest>(*journal_, open_store, ingest, clock_, log_);
}

void ProxyService::open_captures() {
  if (!config_.capture.enabled && config_.capture_mode == CaptureMode::kKnownOnly) return;
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
                                  .captures = captures_.get(),
                                  .accounts = *accounts_,
                                  .quotas = quotas_,
                                  .budgets = *budgets_,
                                  .estimates = estimates_,
                                  .late = late_,
                                  .tunnelled = tunnelled_,
                                  .capture_known = config_.capture.enabled,
                                  .keep_unknown = config_.capture_mode == CaptureMode::kCaptureAll};
  auto forwarding = make_forwarding(config, (*rules)->providers);
  PageSources pages{.clock = clock_,
                    .metrics = metrics_,
                    .journal = journal_.get(),
                    .ingest = ingest_.get(),
                    .captures = captures_.get(),
                    .feed = feed_.get(),
                    .quotas = &quotas_,
                    .distrust = distrust_.get(),
                    .upstream = &upstream_,
                    .tunnelled = &tunnelled_,
                    .server = [this] { return server_->stats(); },
                    .serve_metrics = config.metrics,
                    .start = &status_.start,
                    .started = started_,
                    .listening = listening(),
                    .beyond_loopback = is_beyond_loopback(),
                    .forwarding = forwarding,
                    .one_origin = !config.base_url.empty()};
  return std::make_shared<const proxy::Context>(
      proxy::Context{.router = std::move(*router),
                     .settings = proxy_settings(config),
                     .taps = std::make_shared<MeteringTaps>(services, std::move(*rules), meter_limits(config)),
                     .internal = std::make_shared<InternalPages>(std::move(pages)),
                     .forwarding = std::move(forwarding),
                     .gate = budgets_});
}

bool ProxyService::is_beyond_loopback() const { return !std::ranges::all_of(config_.listen, is_local_listener); }

std::shared_ptr<const proxy::Forwarding> ProxyService::make_forwarding(
    const Config& config, std::shared_ptr<const provider::Registry> providers) {
  {
    const std::lock_guard lock(domains_mutex_);
    domains_ = intercepted_domains(*providers, config);
  }
  proxy::ForwardingOptions options{.intercept = config.intercept, .tunnel = config.tunnel, .token = {}, .own = {}};
  options.own = listening();
  if (is_beyond_loopback()) {
    auto token = proxy_token(config_.data_dir);
    if (!token) {
      log_.warn("{}; others can reach this proxy, so it forwards for nobody", token.error().message);
      return nullptr;
    }
    options.token = std::move(*token);
  }
  return std::make_shared<const proxy::Forwarding>(std::move(providers), std::move(options), distrust_);
}

// On a worker's thread, with the first client that is intercepted.
Result<std::unique_ptr<net::CertificateAuthority>> ProxyService::find_authority(const std::filesystem::path& data_dir) {
  std::vector<std::string> domains;
  {
    const std::lock_guard lock(domains_mutex_);
    domains = domains_;
  }
  auto authority = open_authority(data_dir, domains, log_);
  if (!authority) return authority;
  if (const auto uncovered = uncovered_domains((*authority)->info(), domains); !uncovered.empty()) {
    const std::string what = uncovered_text(uncovered);
    log_.once(LogLevel::kWarn, what, what);
  }
  if (const std::string what = unlimited_text((*authority)->info(), domains); !what.empty()) {
    log_.once(LogLevel::kWarn, what, what);
  }
  return authority;
}

// At the start, of the authority that is there, or will be made when it is needed.
void ProxyService::tell_of_limits() const {
  const auto authority =
      net::CertificateAuthority::read(net::CertificateAuthority::certificate_path(authority_folder(config_.data_dir)));
  const std::string unlimited = unlimited_text(authority.value_or(net::CertificateAuthority::Info()), domains_);
  if (!unlimited.empty() && (authority || domains_.empty())) log_.once(LogLevel::kWarn, unlimited, unlimited);
}

Result<void> ProxyService::bind() {
  net::ServerOptions options;
  for (const std::string& text : config_.listen) {
    auto address = net::Address::parse(text);
    if (!address) return fail(std::move(address.error()));
    options.listen.push_back(*address);
  }
  options.workers = worker_count(config_);
  options.limits = net_limits(config_, affordable_clients(config_, log_), options.workers);
  options.tls.origin_ca = config_.origin_ca.string();
  options.authority = [this, data_dir = config_.data_dir] { return find_authority(data_dir); };
  for (const std::string& text : config_.resolve) {
    auto rule = net::Resolver::Override::parse(text);
    if (!rule) return fail(std::move(rule.error()));
    options.overrides.push_back(std::move(*rule));
  }
  auto server = net::Server::open(options, clock_, log_);
  if (!server) return fail(std::move(server.error()));
  server_ = std::move(*server);
  return go_upstream();
}

// Once it is known where we listen: a shell that was led to us would have us go round for ever.
Result<void> ProxyService::go_upstream() {
  auto upstream = find_upstream(config_, listening());
  if (!upstream) return fail(std::move(upstream.error()));
  upstream_ = std::move(*upstream);
  for (const std::string& remark : upstream_.remarks) log_.warn("{}", remark);
  if (const auto& by = upstream_.proxies.https) {
    log_.info("origins are reached through the proxy {} ({})", by->text(), upstream_.https_from);
  }
  server_->set_upstream(upstream_.proxies);
  return {};
}

Result<void> ProxyService::start(Start start) {
  if (ingest_) {
    std::promise<void> remembered;
    const auto done = remembered.get_future();
    remembering_ = std::jthread(
        [this, file = store_file(config_.data_dir), told = std::move(remembered)](const std::stop_token& stop) mutable {
          remember_responses(file, stop);
          told.set_value();
        });
    done.wait_for(kRememberingWait);
  }
  tell_of_limits();
  // Before anybody can ask for a page that shows it.
  status_.start = std::move(start);
  if (auto started = server_->start(std::make_shared<proxy::FrontFactory>(contexts_)); !started) return started;
  status_.listening = listening();
  status_.message = "started";
  release_code_pages();
  if (!instance_) return {};
  if (auto published = instance_->publish(status_); !published) return published;
  // A shell would be led to what ends with somebody else's program.
  if (status_.start.run_by == RunBy::kRun) return {};
  const auto url = local_url(status_.listening);
  return url ? instance_->announce(*url) : Result<void>();
}

// Tells the filter of repeats which responses were counted before this start. On a thread of its own, since it may
// take longer than a start should.
void ProxyService::remember_responses(const std::filesystem::path& file, const std::stop_token& stop) {
  ingest_->flush(kJournalWait);  // an earlier run may have ended before its last events were stored
  const auto store = store::sqlite::open({.file = file, .read_only = true});
  if (!store) return;  // there is none yet, or the thread that stores says what is wrong
  const auto remembered = app::remember_responses(**store, repeats_, stop);
  if (!remembered) log_.debug("{}", remembered.error().message);
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
  server_->reset_authority();
  distrust_->clear();
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

void ProxyService::shutdown(std::chrono::milliseconds drain) {
  if (instance_) instance_->withdraw();
  server_->shutdown(drain);
}

void ProxyService::publish_drain() {
  const std::int64_t open = metrics_.open_exchanges();
  if (!instance_ || (status_.draining && status_.open_calls == open)) return;
  status_.draining = true;
  status_.open_calls = open;
  if (auto published = instance_->publish(status_); !published) log_.debug("{}", published.error().message);
}

void ProxyService::cut_off() {
  server_->shutdown(std::chrono::milliseconds(0));
  if (feed_) feed_->hurry();
}

void ProxyService::join() {
  server_->join();
  late_.stop();
  if (ingest_) ingest_->stop();
  if (feed_ && !feed_->stop(kConsumerPatience))
    log_.warn("the output hangs: not every call was printed; all are recorded");
}

void ProxyService::maintain() {
  // The store's thread does it where there is one.
  if (ingest_) return;
  if (journal_) journal_->maintain();
  // Nobody stores them: the board may give the room of any to new ones.
  static_cast<void>(quotas_.take_changed());
}

}  // namespace tokometer::app
