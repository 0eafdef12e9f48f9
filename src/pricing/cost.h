// What an exchange cost: a catalog entry applied to a usage.
//
//   const std::optional<Cost> cost = price_usage(entry, usage);
//   event.cost_picodollars = cost->total;
//   event.cost_details = cost->details_json();
//
// The usage's counts contain their parts (meter/usage.h), so they are first
// split into disjoint parts; what providers state against all sense (more
// cached than sent) makes a remainder zero, never negative:
//
//   input  = cache_read + cache_write + cache_write_1h + audio + image + the rest
//   output = reasoning + audio + image + the rest
//
// A part is split off only if it has a price; audio, images and reasoning
// without one stay in the rest. Cache reads and writes without one cost what
// input costs. The long-context rates apply to the whole request. Surcharges
// multiply the prices of all tokens, never of tools and requests.
//
// Not here: which entry (catalog.h), arithmetic (decimal.h).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "meter/usage.h"
#include "pricing/decimal.h"
#include "pricing/price_entry.h"

namespace tokometer::pricing {

struct CostPart {
  std::string_view name;  // a unit's or a tool's; lives as long as the entry and the usage
  std::int64_t count = 0;
  Price price;
  Picodollars amount = 0;
  bool is_tool = false;  // shown per 1,000, not per million
};

// Views in a Cost live as long as the catalog and the usage it was made from.
struct Cost {
  Picodollars total = 0;                     // what the provider states, else the sum of the parts
  std::string_view price_ref;                // of the entry; empty if only the provider's statement is known
  std::vector<CostPart> parts;               // ours, without those of zero tokens
  std::optional<Picodollars> computed;       // sum of the parts; unset without an entry
  bool stated = false;                       // `total` is the provider's own
  std::string_view tier;                     // the service tier whose rates were used; empty: standard
  std::optional<std::int64_t> long_context;  // the threshold whose rates were used
  std::vector<const Surcharge*> surcharges;  // of the entry, those that applied
  std::vector<std::string_view> unpriced;    // tiers and tools that the entry has no price for

  // {"parts":{"input":{"count":11,"price":"5","per":1000000,"usd":"0.000055"},…},"computed":"0.00025125"}
  // with "tier", "long_context", "surcharges", "stated" and "unpriced" where they apply.
  std::string details_json() const;
};

// The cost of `usage` by `entry` (null: the model has no price) for a call to
// `host`. Prefers the provider's own statement. Nothing where the cost is unknown: no entry and no
// statement, counts that the entry has no price for, or no count of input or output where that has a price.
std::optional<Cost> price_usage(const Entry* entry, const meter::Usage& usage, std::string_view host = {});

}  // namespace tokometer::pricing
