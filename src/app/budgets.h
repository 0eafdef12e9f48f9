// What runs with a budget have used so far, and whether more of their calls may go.
//
//   budgets.refuse(context)   // before a call goes to its origin: nothing, or why it may not
//   budgets.add(event)        // when it has ended
//
// The budget of a run travels in the context of its calls (client/call_context.h), so that any proxy can hold it. Calls
// count when they have ended: those that run at the same time may go past a budget together. A call whose cost is not
// known adds nothing to what is counted in money, and exact figures that replace an estimate add what they are more. A
// restart forgets what was used. What a run within a run uses counts for both.
//
// Thread-safe.
#pragma once

#include <cstdint>
#include <list>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "app/counted_estimates.h"
#include "base/log.h"
#include "client/call_context.h"
#include "event/event.h"
#include "proxy/context.h"

namespace tokometer::app {

class Budgets final : public proxy::CallGate {
 public:
  struct Limits {
    std::size_t runs = 1024;  // at once; past that the one that was not used for longest is forgotten
  };

  explicit Budgets(Log& log) : Budgets(log, Limits()) {}
  Budgets(Log& log, Limits limits) : log_(log), limits_(limits) {}

  std::optional<proxy::CallGate::Refusal> refuse(const client::CallContext& context) override;
  // An event of a run that `refuse` was never asked for is passed over. `before`: what has counted for it already, in
  // the run that this names.
  void add(const event::Event& event, const Counted& before = {});

  std::size_t runs() const;

 private:
  struct Run {
    client::Budget budget;
    std::int64_t picodollars = 0;
    std::int64_t tokens = 0;
    bool told = false;  // that it is used up
    std::list<std::string>::iterator place;
  };
  static bool is_used_up(const Run& run);
  // The run, known from now on. Under the lock, as `add` below.
  Run& hold(const std::string& id, const client::Budget& budget);
  void add(const event::Event& event, const Counted& before, const std::string& id, Run& run);

  Log& log_;
  const Limits limits_;
  mutable std::mutex mutex_;
  std::list<std::string> order_;  // the least recently used first
  std::map<std::string, Run, std::less<>> runs_;
};

// "$5.31 of $10", "$0.25 of $0.50, 1,200 of 2,000 tokens": for messages.
std::string spent_text(const client::Budget& budget, std::int64_t picodollars, std::int64_t tokens);

}  // namespace tokometer::app
