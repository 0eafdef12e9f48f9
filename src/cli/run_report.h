// What a run of a program used, when it has ended: for people on the screen,
// for programs in a file.
//
//   RunReport report(run, environment.clock.steady());
//   report.add(event);  // each of the run's
//   err.write(report.render(err.form(), clock.steady()));
//
// Not here: running it (run_program.cc), sums by model (session_summary.h).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "app/child.h"
#include "cli/environment.h"
#include "cli/session_summary.h"
#include "client/call_context.h"
#include "event/event.h"

namespace tokometer::cli {

// What has become of a run's proxy by the time its program has ended.
enum class ProxyFate {
  kServes,
  kEnded,
  kReplaced  // by another process at the same address
};

struct ProgramRun {
  client::CallContext context;
  std::vector<std::string> command;
  UtcTime started_at;
  bool base_url_mode = false;
  std::string note;                          // of its tool: why nothing may have been captured
  std::vector<std::string> kept;             // variables whose base URLs are not ours to change
  std::vector<std::string> past = {};        // hosts that NO_PROXY leads its calls to
  std::vector<std::string> uncovered = {};   // hosts that are to be read, and that our authority was not made for
  std::string rotate = {};                   // the command that makes one for them
  std::vector<std::string> tunnelled = {};   // hosts that were reached, unread
  std::vector<std::string> distrust = {};    // "curl/8.1 for api.openai.com": who does not take our certificate
  std::vector<std::string> unreadable = {};  // the same of who spoke no TLS that can be read
  std::string node = {};                     // version of the Node that runs it, if that heeds no proxy variables
  ProxyFate proxy = ProxyFate::kServes;
};

class RunReport {
 public:
  // `run` must outlive it.
  RunReport(const ProgramRun& run, SteadyTime started) : run_(run), started_(started), summary_(started) {}

  void add(const event::Event& event);
  std::int64_t calls() const { return summary_.calls(); }
  // Whether the budget is used up; false where there is none.
  bool is_over_budget() const;
  // "$5.31 of $10"; only where there is a budget.
  std::string spent() const;

  std::string render(const Output::Form& form, SteadyTime now) const;
  // One JSON object and a line feed.
  std::string json(const app::ChildEnd& end, SteadyTime now) const;

 private:
  std::string nothing_captured() const;
  // Why nothing was captured, as far as that is known, each with its remedy; empty if it is not.
  std::string known_reasons() const;
  std::string guesses() const;
  // What is missing from the sums, or may be: a line each.
  std::vector<std::string> not_counted() const;
  std::string budget_line(const Style& style) const;
  // Of each of run_.distrust and run_.unreadable.
  std::vector<std::string> unread_clients(std::string_view label) const;

  const ProgramRun& run_;
  SteadyTime started_;
  SessionSummary summary_;
  std::int64_t picodollars_ = 0;
  std::int64_t tokens_ = 0;
};

}  // namespace tokometer::cli
