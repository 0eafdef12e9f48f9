#include "cli/authority.h"

#include <string_view>

#include "app/instance.h"
#include "app/interception.h"
#include "embedded/embedded.h"

namespace tokometer::cli {
std::vector<std::string> wanted_domains(const provider::Registry& providers, app::Config config) {
  const auto running = app::find_instance(config.data_dir);
  if (running && running->status) {
    constexpr std::string_view kIntercept = "--intercept=";
    for (const std::string& word : running->status->start.options) {
      if (word.starts_with(kIntercept)) config.intercept.push_back(word.substr(kIntercept.size()));
    }
  }
  return app::intercepted_domains(providers, config);
}

Result<std::vector<std::string>> wanted_domains(const app::Config& config) {
  const auto registry = provider::Registry::load(embedded::providers(), config.config_dir / "providers");
  if (!registry) return fail(registry.error());
  return wanted_domains(**registry, config);
}

app::TrustSurroundings trust_surroundings(const Environment& environment) {
  return {.path = environment.variable("PATH").value_or(""), .home = environment.variable("HOME").value_or("")};
}

}  // namespace tokometer::cli
