// The JSON form of an event: one object with the field names of fields.h, as
// `tokometer events --json` prints it.
//
// Times are RFC 3339 in UTC, durations milliseconds with microseconds as
// decimals, costs exact decimal strings in dollars, usage_details and
// cost_details JSON values of their own. What is not known is left out: an
// absent count is never written as 0.
//
// Not here: the binary form (codec.h), exact decimals (pricing/decimal.h).
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "event/event.h"

namespace tokometer::event {

// `event` as one line of JSON, without the line end. Details that are no valid JSON are left out.
std::string to_json(const Event& event);

// Reads what to_json() wrote; unknown members are ignored. kInvalid names the
// member that is wrong.
Result<Event> from_json(std::string_view json);

}  // namespace tokometer::event
