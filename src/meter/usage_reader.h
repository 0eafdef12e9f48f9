// From a provider's usage object to counts, by the rules of its spec.
#pragma once

#include <string_view>

#include "meter/findings.h"
#include "meter/usage.h"
#include "provider/format.h"

namespace tokometer::meter {

// What `details`, a JSON object, states by `rules`. Counts that are none
// (negative, fractional, no number) are left out and counted in `findings`, as
// are parts that are greater than their whole, which stay as they were stated.
// The source is kReported if it states what went in or what came out: a total alone says too little.
Usage read_usage(const provider::UsageRules& rules, std::string_view details, Findings& findings);

// `number`, a JSON number, times 10^-scale as a plain decimal: ("232856000", 10)
// is "0.0232856". Empty for a negative number and for one of more than 40 digits.
std::string plain_decimal(std::string_view number, int scale);

}  // namespace tokometer::meter
