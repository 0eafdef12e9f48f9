// What the calls of `tokometer run` belong to: its options over TOKOMETER_CONTEXT, which has a run's id within another
// run.
//
// The proxy passes over a context that is too long or broken, and with it a budget: here it is an error.
//
// Not here: its members and its forms (client/call_context.h).
#pragma once

#include <string_view>

#include "base/error.h"
#include "cli/command.h"
#include "cli/environment.h"
#include "client/call_context.h"

namespace tokometer::cli {

inline constexpr std::string_view kContextVariable = "TOKOMETER_CONTEXT";

// kUsage, with the name of what is broken, wrong or too long.
Result<client::CallContext> run_context(const Arguments& arguments, const Environment& environment);

}  // namespace tokometer::cli
