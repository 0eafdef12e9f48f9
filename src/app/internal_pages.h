// The proxy's own pages: /-/health (JSON), /-/metrics (Prometheus text), and /-/tunnelled/RUN
// (JSON), the hosts that the program of a run reached unread and its clients that did not take our certificate.
//
// None shows content, keys, paths of requests or names of sessions.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "app/capture.h"
#include "app/event_feed.h"
#include "app/metrics.h"
#include "app/tunnelled_hosts.h"
#include "app/upstream.h"
#include "base/time.h"
#include "event/journal.h"
#include "net/server.h"
#include "proxy/context.h"
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
  std::function<net::ServerStats()> server;
  bool serve_metrics = true;
};

class InternalPages final : public proxy::InternalEndpoints {
 public:
  explicit InternalPages(PageSources sources);

  std::optional<Reply> reply(std::string_view path) override;

 private:
  // Status 200 and "ok" while everything works; "degraded" (also 200: traffic
  // flows) while the journal or the store cannot be written.
  Reply health() const;
  Reply metrics() const;
  Reply tunnelled(std::string_view run) const;
  void render_journal(MetricsText& out) const;
  void render_store(MetricsText& out) const;
  void render_net(MetricsText& out) const;

  const PageSources sources_;
  const SteadyTime started_;
};

}  // namespace tokometer::app
