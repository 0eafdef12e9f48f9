#include "app/upstream.h"

#include <fmt/format.h>

#include <initializer_list>
#include <utility>

#include "proxy/forwarding.h"

namespace tokometer::app {
namespace {

using Lookup = std::function<std::optional<std::string>(std::string_view name)>;

Config::ProxyVariable first_set(const Lookup& variable, std::initializer_list<std::string_view> names) {
  for (const std::string_view name : names) {
    auto value = variable ? variable(name) : std::nullopt;
    if (value && !value->empty()) return {.name = std::string(name), .value = std::move(*value)};
  }
  return {};
}

// NO_PROXY's items: commas and blanks separate them.
std::vector<std::string> items_of(std::string_view list) {
  constexpr std::string_view kSeparators = ", \t";
  std::vector<std::string> items;
  for (;;) {
    const auto begin = list.find_first_not_of(kSeparators);
    if (begin == std::string_view::npos) return items;
    list.remove_prefix(begin);
    const std::string_view item = list.substr(0, list.find_first_of(kSeparators));
    items.emplace_back(item);
    list.remove_prefix(item.size());
  }
}

class Finder {
 public:
  Finder(const Config& config, const std::vector<std::string>& own) : config_(config), own_(own) {}

  Result<Upstream> run() {
    if (config_.upstream_proxy == kNoUpstream) return Upstream();
    const auto& variables = config_.proxy_variables;
    const Config::ProxyVariable setting{.name = "upstream_proxy", .value = config_.upstream_proxy};
    const bool is_set = !setting.value.empty();
    const auto& https = is_set ? setting : variables.https;
    const auto& http = is_set ? setting : variables.http;
    if (auto used = use(https, found_.proxies.https, found_.https_from); !used) return fail(std::move(used.error()));
    if (auto used = use(http, found_.proxies.http, found_.http_from); !used) return fail(std::move(used.error()));
    if (auto read = read_exceptions(); !read) return fail(std::move(read.error()));
    return std::move(found_);
  }

 private:
  Result<void> use(const Config::ProxyVariable& named, std::optional<net::UpstreamProxy>& proxy, std::string& from) {
    if (named.value.empty()) return {};
    auto parsed = net::UpstreamProxy::parse(named.value);
    if (!parsed) {
      return fail(
          parsed.error().code,
          fmt::format("{0}: {1}: say http://HOST:PORT, or --upstream-proxy {2} (TOKOMETER_UPSTREAM_PROXY={2}) to "
                      "reach origins directly",
                      named.name, parsed.error().message, kNoUpstream));
    }
    if (proxy::is_own_address(own_, parsed->host, parsed->port)) {
      std::string remark = fmt::format("{} leads to this proxy itself, and is left out", named.name);
      if (found_.remarks.empty() || found_.remarks.back() != remark) found_.remarks.push_back(std::move(remark));
      return {};
    }
    proxy = std::move(*parsed);
    from = named.name;
    return {};
  }

  Result<void> read_exceptions() {
    if (!config_.no_proxy.empty()) {
      auto list = net::NoProxy::parse(config_.no_proxy);
      if (!list) return fail(std::move(list.error()));
      found_.proxies.except = std::move(*list);
      return {};
    }
    // The environment is not ours alone: what others may understand and we don't is no reason not to start.
    std::vector<std::string> good;
    for (std::string& item : items_of(config_.proxy_variables.none.value)) {
      if (auto one = net::NoProxy::parse({item}); one) {
        good.push_back(std::move(item));
      } else {
        found_.remarks.push_back(fmt::format("{}: {}", config_.proxy_variables.none.name, one.error().message));
      }
    }
    auto list = net::NoProxy::parse(good);
    if (!list) return fail(std::move(list.error()));
    found_.proxies.except = std::move(*list);
    return {};
  }

  const Config& config_;
  const std::vector<std::string>& own_;
  Upstream found_;
};

}  // namespace

Config::ProxyVariables proxy_variables(const Lookup& variable) {
  return {.https = first_set(variable, {"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"}),
          .http = first_set(variable, {"http_proxy", "all_proxy", "ALL_PROXY"}),
          .none = first_set(variable, {"no_proxy", "NO_PROXY"})};
}

Result<Upstream> find_upstream(const Config& config, const std::vector<std::string>& own) {
  return Finder(config, own).run();
}

}  // namespace tokometer::app
