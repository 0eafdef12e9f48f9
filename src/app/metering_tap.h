// The tap that meters: reads each exchange, makes its event, journals it before
// the client sees the end, and tells metrics and printer.
//
//   MeteringTaps taps(services, rules);          // shared by all workers
//   … proxy core calls taps.open(start) for each exchange …
//
// Exchanges that a spec tells to ignore, and those of endpoints that no spec
// names unless they POST something, get no tap: they only pass.
//
// Not here: how usage is read (meter/), what an event says (event/assemble.h).
#pragma once

#include <memory>
#include <mutex>

#include "app/capture.h"
#include "app/event_feed.h"
#include "app/metrics.h"
#include "app/rules.h"
#include "base/log.h"
#include "base/uuid.h"
#include "event/journal.h"
#include "meter/exchange_meter.h"
#include "meter/repeat_filter.h"
#include "proxy/tap.h"

namespace tokometer::app {

// What taps report to. All of it outlives them.
struct MeteringServices {
  event::Journal* journal = nullptr;  // null: the data folder cannot be used; events reach metrics and printer only
  Metrics& metrics;
  meter::RepeatFilter& repeats;
  Log& log;
  EventFeed* feed = nullptr;         // null: nothing is printed
  CaptureStore* captures = nullptr;  // null: no raw capture
};

class MeteringTaps final : public proxy::TapFactory {
 public:
  MeteringTaps(const MeteringServices& services, std::shared_ptr<const Rules> rules, const meter::Limits& limits);

  std::unique_ptr<proxy::Tap> open(const proxy::ExchangeStart& start) override;

 private:
  const MeteringServices services_;
  const std::shared_ptr<const Rules> rules_;
  const meter::Limits limits_;
  std::mutex mutex_;  // guards ids_
  UuidMaker ids_;
};

}  // namespace tokometer::app
