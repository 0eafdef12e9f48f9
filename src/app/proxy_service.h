// The running proxy: everything put together and started, reloaded and stopped.
//
//   auto service = ProxyService::open(config, {.take = print_call, .finish = print_sums}, system_clock(), log);
//   (*service)->start();
//   … every second: (*service)->maintain();
//   … SIGHUP: (*service)->reload(new_config);
//   (*service)->shutdown(30s);
//   (*service)->cut_off();      // does not wait any longer
//   (*service)->join();         // drained; what was metered is in the store
//
// A data folder that cannot be used does not stop traffic: the proxy runs
// without a journal, says so, and shows it in /-/health.
//
// Not here: signals and the terminal (cli/proxy.cc), settings (config.h).
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "app/accounts.h"
#include "app/budgets.h"
#include "app/capture.h"
#include "app/config.h"
#include "app/counted_estimates.h"
#include "app/event_feed.h"
#include "app/instance.h"
#include "app/interception.h"
#include "app/internal_pages.h"
#include "app/metering_tap.h"
#include "app/metrics.h"
#include "app/rules.h"
#include "app/tunnelled_hosts.h"
#include "app/upstream.h"
#include "base/error.h"
#include "base/log.h"
#include "base/time.h"
#include "event/journal.h"
#include "meter/repeat_filter.h"
#include "net/server.h"
#include "proxy/context.h"
#include "proxy/forwarding.h"
#include "quota/board.h"
#include "store/ingest.h"

namespace tokometer::app {

// The file of the embedded store in a data folder, and the journal's folder.
std::filesystem::path store_file(const std::filesystem::path& data_dir);
std::filesystem::path journal_folder(const std::filesystem::path& data_dir);

class ProxyService {
 public:
  // Claims the data folder, loads the rules, opens the journal and binds.
  // Fails where the settings cannot be used: a rules file with a fault, an
  // address in use, a data folder that another proxy has. `consumer` (its
  // `take` may be empty) gets each finished event on a thread of its own. `clock` and `log`
  // must outlive the service.
  static Result<std::unique_ptr<ProxyService>> open(const Config& config, EventFeed::Consumer consumer,
                                                    const Clock& clock, Log& log);
  ~ProxyService();
  ProxyService(const ProxyService&) = delete;
  ProxyService& operator=(const ProxyService&) = delete;

  // Accepts from here on. `start` is for those who ask how this process runs.
  Result<void> start(Start start = {});
  std::vector<std::string> listening() const;
  // Calls that have begun and not ended.
  std::int64_t open_exchanges() const { return metrics_.open_exchanges(); }

  // Reads the rules again and puts `config` in force for exchanges that begin
  // from now on; connections stay. On failure everything stays as it is.
  Result<void> reload(const Config& config);
  // Notes the outcome of a reload for `tokometer reload` to read.
  void publish_reload(bool ok, std::string message);
  // After shutdown: notes how many calls still run, for `tokometer down` to read. Call it as often as you like.
  void publish_drain();

  // Stops accepting; running exchanges may end within `drain`.
  void shutdown(std::chrono::milliseconds drain);
  // From any thread, also while another joins: resets what still runs and leaves a consumer that hangs.
  void cut_off();
  // Waits until shutdown has done its work and stores what was metered. A consumer that hangs (a pipe that nobody
  // reads) is waited for a moment only.
  void join();

  // What time brings: call it about once a second.
  void maintain();

 private:
  class Contexts;

  ProxyService(const Config& config, const Clock& clock, Log& log);

  Result<void> claim_data_folder();
  void open_journal();
  void open_captures();
  Result<void> bind();
  Result<void> go_upstream();
  void remember_responses(const std::filesystem::path& file, const std::stop_token& stop);
  Result<std::shared_ptr<const proxy::Context>> make_context(const Config& config);
  std::shared_ptr<const proxy::Forwarding> make_forwarding(const Config& config,
                                                           std::shared_ptr<const provider::Registry> providers);
  bool is_beyond_loopback() const;  // others can reach us
  Result<std::unique_ptr<net::CertificateAuthority>> find_authority(const std::filesystem::path& data_dir);
  void tell_of_limits() const;

  Config config_;
  const Clock& clock_;
  Log& log_;

  const SteadyTime started_;
  std::optional<Instance> instance_;
  Status status_;
  Metrics metrics_;
  meter::RepeatFilter repeats_;
  std::optional<Accounts> accounts_;
  quota::Board quotas_;
  const std::shared_ptr<Budgets> budgets_;
  CountedEstimates estimates_;
  TunnelledHosts tunnelled_;
  std::unique_ptr<event::Journal> journal_;  // null: the data folder cannot be used
  std::unique_ptr<store::Ingest> ingest_;    // null: no journal, or the store is switched off
  std::unique_ptr<CaptureStore> captures_;   // null: not asked for
  std::unique_ptr<EventFeed> feed_;          // null: nobody listens
  LateEstimates late_;                       // behind what its estimates are reported to
  const std::shared_ptr<proxy::Distrust> distrust_ = std::make_shared<proxy::Distrust>();
  std::mutex domains_mutex_;
  std::vector<std::string> domains_;  // whose hosts are intercepted
  std::shared_ptr<Contexts> contexts_;
  Upstream upstream_;
  std::unique_ptr<net::Server> server_;
  std::jthread remembering_;
};

}  // namespace tokometer::app
