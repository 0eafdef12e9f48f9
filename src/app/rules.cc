#include "app/rules.h"

#include <utility>

#include "embedded/embedded.h"

namespace tokometer::app {

Result<std::shared_ptr<const Rules>> load_rules(const std::filesystem::path& config_dir) {
  auto providers = provider::Registry::load(embedded::providers(), config_dir / "providers");
  if (!providers) return fail(std::move(providers.error()));
  auto prices = pricing::Catalog::load(embedded::prices(), config_dir / "prices");
  if (!prices) return fail(std::move(prices.error()));
  auto clients = client::Detector::load(embedded::clients(), config_dir / "clients");
  if (!clients) return fail(std::move(clients.error()));
  return std::make_shared<const Rules>(Rules{std::move(*providers), std::move(*prices), std::move(*clients)});
}

}  // namespace tokometer::app
