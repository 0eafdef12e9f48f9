#include "meter/reread.h"

#include <algorithm>
#include <string>
#include <utility>

#include "meter/quality.h"
#include "meter/usage_reader.h"

namespace tokometer::meter {

Usage reread_usage(const provider::UsageRules& rules, const Usage& stored) {
  if (stored.source != UsageSource::kReported || stored.details.empty()) return stored;
  UsageReading reading = read_usage(rules, stored.details);
  judge(reading, {});
  Usage& usage = reading.usage;
  if (usage.source != UsageSource::kReported) return stored;
  // The object does not say where in the response it stood.
  if (have_same_counts(usage, stored)) usage.step = stored.step;
  usage.service_tier = stored.service_tier;
  if (usage.provider_cost_usd.empty()) usage.provider_cost_usd = stored.provider_cost_usd;
  for (const auto& call : stored.tool_calls) {
    const auto is_it = [&](const auto& rule) { return rule.first == call.first; };
    if (std::ranges::none_of(rules.tool_calls, is_it)) usage.tool_calls.push_back(call);
  }
  return std::move(usage);
}

}  // namespace tokometer::meter
