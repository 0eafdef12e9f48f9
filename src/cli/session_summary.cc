#include "cli/session_summary.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "cli/call_line.h"
#include "cli/format.h"
#include "cli/panel.h"
#include "cli/table.h"

namespace tokometer::cli {
namespace {

std::string calls(std::int64_t number) {
  return fmt::format("{} {}", format::count(number), number == 1 ? "call" : "calls");
}

}  // namespace

void SessionSummary::Sums::add(const event::Event& event) {
  ++calls;
  const bool broken = has_failed(event);
  if (broken) ++failed;
  if (!event.billable) return;
  const meter::Usage& usage = event.usage;
  input_tokens += usage.input_tokens.value_or(0);
  cache_read_input_tokens += usage.cache_read_input_tokens.value_or(0);
  output_tokens += usage.output_tokens.value_or(0);
  const bool used = total_tokens(usage).has_value();
  if (!used && !broken) ++unknown_usage;
  if (event.cost_picodollars) {
    cost_picodollars += *event.cost_picodollars;
  } else if (used || !broken) {
    ++unknown_costs;
  }
}

void SessionSummary::add(const event::Event& event) {
  all_.add(event);
  std::string model = event.response_model.empty() ? event.request_model : event.response_model;
  if (model.empty()) model = "(no model)";
  if (!models_.contains(model) && models_.size() >= limits_.models) model = "(other models)";
  models_[model].add(event);
}

std::string SessionSummary::cost(const Sums& sums) {
  if (sums.unknown_costs == 0) return format::usd(sums.cost_picodollars);
  // A sum that leaves something out must not look like one that does not.
  if (sums.cost_picodollars == 0) return std::string(format::kUnknown);
  return format::usd(sums.cost_picodollars) + " + ?";
}

std::string SessionSummary::render(const Output::Form& form, SteadyTime now) const {
  const Style style(form.color);
  const auto lasted = std::chrono::duration_cast<std::chrono::microseconds>(now - started_);
  Panel panel("Session");
  panel.row("Calls", format::count(all_.calls));
  if (all_.failed != 0) panel.row("Failed", style.red(format::count(all_.failed)));
  panel.row("Input tokens", style.blue(format::count(all_.input_tokens)));
  panel.row("  from cache", fmt::format("{} ({})", format::count(all_.cache_read_input_tokens),
                                        format::share(all_.cache_read_input_tokens, all_.input_tokens)));
  panel.row("Output tokens", style.green(format::count(all_.output_tokens)));
  panel.row("Total tokens", style.yellow(format::count(all_.input_tokens + all_.output_tokens)));
  panel.rule();
  panel.row("Cost", style.yellow(cost(all_)));
  if (all_.unknown_costs != 0) panel.row("  unknown for", calls(all_.unknown_costs));
  if (all_.unknown_usage != 0) panel.row("Without usage", calls(all_.unknown_usage));
  panel.row("Duration", format::duration(lasted));
  std::string text = panel.render(form, &Style::magenta);
  if (models_.size() < 2) return text;

  Table table({{.title = "model", .min_width = 12},
               {.title = "calls", .align = Align::kRight, .priority = 1},
               {.title = "failed", .align = Align::kRight, .priority = 3},
               {.title = "input", .align = Align::kRight, .priority = 1},
               {.title = "cached", .align = Align::kRight, .priority = 2},
               {.title = "output", .align = Align::kRight, .priority = 1},
               {.title = "cost", .align = Align::kRight}});
  std::vector<std::pair<std::string, Sums>> order(models_.begin(), models_.end());
  std::ranges::stable_sort(
      order, [](const auto& a, const auto& b) { return a.second.cost_picodollars > b.second.cost_picodollars; });
  for (const auto& [model, sums] : order) {
    table.add({printable(model), format::count(sums.calls), format::count(sums.failed),
               format::count(sums.input_tokens), format::share(sums.cache_read_input_tokens, sums.input_tokens),
               format::count(sums.output_tokens), cost(sums)});
  }
  return text + "\n" + table.render(form, style);
}

}  // namespace tokometer::cli
