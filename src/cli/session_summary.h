// The sums of a run of the proxy, shown when it ends.
//
//   SessionSummary summary(clock.steady());
//   summary.add(event);
//   out.write(summary.render(out.form(), clock.steady()));
//
// Not here: sums over what is stored (`tokometer report`).
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/time.h"
#include "cli/environment.h"
#include "event/event.h"
#include "json/writer.h"

namespace tokometer::cli {

class SessionSummary {
 public:
  struct Limits {
    std::size_t models = 100;      // further ones are summed as "other models"
    std::size_t failed_codes = 5;  // further ones are not named
  };

  explicit SessionSummary(SteadyTime started) : SessionSummary(started, Limits()) {}
  SessionSummary(SteadyTime started, Limits limits) : started_(started), limits_(limits) {}

  void add(const event::Event& event);

  // A panel, and a table of the models if there is more than one. What has no model and is not
  // billed or failed without using anything is in none.
  std::string render(const Output::Form& form, SteadyTime now) const;
  // The sums as members of the object that is open, and those of each model as an array of objects, "models".
  void write_json(json::Writer& writer) const;

  std::int64_t calls() const { return all_.calls; }

 private:
  struct Sums {
    std::int64_t calls = 0;
    std::int64_t failed = 0;
    std::int64_t unbilled = 0;  // lists of models, warm-ups and the like
    meter::Count input_tokens;  // absent until a call states the count, as those below
    meter::Count cache_read_input_tokens;
    meter::Count cache_creation_input_tokens;
    meter::Count output_tokens;
    std::int64_t cost_picodollars = 0;
    std::int64_t unknown_costs = 0;  // calls whose cost nobody knows, or not all of it
    std::int64_t unknown_usage = 0;  // successful calls without counts
    std::int64_t estimated = 0;      // calls with counts of ours, not the provider's
    bool input_estimated = false;    // a part of the sum is such a count, as below
    bool output_estimated = false;
    bool cost_estimated = false;

    void add(const event::Event& event);
    void write_json(json::Writer& writer) const;
  };
  static std::string cost(const Sums& sums);
  // "2 (401, 429)"
  std::string failed_text() const;
  std::string render_panel(const Output::Form& form, SteadyTime now) const;
  // What costs most comes first.
  std::vector<std::pair<std::string, Sums>> models_by_cost() const;

  SteadyTime started_;
  Limits limits_;
  Sums all_;
  std::set<int> failed_codes_;  // up to one more than are named
  std::map<std::string, Sums, std::less<>> models_;
};

}  // namespace tokometer::cli
