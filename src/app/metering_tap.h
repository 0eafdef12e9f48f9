// The tap that meters: reads each exchange, makes its event, journals it before
// the client sees the end, and tells metrics and printer.
//
//   MeteringTaps taps(services, rules);          // shared by all workers
//   … proxy core calls taps.open(start) for each exchange …
//
// A WebSocket makes an event for each of its turns (meter/turn_reader.h), journaled
// before the message that ends the turn goes on to the client. The connection has
// one of its own, which bills nothing, only if it made no turn or something went
// wrong beside them.
//
// A batch's results are many calls in one response: each makes an event when its line has passed, once however often
// they are fetched (meter::RepeatFilter), and the exchange itself an event that bills nothing.
//
// Exchanges that a spec tells to ignore, and those of endpoints that no spec
// names unless they POST something (or the setting capture_mode keeps them all), get no tap: they only pass.
//
// What response fields tell of quotas goes to a quota::Board when the exchange is over.
//
// Not here: how usage is read (meter/) and quotas are (quota/), what an event says (event/assemble.h).
#pragma once

#include <memory>
#include <mutex>

#include "app/accounts.h"
#include "app/budgets.h"
#include "app/capture.h"
#include "app/counted_estimates.h"
#include "app/event_feed.h"
#include "app/late_estimates.h"
#include "app/metrics.h"
#include "app/rules.h"
#include "app/tunnelled_hosts.h"
#include "base/log.h"
#include "base/uuid.h"
#include "event/journal.h"
#include "meter/exchange_meter.h"
#include "meter/repeat_filter.h"
#include "proxy/tap.h"
#include "quota/board.h"

namespace tokometer::app {

// What taps report to. All of it outlives them.
struct MeteringServices {
  event::Journal* journal = nullptr;  // null: the data folder cannot be used; events reach metrics and printer only
  Metrics& metrics;
  meter::RepeatFilter& repeats;
  Log& log;
  EventFeed* feed = nullptr;         // null: nothing is printed
  CaptureStore* captures = nullptr;  // null: no raw capture
  const Accounts& accounts;
  quota::Board& quotas;
  Budgets& budgets;
  CountedEstimates& estimates;
  LateEstimates& late;
  TunnelledHosts& tunnelled;
  bool capture_known = true;  // of endpoints that a spec names
  bool keep_unknown = false;  // calls of other endpoints make events and captures whatever their method is
};

// Makes ids for events. Any thread.
class EventIds {
 public:
  Uuid make(UtcTime at) {
    const std::lock_guard lock(mutex_);
    return maker_.make(at);
  }

 private:
  std::mutex mutex_;
  UuidMaker maker_;
};

class MeteringTaps final : public proxy::TapFactory {
 public:
  MeteringTaps(const MeteringServices& services, std::shared_ptr<const Rules> rules, const meter::Limits& limits);

  std::unique_ptr<proxy::Tap> open(const proxy::ExchangeStart& start) override;
  void refused(std::string_view code) override { services_.metrics.refused(code); }
  void distrusted(const proxy::Distrust::Client& client, bool silent) override;
  void unreadable(const proxy::Distrust::Client& client) override;
  void tunnelled(std::string_view host, const client::CallContext* context) override;
  void unreadable_context(std::string_view fault) override;

 private:
  const MeteringServices services_;
  const std::shared_ptr<const Rules> rules_;
  const meter::Limits limits_;
  EventIds ids_;
};

}  // namespace tokometer::app
