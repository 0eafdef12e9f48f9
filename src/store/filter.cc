#include "client/call_context.h"
#include "store/store.h"

namespace tokometer::store {

bool matches(const Filter& filter, const event::Event& event) {
  const auto fits = [](const std::string& wanted, const std::string& is) { return wanted.empty() || wanted == is; };
  return (!filter.since || event.started_at >= *filter.since) && (!filter.until || event.started_at < *filter.until) &&
         fits(filter.provider, event.provider) && fits(filter.client, event.client) &&
         fits(filter.project, event.project) && fits(filter.session, event.session_id) &&
         (filter.run.empty() || client::is_within_run(event.run, filter.run)) &&
         (fits(filter.model, event.request_model) || fits(filter.model, event.response_model));
}

}  // namespace tokometer::store
