#include "app/budgets.h"

#include <fmt/format.h>

#include <utility>

#include "base/count.h"

namespace tokometer::app {
namespace {

// 402 rather than 429, which every SDK would try again.
constexpr int kBudgetStatus = 402;
constexpr std::string_view kBudgetCode = "budget_exceeded";

std::int64_t tokens_of(const meter::Usage& usage) {
  if (usage.total_tokens) return sane_count(*usage.total_tokens);
  return add_saturated(sane_count(usage.input_tokens.value_or(0)), sane_count(usage.output_tokens.value_or(0)));
}

}  // namespace

std::string spent_text(const client::Budget& budget, std::int64_t picodollars, std::int64_t tokens) {
  std::string text;
  if (budget.picodollars) {
    // Rounded down: what is left never looks used up.
    constexpr std::int64_t kPerDollar = 1'000'000'000'000;
    const bool small = picodollars < kPerDollar;
    text = fmt::format("${}.{:0{}} of {}", picodollars / kPerDollar,
                       picodollars % kPerDollar / (small ? 1'000'000 : 10'000'000'000), small ? 6 : 2,
                       client::to_string(client::Budget{.picodollars = budget.picodollars}));
  }
  if (budget.tokens) {
    text += fmt::format("{}{} of {} tokens", text.empty() ? "" : ", ", tokens, *budget.tokens);
  }
  return text;
}

bool Budgets::is_used_up(const Run& run) {
  return (run.budget.picodollars && run.picodollars >= *run.budget.picodollars) ||
         (run.budget.tokens && run.tokens >= *run.budget.tokens);
}

std::optional<proxy::CallGate::Refusal> Budgets::refuse(const client::CallContext& context) {
  if (!context.budget || context.run.empty()) return std::nullopt;
  const std::lock_guard lock(mutex_);
  auto found = runs_.find(context.run);
  if (found == runs_.end()) {
    if (runs_.size() >= limits_.runs) {
      runs_.erase(order_.front());
      order_.pop_front();
    }
    found = runs_.emplace(context.run, Run{}).first;
    found->second.place = order_.insert(order_.end(), context.run);
  } else {
    order_.splice(order_.end(), order_, found->second.place);
  }
  Run& run = found->second;
  run.budget = *context.budget;
  if (!run.budget.hard || !is_used_up(run)) return std::nullopt;
  return Refusal{.status = kBudgetStatus,
                 .code = kBudgetCode,
                 .message = fmt::format("the budget of this tokometer run is used up: {}",
                                        spent_text(run.budget, run.picodollars, run.tokens))};
}

void Budgets::add(const event::Event& event) {
  if (event.run.empty() || !event.billable) return;
  const std::lock_guard lock(mutex_);
  const auto found = runs_.find(event.run);
  if (found == runs_.end()) return;
  Run& run = found->second;
  run.picodollars = add_saturated(run.picodollars, event.cost_picodollars.value_or(0));
  run.tokens = add_saturated(run.tokens, tokens_of(event.usage));
  if (!is_used_up(run) || std::exchange(run.told, true)) return;
  log_.warn("run {}: its budget is used up: {}{}", event.run, spent_text(run.budget, run.picodollars, run.tokens),
            run.budget.hard ? "; further calls are refused" : "");
}

std::size_t Budgets::runs() const {
  const std::lock_guard lock(mutex_);
  return runs_.size();
}

}  // namespace tokometer::app
