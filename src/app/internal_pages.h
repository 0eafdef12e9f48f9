// The proxy's own pages: /-/ (HTML, for people), /-/health (JSON), /-/metrics (Prometheus text), and /-/tunnelled/RUN
// (JSON), the hosts that the program of a run, its id as in client/call_context.h, reached unread, and its clients that
// did not take our certificate.
//
// None shows content, keys, paths of requests or names of sessions.
//
// A browser shows them to nobody else's pages: no site may frame /-/ or read it, and one whose name was made to lead to
// us (DNS rebinding) finds that the Host is not ours. Where others on the network can reach us, they ask for the token,
// as forwarding does (Basic, RFC 7617). Only /-/health always answers, but names clients and hosts to none of these.
//
// Not here: what /-/ shows (overview_page.h).
#pragma once

#include <optional>
#include <string_view>

#include "app/page_sources.h"
#include "embedded/embedded.h"
#include "proxy/context.h"

namespace tokometer::app {

class InternalPages final : public proxy::InternalEndpoints {
 public:
  explicit InternalPages(PageSources sources);

  std::optional<Reply> reply(std::string_view path, const proxy::RequestHead& head) override;

 private:
  // Status 200 and "ok" while everything works; "degraded" (also 200: traffic
  // flows) while the journal or the store cannot be written.
  Reply health(bool with_names) const;
  Reply metrics() const;
  // For people: a file that /-/ loads; null: /-/ itself.
  Reply page(const embedded::File* file) const;
  Reply tunnelled(std::string_view encoded_run) const;
  void render_journal(MetricsText& out) const;
  void render_store(MetricsText& out) const;
  void render_net(MetricsText& out) const;

  const PageSources sources_;
};

}  // namespace tokometer::app
