// Usage that was read long ago, read again from the provider's own usage object.
#pragma once

#include "meter/usage.h"
#include "provider/format.h"

namespace tokometer::meter {

// What `rules` make of `stored.details` now. What the object never held (the
// service tier, calls of tools that were counted in the response, a cost stated
// elsewhere) stays as it was read, and so does the step where the counts are the same. `stored` itself where the
// provider had not stated it, or where the object says nothing by these rules.
Usage reread_usage(const provider::UsageRules& rules, const Usage& stored);

}  // namespace tokometer::meter
