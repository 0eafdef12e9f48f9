// What the proxy's own pages show (internal_pages.h, overview_page.h).
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "app/capture.h"
#include "app/event_feed.h"
#include "app/instance.h"
#include "app/metrics.h"
#include "app/tunnelled_hosts.h"
#include "app/upstream.h"
#include "base/time.h"
#include "event/journal.h"
#include "net/server.h"
#include "proxy/forwarding.h"
#include "quota/board.h"
#include "store/ingest.h"

namespace tokometer::app {

// Whose figures are shown; those that are null do not run.
struct PageSources {
  const Clock& clock;
  const Metrics& metrics;
  const event::Journal* journal = nullptr;
  const store::Ingest* ingest = nullptr;
  const CaptureStore* captures = nullptr;
  const EventFeed* feed = nullptr;
  const quota::Board* quotas = nullptr;
  const proxy::Distrust* distrust = nullptr;
  const Upstream* upstream = nullptr;
  const TunnelledHosts* tunnelled = nullptr;
  std::function<net::ServerStats()> server = {};
  bool serve_metrics = true;

  const Start* start = nullptr;             // how the process was started; written before it serves
  SteadyTime started = {};                  // and when, by the clock that nobody sets
  std::vector<std::string> listening = {};  // addresses, as bound
  bool beyond_loopback = false;             // others can reach one of them
  std::shared_ptr<const proxy::Forwarding> forwarding = nullptr;  // knows who has the token; null: nobody
  bool one_origin = false;                                        // all paths go to it
};

// What the wall clock will say at `moment`, if nobody sets it.
inline UtcTime wall_time(const Clock& clock, SteadyTime moment) {
  return clock.now() + std::chrono::duration_cast<UtcTime::duration>(moment - clock.steady());
}

}  // namespace tokometer::app
