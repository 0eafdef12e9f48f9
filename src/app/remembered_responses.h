// What an earlier run has counted: tells the filter of repeats which responses a
// store has, so that a poll or a file that repeats their usage is not counted
// again, and one that brings the usage of an estimated call takes its place.
//
//   auto remembered = remember_responses(*store, repeats);
//
// Not here: what the filter does with them (meter/repeat_filter.h).
#pragma once

#include <stop_token>

#include "base/error.h"
#include "meter/repeat_filter.h"
#include "store/store.h"

namespace tokometer::app {

// Looks at the newest RepeatFilter::kCapacity events, or those until a stop is requested. On failure, `repeats` knows
// of those that were read.
Result<void> remember_responses(store::Store& store, meter::RepeatFilter& repeats, const std::stop_token& stop = {});

}  // namespace tokometer::app
