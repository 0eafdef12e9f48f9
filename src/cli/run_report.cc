#include "cli/run_report.h"

#include <fmt/format.h>

#include <chrono>

#include "app/budgets.h"
#include "app/interception.h"
#include "base/count.h"
#include "base/format.h"
#include "cli/call_line.h"
#include "cli/no_proxy.h"
#include "json/writer.h"

namespace tokometer::cli {
namespace {

std::string_view text_of(ProxyFate fate) {
  return fate == ProxyFate::kEnded
             ? "the proxy ended during the run: what came after was not counted"
             : "the proxy ended during the run, and another took its place: what came in between was not counted";
}

}  // namespace

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
  if (calls() == 0) return nothing_captured() + budget_line(style);
  std::string text = summary_.render(form, now) + budget_line(style);
  for (const std::string& line : not_counted()) text += style.red(line) + "\n";
  return text + fmt::format("tokometer events --run {}\n", run_.context.run);
}

std::string RunReport::budget_line(const Style& style) const {
  if (!run_.context.budget) return {};
  const std::string line = fmt::format("budget: {}", spent());
  return is_over_budget() ? style.red(line + ", used up") + "\n" : line + "\n";
}

std::vector<std::string> RunReport::not_counted() const {
  std::vector<std::string> lines;
  if (run_.proxy != ProxyFate::kServes) lines.emplace_back(text_of(run_.proxy));
  std::ranges::move(unread_clients("not counted"), std::back_inserter(lines));
  if (!run_.past.empty()) {
    lines.push_back(fmt::format("not counted: NO_PROXY leads calls past the proxy: {}", fmt::join(run_.past, ", ")));
  }
  return lines;
}

std::string RunReport::nothing_captured() const {
  const std::string known = known_reasons();
  return fmt::format("tokometer: nothing captured: no call of {} came through the proxy\n{}", run_.command.front(),
                     known.empty() ? guesses() : known);
}

std::string RunReport::known_reasons() const {
  std::string text;
  const auto why = [&text](std::string_view reason) { text += fmt::format("  why: {}\n", reason); };
  const auto remedy = [&text](std::string_view what) { text += fmt::format("  try: {}\n", what); };
  if (run_.proxy != ProxyFate::kServes) {
    why(text_of(run_.proxy));
    remedy("it again; `tokometer logs` may say why the proxy ended");
  }
  if (!run_.node.empty()) {
    why(fmt::format("Node {} heeds no proxy variables by itself, as 22.21, 24.5 and later do", run_.node));
    remedy("--base-url-mode, or Node 24");
  }
  if (!run_.past.empty()) {
    why(fmt::format("NO_PROXY leads calls past the proxy: {}", fmt::join(run_.past, ", ")));
    remedy(kNoProxyRemedy);
  }
  for (const std::string& line : unread_clients("why")) text += "  " + line + "\n";
  if (!run_.uncovered.empty()) {
    why(app::uncovered_text(run_.uncovered, client::has_hard_budget(run_.context)));
    remedy(fmt::format("`{}`", run_.rotate));
  } else if (!run_.distrust.empty()) {
    remedy("--base-url-mode, or have it trust the file that its SSL_CERT_FILE names");
  } else if (!run_.unreadable.empty()) {
    remedy("--base-url-mode, or TLS 1.2 or 1.3 on that port");
  }
  if (!run_.tunnelled.empty()) {
    why(fmt::format("what it asked for passed unread, as no provider is known for it: {}",
                    fmt::join(run_.tunnelled, ", ")));
    remedy(
        fmt::format("`--intercept HOST` with the one that its calls go to, as --intercept {}", run_.tunnelled.front()));
  }
  return text;
}

std::string RunReport::guesses() const {
  std::string text;
  if (!run_.note.empty()) text += fmt::format("  why: {}\n", run_.note);
  for (const std::string& name : run_.kept) {
    text += fmt::format("  why: {} leads to a host that no provider is known for, and was left as it is\n", name);
  }
  return text + (run_.base_url_mode
                     ? "  try: without --base-url-mode, if it takes no base URL from its environment\n"
                     : "  try: --base-url-mode, if it heeds no proxy variables; `--intercept HOST` for a host that no "
                       "provider is known for\n");
}

std::vector<std::string> RunReport::unread_clients(std::string_view label) const {
  const std::string_view fate =
      client::has_hard_budget(run_.context) ? "its calls fail, as --hard lets none pass unread" : "passes unread since";
  std::vector<std::string> lines;
  const auto say = [&](std::string_view what, const std::vector<std::string>& clients) {
    for (const std::string& who : clients)
      lines.push_back(fmt::format("{}: a client {}, and {}: {}", label, what, fate, who));
  };
  say("does not take our certificate", run_.distrust);
  say("speaks no TLS that can be read", run_.unreadable);
  return lines;
}

std::string RunReport::json(const app::ChildEnd& end, SteadyTime now) const {
  std::string text;
  json::Writer writer(text);
  const auto list = [&writer](std::string_view name, const std::vector<std::string>& texts) {
    if (texts.empty()) return;
    writer.name(name).begin_array();
    for (const std::string& one : texts) writer.string(one);
    writer.end_array();
  };
  writer.begin_object();
  writer.member("run", run_.context.run);
  // Its arguments may hold keys.
  writer.member("command", run_.command.front());
  writer.member_unless_empty("project", run_.context.project);
  writer.member_unless_empty("program", run_.context.program);
  list("tags", run_.context.tags);
  writer.member("exit_code", end.exit_code());
  if (end.signal != 0) writer.member("signal", end.signal);
  writer.member("started_at", format_rfc3339(run_.started_at));
  writer.member("duration_ms", std::chrono::duration_cast<std::chrono::milliseconds>(now - started_).count());
  summary_.write_json(writer);
  // Then the sums are of a part.
  writer.member("proxy_ended", run_.proxy != ProxyFate::kServes);
  list("distrustful", run_.distrust);
  list("unreadable", run_.unreadable);
  if (run_.context.budget) {
    writer.member("budget", to_string(*run_.context.budget));
    writer.member("budget_used_up", is_over_budget());
  }
  writer.end_object();
  return text + "\n";
}

}  // namespace tokometer::cli
