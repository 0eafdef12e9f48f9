#include "app/start_check.h"

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <utility>

#include "app/rules.h"
#include "app/setting.h"
#include "net/limits.h"
#include "net/tls_client.h"
#include "proxy/router.h"

namespace tokometer::app {
namespace {

class StartCheck {
 public:
  explicit StartCheck(const Settings& settings) : settings_(settings) {}

  std::vector<Fault> run() {
    const Config& config = settings_.config;
    if (const auto rules = load_rules(config.config_dir)) {
      check_routes(**rules);
    } else {
      faults_.push_back({"", rules.error().message, ""});  // names its file
    }
    if (!config.origin_ca.empty()) {
      net::TlsClient client({.origin_ca = config.origin_ca.string()}, net::Limits());
      if (const auto prepared = client.prepare(); !prepared) add("origin_ca", prepared.error().message);
    }
    return std::move(faults_);
  }

 private:
  void check_routes(const Rules& rules) {
    const Config& config = settings_.config;
    for (const auto& [provider, url] : config.origins) {
      proxy::RouterOptions options;
      options.origins.push_back({provider, url});
      if (const auto router = proxy::Router::make(rules.providers, options); !router) {
        add("origins", router.error().message);
      }
    }
    if (config.base_url.empty()) return;
    proxy::RouterOptions options;
    options.base_url = config.base_url;
    if (const auto router = proxy::Router::make(rules.providers, options); !router) {
      return add("base_url", router.error().message);
    }
    options.type = config.type;
    if (const auto router = proxy::Router::make(rules.providers, options); !router) {
      add("type", router.error().message);
    }
  }

  void add(std::string_view key, std::string_view message) {
    const Settings::Value& value =
        settings_.values[static_cast<std::size_t>(find_setting(key) - settings_table().data())];
    // The router names the setting itself, in its own words.
    for (const std::string_view name : {"origin: ", "type: "}) {
      if (message.starts_with(name)) message.remove_prefix(name.size());
    }
    const bool is_option = value.source == Source::kOption;  // whose name says the key
    faults_.push_back({value.place, is_option ? std::string(message) : fmt::format("{}: {}", key, message), ""});
  }

  const Settings& settings_;
  std::vector<Fault> faults_;
};

}  // namespace

std::vector<Fault> start_faults(const Settings& settings) { return StartCheck(settings).run(); }

}  // namespace tokometer::app
