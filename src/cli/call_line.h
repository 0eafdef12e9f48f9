// One line for each call, in columns that fit the terminal:
//
//   14:03:21  claude-code  claude-sonnet-4-5  12.3k    845  11.8k  420ms   8.2s  103  $0.016321
//
// Not here: panels (call_panel.h), the sums (session_summary.h).
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "cli/environment.h"
#include "cli/style.h"
#include "event/event.h"

namespace tokometer::cli {

// The time of day of an event as people read it: "14:03:21".
using TimeOfDay = std::function<std::string(UtcTime)>;

// In the time zone of the process.
std::string local_time_of_day(UtcTime time);

// Whether a call went wrong: an answer of 400 or above, none at all, or broken off.
bool has_failed(const event::Event& event);

// What went wrong, in few words: "429 rate_limit_error", "client_closed", "cut off".
std::string failure(const event::Event& event);

// Input and output together; absent if neither is known.
std::optional<std::int64_t> total_tokens(const meter::Usage& usage);

// The cost as text: "?" if it is unknown, "-" where nothing is billed.
std::string cost_text(const event::Event& event);

class CallLine {
 public:
  CallLine(const Output::Form& form, TimeOfDay time_of_day);

  // The titles of the columns, with a line end.
  std::string header() const;
  // `event` as a line, with a line end.
  std::string line(const event::Event& event) const;

 private:
  std::string joined(const std::vector<std::string>& cells) const;

  Style style_;
  TimeOfDay time_of_day_;
  std::size_t gap_ = 2;
  std::size_t client_ = 20;  // width; 0: left out
  std::size_t model_ = 32;
  std::size_t columns_ = 0;  // 0: unlimited
  bool shortens_ = false;
};

}  // namespace tokometer::cli
