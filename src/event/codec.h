// The binary form of an event, as the journal keeps it.
//
// A run of numbered fields: a varint tag, then a varint or bytes with their
// length (docs/journal-format.md). A reader skips numbers that it does not
// know and leaves absent ones at their defaults, so that older and newer
// programs read each other's journals.
//
//   std::string bytes;
//   encode(event, bytes);
//   Result<Event> again = decode(bytes);
//
// Not here: framing and checksums (journal_format.h), the JSON form (event_json.h).
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "event/event.h"

namespace tokometer::event {

// Appends the binary form of `event` to `out`.
void encode(const Event& event, std::string& out);

// Reads what encode() wrote. kCorrupt where the bytes break the format or hold no id.
Result<Event> decode(std::string_view bytes);

}  // namespace tokometer::event
