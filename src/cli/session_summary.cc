#include "cli/session_summary.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "base/count.h"
#include "base/format.h"
#include "cli/call_line.h"
#include "cli/panel.h"
#include "cli/table.h"
#include "pricing/decimal.h"

namespace tokometer::cli {
namespace {

std::string cached_share(const meter::Count& cached, const meter::Count& input) {
  return cached ? format::share(*cached, input.value_or(0)) : std::string(format::kAbsent);
}

// As a single call shows it.
std::string summed(const meter::Count& count, bool is_estimated) {
  return (count && is_estimated ? "~" : "") + format::count(count);
}

}  // namespace

void SessionSummary::Sums::add(const event::Event& event) {
  ++calls;
  const bool broken = has_failed(event);
  if (broken) ++failed;
  if (!event.billable) {
    ++unbilled;
    return;
  }
  const meter::Usage& usage = event.usage;
  add_count(input_tokens, usage.input_tokens);
  add_count(cache_read_input_tokens, usage.cache_read_input_tokens);
  add_count(cache_creation_input_tokens, usage.cache_creation_input_tokens);
  add_count(output_tokens, usage.output_tokens);
  const bool used = total_tokens(usage).has_value();
  if (!used && !broken) ++unknown_usage;
  cost_picodollars = add_saturated(cost_picodollars, event.cost_picodollars.value_or(0));
  if (event::is_cost_missing(event)) ++unknown_costs;
  if (usage.source != meter::UsageSource::kEstimated) return;
  ++estimated;
  input_estimated |= usage.input_tokens && is_input_estimated(usage);
  output_estimated |= usage.output_tokens && is_output_estimated(usage);
  cost_estimated |= event.cost_picodollars.has_value();
}

void SessionSummary::add(const event::Event& event) {
  all_.add(event);
  const bool has_code = has_failed(event) && event.status_code >= 400;
  if (has_code && failed_codes_.size() <= limits_.failed_codes) failed_codes_.insert(event.status_code);
  std::string model = event.response_model.empty() ? event.request_model : event.response_model;
  // What was refused has asked no model.
  const bool is_nothing = has_failed(event) && !total_tokens(event.usage) && event.cost_picodollars.value_or(0) == 0;
  if (model.empty() && (!event.billable || is_nothing)) return;
  if (model.empty()) model = "(no model)";
  if (!models_.contains(model) && models_.size() >= limits_.models) model = "(other models)";
  models_[model].add(event);
}

std::string SessionSummary::cost(const Sums& sums) {
  std::string known = (sums.cost_estimated ? "~" : "") + format::usd(sums.cost_picodollars);
  if (sums.unknown_costs == 0) return known;
  // A sum that leaves something out must not look like one that does not.
  if (sums.cost_picodollars == 0) return std::string(format::kUnknown);
  return known + " + ?";
}

std::string SessionSummary::failed_text() const {
  std::string text = format::count(all_.failed);
  if (failed_codes_.empty()) return text;
  std::vector<std::string> codes;
  for (const int code : failed_codes_)
    codes.push_back(codes.size() < limits_.failed_codes ? std::to_string(code) : "…");
  return text + fmt::format(" ({})", fmt::join(codes, ", "));
}

std::string SessionSummary::render_panel(const Output::Form& form, SteadyTime now) const {
  const Style style(form.color);
  const auto lasted = std::chrono::duration_cast<std::chrono::microseconds>(now - started_);
  Panel panel("Session");
  if (models_.size() == 1) panel.row("Model", printable(models_.begin()->first));
  panel.row("Calls", format::count(all_.calls));
  if (all_.unbilled != 0) panel.row("  not billed", format::count(all_.unbilled));
  if (all_.failed != 0) panel.row("Failed", style.red(failed_text()));
  panel.row("Input tokens", style.blue(summed(all_.input_tokens, all_.input_estimated)));
  if (all_.cache_read_input_tokens) {
    panel.row("  from cache", fmt::format("{} ({})", format::count(all_.cache_read_input_tokens),
                                          cached_share(all_.cache_read_input_tokens, all_.input_tokens)));
  }
  if (all_.cache_creation_input_tokens.value_or(0) > 0)
    panel.row("  to cache", format::count(all_.cache_creation_input_tokens));
  panel.row("Output tokens", style.green(summed(all_.output_tokens, all_.output_estimated)));
  meter::Count total = all_.input_tokens;
  add_count(total, all_.output_tokens);
  panel.row("Total tokens", style.yellow(summed(total, all_.input_estimated || all_.output_estimated)));
  panel.rule();
  panel.row("Cost", style.yellow(cost(all_)));
  if (all_.unknown_costs != 0) panel.row("  unknown for", format::calls(all_.unknown_costs));
  if (all_.unknown_usage != 0) panel.row("Without usage", format::calls(all_.unknown_usage));
  if (all_.estimated != 0) panel.row("Estimated", format::calls(all_.estimated));
  panel.row("Duration", format::duration(lasted));
  return panel.render(form, &Style::magenta);
}

std::string SessionSummary::render(const Output::Form& form, SteadyTime now) const {
  std::string text = render_panel(form, now);
  if (models_.size() < 2) return text;

  const Style style(form.color);
  Table table({{.title = "model", .min_width = 12},
               {.title = "calls", .align = Align::kRight, .priority = 1},
               {.title = "failed", .align = Align::kRight, .priority = 3},
               {.title = "input", .align = Align::kRight, .priority = 1},
               {.title = "cached", .align = Align::kRight, .priority = 2},
               {.title = "output", .align = Align::kRight, .priority = 1},
               {.title = "cost", .align = Align::kRight}});
  for (const auto& [model, sums] : models_by_cost()) {
    table.add({printable(model), format::count(sums.calls), format::count(sums.failed),
               summed(sums.input_tokens, sums.input_estimated),
               cached_share(sums.cache_read_input_tokens, sums.input_tokens),
               summed(sums.output_tokens, sums.output_estimated), cost(sums)});
  }
  return text + "\n" + table.render(form, style);
}

std::vector<std::pair<std::string, SessionSummary::Sums>> SessionSummary::models_by_cost() const {
  std::vector<std::pair<std::string, Sums>> order(models_.begin(), models_.end());
  std::ranges::stable_sort(
      order, [](const auto& a, const auto& b) { return a.second.cost_picodollars > b.second.cost_picodollars; });
  return order;
}

void SessionSummary::Sums::write_json(json::Writer& writer) const {
  writer.member("calls", calls);
  writer.member("failed", failed);
  writer.member("not_billed", unbilled);
  writer.member("input_tokens", input_tokens);
  writer.member("cache_read_input_tokens", cache_read_input_tokens);
  writer.member("cache_creation_input_tokens", cache_creation_input_tokens);
  writer.member("output_tokens", output_tokens);
  meter::Count total = input_tokens;
  add_count(total, output_tokens);
  writer.member("total_tokens", total);
  writer.member("estimated_calls", estimated);
  writer.member("cost_usd", pricing::usd_text(cost_picodollars));
  writer.member("cost_unknown_calls", unknown_costs);
}

void SessionSummary::write_json(json::Writer& writer) const {
  all_.write_json(writer);
  writer.name("models").begin_array();
  for (const auto& [model, sums] : models_by_cost()) {
    writer.begin_object();
    writer.member("model", model);
    sums.write_json(writer);
    writer.end_object();
  }
  writer.end_array();
}

}  // namespace tokometer::cli
