#include "pricing/price_entry.h"

#include <algorithm>
#include <tuple>

namespace tokometer::pricing {
namespace {

constexpr std::array<std::string_view, kUnitCount> kUnitNames{
    "input",       "cache_read", "cache_write", "cache_write_1h", "audio_input", "cache_read_audio",
    "image_input", "output",     "reasoning",   "audio_output",   "image_output"};

bool holds(const Entry& entry, UtcTime time) {
  return (!entry.from || *entry.from <= time) && (!entry.until || time < *entry.until) &&
         (!entry.hours || entry.hours->holds(time));
}

// Whether `a` goes before `b` where both hold.
bool preferred(const Entry& a, const Entry& b) {
  const auto rank = [](const Entry& entry) {
    return std::tuple(entry.origin == Origin::kUser, entry.hours.has_value(), entry.from.value_or(UtcTime::min()),
                      entry.origin);
  };
  return rank(a) > rank(b);
}

}  // namespace

std::string_view to_string(Unit unit) { return kUnitNames[static_cast<std::size_t>(unit)]; }

std::optional<Unit> unit_from(std::string_view name) {
  const auto* const found = std::ranges::find(kUnitNames, name);
  if (found == kUnitNames.end()) return std::nullopt;
  return static_cast<Unit>(found - kUnitNames.begin());
}

bool Hours::holds(UtcTime time) const {
  const auto of_day = time - std::chrono::floor<std::chrono::days>(time);
  return from <= until ? from <= of_day && of_day < until : from <= of_day || of_day < until;
}

void Model::sort_entries() { std::ranges::stable_sort(entries, preferred); }

const Entry* Model::entry_at(UtcTime time) const {
  const Entry* earliest = nullptr;
  for (const Entry& entry : entries) {
    if (holds(entry, time)) return &entry;
    if (entry.origin == Origin::kUser || !entry.from) continue;
    if (earliest == nullptr || *entry.from < *earliest->from) earliest = &entry;
  }
  // Figures rarely say since when they hold; a call before the first date known to us was made at that price.
  return earliest != nullptr && time < *earliest->from ? earliest : nullptr;
}

}  // namespace tokometer::pricing
