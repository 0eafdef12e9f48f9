// Looks for a usage object by its name, wherever in a response it stands.
//
// The last resort before estimating: for responses in which a spec found
// nothing at the places that it knows. What a usage object may be called, and
// what its members mean, is data (data/providers/generic.json). In JSON text a
// quoted name before a colon is a member: within a string its quotes would be
// escaped. What a model or its user wrote may hold such members, too: so nothing
// is looked for within arguments, content and schemas (`search.skip`), unless one
// of them began in a part that was not kept. Of several objects, as streams have
// them, the greatest counts hold.
#pragma once

#include <string>

#include "meter/content_sample.h"
#include "provider/format.h"

namespace tokometer::meter {

// The usage object in what `content` kept, by the rules `search` and `usage` of `generic`; empty if there is none.
std::string find_usage(const provider::Format& generic, const ContentSample& content);

}  // namespace tokometer::meter
