#include "app/remembered_responses.h"

#include <cstdint>
#include <vector>

#include "app/counted_estimates.h"

namespace tokometer::app {
namespace {

using By = meter::RepeatFilter::By;

// A poll that counted, or a call that did not since its poll had.
By counted_by(const event::Event& event) { return (event.method == "GET") == event.billable ? By::kPoll : By::kCall; }

}  // namespace

Result<void> remember_responses(store::Store& store, meter::RepeatFilter& repeats, const std::stop_token& stop) {
  std::vector<std::uint64_t> newest_first;
  std::vector<meter::RepeatFilter::Provisional> provisional;
  auto read = store.query({}, store::Order::kNewestFirst, meter::RepeatFilter::kCapacity, [&](const auto& event) {
    if (event.response_id.empty()) return !stop.stop_requested();
    if (is_stated(event)) {
      newest_first.push_back(meter::RepeatFilter::key(event.provider, event.response_id, counted_by(event)));
    } else if (event.billable && provisional.size() < meter::RepeatFilter::kProvisional) {
      provisional.push_back({meter::RepeatFilter::key(event.provider, event.response_id), event.id});
    }
    return !stop.stop_requested();
  });
  repeats.remember(newest_first, provisional);
  return read;
}

}  // namespace tokometer::app
