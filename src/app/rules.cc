#include "app/rules.h"

#include <utility>

#include "app/start_memory.h"
#include "embedded/embedded.h"
#include "pricing/builtin_prices.h"

namespace tokometer::app {

Result<std::shared_ptr<const Rules>> load_rules(const std::filesystem::path& config_dir,
                                                meter::TokenCounter::Wait wait) {
  auto providers = provider::Registry::load(embedded::providers(), config_dir / "providers");
  if (!providers) return fail(std::move(providers.error()));
  auto prices = pricing::Catalog::load(pricing::BuiltinPrices(), pricing::folders_in(config_dir));
  if (!prices) return fail(std::move(prices.error()));
  auto clients = client::Detector::load(embedded::clients(), config_dir / "clients");
  if (!clients) return fail(std::move(clients.error()));
  const std::filesystem::path tokenizers = config_dir / "tokenizers";
  auto models = tokenizer::ModelTable::load(embedded::tokenizers(), tokenizers);
  if (!models) return fail(std::move(models.error()));
  auto library = std::make_shared<const tokenizer::Library>(embedded::rank_tables(), tokenizers);
  release_free_heap();
  return std::make_shared<const Rules>(
      Rules{std::move(*providers), std::move(*prices), std::move(*clients),
            std::make_shared<meter::TokenCounter>(std::move(library), std::move(*models), wait)});
}

}  // namespace tokometer::app
