#include "cli/proxy_variables.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "app/instance.h"
#include "app/interception.h"
#include "app/tool_environment.h"
#include "app/trust_files.h"
#include "cli/authority.h"
#include "client/tools.h"
#include "embedded/embedded.h"
#include "provider/registry.h"

namespace tokometer::cli {
namespace {

namespace fs = std::filesystem;

// With the name and password that a proxy asks for which others can reach, too.
std::string with_token(const std::string& url, const app::Config& config) {
  // The proxy that runs may have been told other addresses than these settings say.
  const auto running = app::find_instance(config.data_dir);
  const auto& listening = running && running->status ? running->status->listening : config.listen;
  if (std::ranges::all_of(listening, app::is_local_listener)) return url;
  const auto token = app::proxy_token(config.data_dir);
  constexpr std::string_view kScheme = "http://";
  if (!token || !url.starts_with(kScheme)) return url;
  return fmt::format("{}shell:{}@{}", kScheme, *token, url.substr(kScheme.size()));
}

}  // namespace

Result<VariableValues> proxy_variables(const std::string& url, const app::Config& config,
                                       const std::function<std::optional<std::string>(std::string_view)>& before,
                                       Log& log) {
  const auto tools = client::Tools::load(embedded::tools(), config.config_dir / "tools");
  if (!tools) return fail(tools.error());
  const auto registry = provider::Registry::load(embedded::providers(), config.config_dir / "providers");
  if (!registry) return fail(registry.error());
  std::error_code error;
  const fs::path data_dir = fs::absolute(config.data_dir, error);
  const app::TrustFiles trust(data_dir, net::CertificateAuthority::certificate_path(app::authority_folder(data_dir)));
  const auto authority = app::open_authority(data_dir, wanted_domains(**registry, config), log);
  const app::ToolInputs inputs{.variable = before,
                               .proxy = with_token(url, config),
                               .address = url.substr(url.rfind('/') + 1),
                               .base = url,
                               .trust = authority ? &trust : nullptr};
  auto filled = app::fill_tool(tools->of("").intercept, inputs, **registry);
  if (!filled) return fail(std::move(filled.error()));
  VariableValues values;
  for (auto& [name, value] : filled->environment) values.emplace_back(std::move(name), std::move(value));
  return values;
}

}  // namespace tokometer::cli
