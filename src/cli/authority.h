// What the commands share that look after the certificate authority's files.
#pragma once

#include <string>
#include <vector>

#include "app/config.h"
#include "app/trust_store.h"
#include "cli/environment.h"
#include "provider/registry.h"

namespace tokometer::cli {

// For which domains an authority is wanted: those of `config`, and what the proxy that runs was told on its command
// line.
std::vector<std::string> wanted_domains(const provider::Registry& providers, app::Config config);
// The same, with the provider files of `config`.
Result<std::vector<std::string>> wanted_domains(const app::Config& config);

app::TrustSurroundings trust_surroundings(const Environment& environment);

}  // namespace tokometer::cli
