// What the commands that read recorded calls share: opening the store up to the
// last call, and the options that say which calls.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "app/config.h"
#include "base/error.h"
#include "base/time_zone.h"
#include "cli/command.h"
#include "cli/environment.h"
#include "store/store.h"

namespace tokometer::cli {

// The store of `config`'s data folder, with everything that its journal holds; a proxy may be running. A store that
// cannot be written is opened as it is, and `environment.err` says so. kNotFound where nothing was ever recorded.
Result<std::unique_ptr<store::Store>> open_recorded(const app::Config& config, Environment& environment);

// --since, --until, --provider, --model, --client, --project, --session, --run and --tz.
std::vector<Option> filter_options();

// The time zone that --tz names, else the system's.
Result<TimeZone> chosen_zone(const Arguments& arguments, const Environment& environment);
// The filter that the options make. kInvalid for a wrong time, or an empty range.
Result<store::Filter> chosen_filter(const Arguments& arguments, const Environment& environment, const TimeZone& zone);

}  // namespace tokometer::cli
