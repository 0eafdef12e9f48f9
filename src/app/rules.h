// The data that metering goes by: provider specs, prices and client rules, as
// one immutable snapshot. A reload makes a new one; exchanges under way keep theirs.
#pragma once

#include <filesystem>
#include <memory>

#include "base/error.h"
#include "client/detector.h"
#include "pricing/catalog.h"
#include "provider/registry.h"

namespace tokometer::app {

struct Rules {
  std::shared_ptr<const provider::Registry> providers;
  std::shared_ptr<const pricing::Catalog> prices;
  std::shared_ptr<const client::Detector> clients;
};

// What ships in the binary, overridden by the files in `config_dir`/providers,
// /prices and /clients. Fails on the first fault: "FILE:LINE: what".
Result<std::shared_ptr<const Rules>> load_rules(const std::filesystem::path& config_dir);

}  // namespace tokometer::app
