#include "app/counted_estimates.h"

#include <algorithm>
#include <utility>

#include "base/count.h"

namespace tokometer::app {
namespace {

std::int64_t stated(std::optional<std::int64_t> count) { return sane_count(count.value_or(0)); }

Counted counted_by_event(const event::Event& event) {
  const meter::Usage& usage = event.usage;
  return {.input = stated(usage.input_tokens),
          .cache_read = stated(usage.cache_read_input_tokens),
          .cache_creation = stated(usage.cache_creation_input_tokens),
          .output = stated(usage.output_tokens),
          .reasoning = stated(usage.reasoning_output_tokens),
          .tokens = all_tokens(usage),
          .picodollars = std::max<std::int64_t>(event.cost_picodollars.value_or(0), 0),
          .cost_missing = event::is_cost_missing(event),
          .run = event.run};
}

}  // namespace

std::int64_t all_tokens(const meter::Usage& usage) {
  if (usage.total_tokens) return sane_count(*usage.total_tokens);
  return add_saturated(stated(usage.input_tokens), stated(usage.output_tokens));
}

bool is_stated(const event::Event& event) {
  return event.usage.source == meter::UsageSource::kReported && !event::is_partial(event);
}

bool is_provisional(const event::Event& event) {
  return event.billable && !event.response_id.empty() && !is_stated(event);
}

std::optional<std::int64_t> beyond(std::optional<std::int64_t> count, std::int64_t before) {
  if (!count) return count;
  return std::max<std::int64_t>(std::max<std::int64_t>(*count, 0) - before, 0);
}

Counted CountedEstimates::settle(const event::Event& event) {
  Counted before;
  if (event.replaces.empty() && !is_provisional(event)) return before;
  const std::lock_guard lock(mutex_);
  if (const auto found = counted_.find(event.replaces); found != counted_.end()) {
    before = std::move(found->second);
    counted_.erase(found);
  }
  if (!is_provisional(event)) return before;
  if (order_.size() >= limits_.events) {
    counted_.erase(order_.front());
    order_.pop_front();
  }
  order_.push_back(event.id.text());
  counted_.insert_or_assign(order_.back(), counted_by_event(event));
  return before;
}

}  // namespace tokometer::app
