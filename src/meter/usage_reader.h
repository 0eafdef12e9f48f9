// From a provider's usage object to counts, by the rules of its spec.
#pragma once

#include <string_view>

#include "meter/usage.h"
#include "provider/format.h"

namespace tokometer::meter {

struct UsageReading {
  Usage usage;
  bool readable = true;    // false: `details` is no JSON
  bool bad_count = false;  // a count that is none (negative, fractional, no number) was left out
};

// What `details`, a JSON object, states by `rules`. The source is kReported if it states what went in or what came
// out (a total alone says too little), and the step then kSpec or, if a later alternative gave one of the two,
// kAlternative. Of input and output, the one that is not stated is the rest of the total, if that is more than the
// other.
UsageReading read_usage(const provider::UsageRules& rules, std::string_view details);

// `number`, a JSON number, times 10^-scale as a plain decimal: ("232856000", 10)
// is "0.0232856". Empty for a negative number and for one of more than 40 digits.
std::string plain_decimal(std::string_view number, int scale);

}  // namespace tokometer::meter
