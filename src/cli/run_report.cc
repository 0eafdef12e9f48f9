#include "cli/run_report.h"

#include <fmt/format.h>

#include <chrono>

#include "app/budgets.h"
#include "base/count.h"
#include "base/format.h"
#include "cli/call_line.h"
#include "json/writer.h"

namespace tokometer::cli {

void RunReport::add(const event::Event& event) {
  summary_.add(event);
  if (!event.billable) return;
  picodollars_ = add_saturated(picodollars_, event.cost_picodollars.value_or(0));
  tokens_ = add_saturated(tokens_, sane_count(total_tokens(event.usage).value_or(0)));
}

bool RunReport::is_over_budget() const {
  const auto& budget = run_.context.budget;
  return budget && ((budget->picodollars && picodollars_ >= *budget->picodollars) ||
                    (budget->tokens && tokens_ >= *budget->tokens));
}

std::string RunReport::spent() const { return app::spent_text(*run_.context.budget, picodollars_, tokens_); }

std::string RunReport::render(const Output::Form& form, SteadyTime now) const {
  const Style style(form.color);
  if (calls() == 0) return nothing_captured();
  std::string text = summary_.render(form, now);
  if (run_.context.budget) {
    const std::string line = fmt::format("budget: {}", spent());
    text += is_over_budget() ? style.red(line + ", used up") + "\n" : line + "\n";
  }
  for (const std::string& who : run_.distrust) text += style.red(distrust_text("not counted", who)) + "\n";
  return text + fmt::format("tokometer events --run {}\n", run_.context.run);
}

std::string RunReport::nothing_captured() const {
  std::string text =
      fmt::format("tokometer: nothing captured: no call of {} came through the proxy", run_.command.front());
  if (!run_.node.empty()) {
    text += fmt::format("\n  why: Node {} heeds no proxy variables by itself, as 22.21, 24.5 and later do", run_.node);
    return text + "\n  try: --base-url-mode, or Node 24\n";
  }
  if (!run_.note.empty()) text += fmt::format("\n  why: {}", run_.note);
  for (const std::string& name : run_.kept) {
    text += fmt::format("\n  why: {} leads to a host that no provider is known for, and was left as it is", name);
  }
  for (const std::string& who : run_.distrust) text += "\n  " + distrust_text("why", who);
  if (!run_.tunnelled.empty()) {
    text += fmt::format("\n  why: what it asked for passed unread, as no provider is known for it: {}",
                        fmt::join(run_.tunnelled, ", "));
    return text + fmt::format("\n  try: `--intercept HOST` with the one that its calls go to, as --intercept {}\n",
                              run_.tunnelled.front());
  }
  text += run_.base_url_mode
              ? "\n  try: without --base-url-mode, if it takes no base URL from its environment"
              : "\n  try: --base-url-mode, if it heeds no proxy variables; `--intercept HOST` for a host that no "
                "provider is known for";
  return text + "\n";
}

std::string RunReport::distrust_text(std::string_view label, std::string_view who) const {
  const bool held = client::has_hard_budget(run_.context);
  return fmt::format("{}: a client does not take our certificate, and {}: {}", label,
                     held ? "its calls fail, as --hard lets none pass unread" : "passes unread since", who);
}

std::string RunReport::json(const app::ChildEnd& end, SteadyTime now) const {
  std::string text;
  json::Writer writer(text);
  writer.begin_object();
  writer.member("run", run_.context.run);
  // Its arguments may hold keys.
  writer.member("command", run_.command.front());
  writer.member_unless_empty("project", run_.context.project);
  writer.member_unless_empty("program", run_.context.program);
  if (!run_.context.tags.empty()) {
    writer.name("tags").begin_array();
    for (const std::string& tag : run_.context.tags) writer.string(tag);
    writer.end_array();
  }
  writer.member("exit_code", end.exit_code());
  if (end.signal != 0) writer.member("signal", end.signal);
  writer.member("started_at", format_rfc3339(run_.started_at));
  writer.member("duration_ms", std::chrono::duration_cast<std::chrono::milliseconds>(now - started_).count());
  summary_.write_json(writer);
  if (!run_.distrust.empty()) {
    writer.name("distrustful").begin_array();
    for (const std::string& who : run_.distrust) writer.string(who);
    writer.end_array();
  }
  if (run_.context.budget) {
    writer.member("budget", to_string(*run_.context.budget));
    writer.member("budget_used_up", is_over_budget());
  }
  writer.end_object();
  return text + "\n";
}

}  // namespace tokometer::cli
