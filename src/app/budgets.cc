#include "app/budgets.h"

#include <fmt/format.h>

#include <utility>

#include "base/count.h"
#include "base/format.h"

namespace tokometer::app {
namespace {

// 402 rather than 429, which every SDK would try again.
constexpr int kBudgetStatus = 402;
constexpr std::string_view kBudgetCode = "budget_exceeded";
constexpr std::int64_t kPerDollar = 1'000'000'000'000;

// Rounded down: what is left never looks used up.
std::string dollars(std::int64_t picodollars, std::size_t decimals) {
  constexpr std::size_t kCents = 2;
  std::string fraction = fmt::format("{:012}", picodollars % kPerDollar).substr(0, decimals);
  while (fraction.size() > kCents && fraction.ends_with('0')) fraction.pop_back();
  return fmt::format("${}.{}", format::count(picodollars / kPerDollar), fraction);
}

std::string dollars_exactly(std::int64_t picodollars) {
  constexpr std::size_t kAll = 12;
  if (picodollars % kPerDollar != 0) return dollars(picodollars, kAll);
  return fmt::format("${}", format::count(picodollars / kPerDollar));
}

}  // namespace

std::string spent_text(const client::Budget& budget, std::int64_t picodollars, std::int64_t tokens) {
  constexpr std::size_t kDecimals = 2;
  constexpr std::size_t kDecimalsOfSmall = 6;
  std::string text;
  if (budget.picodollars) {
    text = fmt::format("{} of {}", dollars(picodollars, picodollars < kPerDollar ? kDecimalsOfSmall : kDecimals),
                       dollars_exactly(*budget.picodollars));
  }
  if (budget.tokens) {
    text += fmt::format("{}{} of {} {}", text.empty() ? "" : ", ", format::count(tokens), format::count(*budget.tokens),
                        *budget.tokens == 1 ? "token" : "tokens");
  }
  return text;
}

bool Budgets::is_used_up(const Run& run) {
  return (run.budget.picodollars && run.picodollars >= *run.budget.picodollars) ||
         (run.budget.tokens && run.tokens >= *run.budget.tokens);
}

Budgets::Run& Budgets::hold(const std::string& id, const client::Budget& budget) {
  auto found = runs_.find(id);
  if (found == runs_.end()) {
    if (runs_.size() >= limits_.runs) {
      runs_.erase(order_.front());
      order_.pop_front();
    }
    found = runs_.emplace(id, Run{}).first;
    found->second.place = order_.insert(order_.end(), id);
  } else {
    order_.splice(order_.end(), order_, found->second.place);
  }
  found->second.budget = budget;
  return found->second;
}

std::optional<proxy::CallGate::Refusal> Budgets::refuse(const client::CallContext& context) {
  std::optional<Refusal> refusal;
  const auto ask = [&](const std::string& id, const client::Budget& budget) {
    if (id.empty()) return;
    const Run& run = hold(id, budget);
    if (refusal || !run.budget.hard || !is_used_up(run)) return;
    refusal = {.status = kBudgetStatus,
               .code = kBudgetCode,
               .message = fmt::format("the budget of this tokometer run is used up: {}",
                                      spent_text(run.budget, run.picodollars, run.tokens))};
  };
  if (!context.budget && context.outer.empty()) return std::nullopt;
  const std::lock_guard lock(mutex_);
  // All of them are held, refused or not: what the call uses counts for each.
  for (const auto& [id, budget] : context.outer) ask(id, budget);
  if (context.budget) ask(context.run, *context.budget);
  return refusal;
}

void Budgets::add(const event::Event& event, const Counted& before) {
  if (event.run.empty() || !event.billable) return;
  const std::lock_guard lock(mutex_);
  for (std::string_view id = event.run; !id.empty(); id = client::run_around(id)) {
    if (const auto found = runs_.find(id); found != runs_.end()) {
      // An estimate may have been of another run.
      const bool has_counted = client::is_within_run(before.run, id);
      add(event, has_counted ? before : Counted(), found->first, found->second);
    }
  }
}

void Budgets::add(const event::Event& event, const Counted& before, const std::string& id, Run& run) {
  run.picodollars = add_saturated(run.picodollars, beyond(event.cost_picodollars, before.picodollars).value_or(0));
  run.tokens = add_saturated(run.tokens, *beyond(all_tokens(event.usage), before.tokens));
  if (!is_used_up(run) || std::exchange(run.told, true)) return;
  log_.warn("run {}: its budget is used up: {}{}", id, spent_text(run.budget, run.picodollars, run.tokens),
            run.budget.hard ? "; further calls are refused" : "");
}

std::size_t Budgets::runs() const {
  const std::lock_guard lock(mutex_);
  return runs_.size();
}

}  // namespace tokometer::app
