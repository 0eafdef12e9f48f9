// Compiles one entry of a spec's `formats` (docs/provider-spec.md, "Formats").
#pragma once

#include <memory>
#include <string_view>

#include "provider/format.h"
#include "provider/merged.h"
#include "provider/object_reader.h"

namespace tokometer::provider {

// The format called `name` that `value` describes. Adds what is wrong with it
// to `mistakes`; what comes back then is of no use.
std::shared_ptr<const Format> compile_format(std::string_view name, const Merged& value, Mistakes& mistakes);

// The counts, tool calls and cost that `value` describes (the key `usage`).
UsageRules compile_usage(const Merged& value, Mistakes& mistakes);

}  // namespace tokometer::provider
