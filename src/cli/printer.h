// Shows finished calls as they come, the way the user asked for.
//
//   const auto printer = make_printer(config.print, environment.out, environment.clock, local_time_of_day);
//   printer->print(event);  // for each
//   printer->finish();      // the session's summary
//
// Not thread-safe. Output that cannot be written (a terminal that was closed)
// is dropped without a word: the proxy serves on.
#pragma once

#include <memory>
#include <string>

#include "app/config.h"
#include "base/time.h"
#include "cli/call_line.h"
#include "cli/environment.h"
#include "event/event.h"

namespace tokometer::cli {

class Printer {
 public:
  virtual ~Printer() = default;
  virtual void print(const event::Event& event) = 0;
  virtual void finish() = 0;
};

// `out` and `clock` must outlive the printer.
std::unique_ptr<Printer> make_printer(app::Print how, Output& out, const Clock& clock, TimeOfDay time_of_day);

// The panel of one call, framed on a terminal.
std::string call_panel(const event::Event& event, const Output::Form& form);

}  // namespace tokometer::cli
