#include "pricing/figures.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace tokometer::pricing {
namespace {

constexpr std::string_view kTool = "tool ";

void add_rates(Figures& figures, std::string_view tier, std::int64_t above, const Rates& rates) {
  for (std::size_t i = 0; i < kUnitCount; ++i) {
    const auto unit = static_cast<Unit>(i);
    if (!rates[unit]) continue;
    std::string name = tier.empty() ? std::string() : fmt::format("{} ", tier);
    name += to_string(unit);
    if (above > 0) name += fmt::format(" >{}", above);
    figures.emplace(std::move(name), *rates[unit]);
  }
}

void add_schedule(Figures& figures, std::string_view tier, const Schedule& schedule) {
  add_rates(figures, tier, 0, schedule.base);
  for (const LongContext& step : schedule.long_context) add_rates(figures, tier, step.above, step.rates);
}

}  // namespace

Figures figures_of(const Entry& entry) {
  Figures figures;
  add_schedule(figures, "", entry.standard);
  for (const ServiceTier& tier : entry.tiers) add_schedule(figures, tier.name, tier.schedule);
  for (const auto& [tool, price] : entry.tools) figures.emplace(fmt::format("{}{}", kTool, tool), price);
  if (entry.requests.size() == 1 && !entry.requests[0].when) figures.emplace(kRequestFigure, entry.requests[0].price);
  return figures;
}

void set_figure(Entry& entry, std::string_view name, Price price) {
  if (name == kRequestFigure) {
    entry.requests.assign(1, {std::nullopt, price});
    return;
  }
  if (name.starts_with(kTool)) {
    const std::string_view tool = name.substr(kTool.size());
    const auto found = std::ranges::find(entry.tools, tool, &std::pair<std::string, Price>::first);
    if (found != entry.tools.end()) found->second = price;
    if (found == entry.tools.end()) entry.tools.emplace_back(tool, price);
    return;
  }
  std::int64_t above = 0;
  if (const auto mark = name.find(" >"); mark != std::string_view::npos) {
    std::from_chars(name.data() + mark + 2, name.data() + name.size(), above);
    name = name.substr(0, mark);
  }
  Schedule* schedule = &entry.standard;
  if (const auto space = name.rfind(' '); space != std::string_view::npos) {
    const std::string_view tier = name.substr(0, space);
    name = name.substr(space + 1);
    auto found = std::ranges::find(entry.tiers, tier, &ServiceTier::name);
    if (found == entry.tiers.end()) found = entry.tiers.insert(found, {std::string(tier), {}});
    schedule = &found->schedule;
  }
  const auto unit = unit_from(name);
  if (!unit) return;
  if (above == 0) {
    schedule->base[*unit] = price;
    return;
  }
  auto step = std::ranges::lower_bound(schedule->long_context, above, {}, &LongContext::above);
  if (step == schedule->long_context.end() || step->above != above) {
    step = schedule->long_context.insert(step, {above, {}});
  }
  step->rates[*unit] = price;
}

std::string figure_text(std::string_view name, Price price) {
  return price.text(name.starts_with(kTool) || name == kRequestFigure ? 1'000 : 1'000'000);
}

}  // namespace tokometer::pricing
