// The data that metering goes by: provider specs, prices and client rules, as
// one immutable snapshot. A reload makes a new one; exchanges under way keep theirs.
#pragma once

#include <filesystem>
#include <memory>

#include "base/error.h"
#include "client/detector.h"
#include "meter/estimate.h"
#include "meter/exchange_meter.h"
#include "meter/token_counter.h"
#include "pricing/catalog.h"
#include "provider/registry.h"

namespace tokometer::app {

struct Rules {
  std::shared_ptr<const provider::Registry> providers;
  std::shared_ptr<const pricing::Catalog> prices;
  std::shared_ptr<const client::Detector> clients;
  std::shared_ptr<const meter::TextCounter> counter;

  // What the meter asks where a spec's own reading is poor. Lives as long as this.
  meter::Fallbacks fallbacks() const { return {.generic = providers->generic(), .counter = counter.get()}; }
};

// What ships in the binary, overridden by the files in `config_dir`/providers,
// /prices and /clients. Fails on the first fault: "FILE:LINE: what".
// Estimates wait for the tables of tokenizers if `wait` says so: recordings have the time, traffic has not.
Result<std::shared_ptr<const Rules>> load_rules(const std::filesystem::path& config_dir,
                                                meter::TokenCounter::Wait wait = meter::TokenCounter::Wait::kNever);

}  // namespace tokometer::app
