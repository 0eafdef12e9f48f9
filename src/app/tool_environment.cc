#include "app/tool_environment.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "proxy/router.h"

namespace tokometer::app {
namespace {

constexpr std::string_view kBasePlaceholder = "base:";

class ToolFiller {
 public:
  ToolFiller(const ToolInputs& inputs, const provider::Registry& registry) : inputs_(inputs), registry_(registry) {}

  Result<FilledTool> fill(const client::ToolMode& mode) {
    for (const auto& [name, text] : mode.environment) {
      if (!text) continue;
      if (auto done = fill_variable(name, *text); !done) return fail(done.error());
    }
    for (const std::string& name : mode.base_urls_if_set) {
      const std::string own = own_value(name);
      if (!own.empty()) set_base_url(name, own);
    }
    for (const std::string& argument : mode.arguments) {
      auto filled = expand(argument, "");
      if (!filled) return fail(filled.error());
      if (*filled) result_.arguments.push_back(std::move(**filled));
    }
    return std::move(result_);
  }

 private:
  std::string own_value(std::string_view name) const { return inputs_.variable(name).value_or(""); }

  Result<void> fill_variable(const std::string& name, std::string_view text) {
    const std::string own = own_value(name);
    if (text.contains("{base:") && !own.empty()) {
      set_base_url(name, own);
      return {};
    }
    auto value = expand(text, own);
    if (!value) return fail(value.error());
    if (*value) result_.environment.push_back({name, std::move(**value)});
    return {};
  }

  void set_base_url(const std::string& name, std::string_view own) {
    if (auto through_us = redirected(own)) {
      result_.environment.push_back({name, std::move(*through_us)});
    } else {
      result_.kept.push_back(name);
    }
  }

  // The way through us to where `url` leads; nothing if it leads to nobody that we know.
  std::optional<std::string> redirected(std::string_view url) const {
    const auto to = proxy::parse_base_url(url);
    if (!to) return std::nullopt;
    std::string of_outer = with_base(std::string(url), inputs_.address, inputs_.base);
    if (of_outer != url) return of_outer;
    if (to->authority == inputs_.address) return inputs_.base + to->path;
    const provider::Spec* spec = registry_.by_host(to->authority);
    if (spec == nullptr || spec->route.empty()) return std::nullopt;
    // A host of the provider's that its route does not lead to (a region's) is another place.
    const auto of_route = proxy::parse_base_url(spec->base_url);
    if (!of_route || of_route->authority != to->authority) return std::nullopt;
    return fmt::format("{}/{}{}", inputs_.base, spec->route, to->path);
  }

  // Nothing where a placeholder has no value.
  Result<std::optional<std::string>> expand(std::string_view text, const std::string& own) const {
    std::string value;
    bool whole = true;
    std::optional<Error> error;
    client::read_template(
        text, [&](std::string_view literal) { value += literal; },
        [&](std::string_view name) {
          auto filled = placeholder(name, own);
          if (!filled) {
            error = filled.error();
          } else if (*filled) {
            value += **filled;
          } else {
            whole = false;
          }
        });
    if (error) return fail(*error);
    if (!whole) return std::nullopt;
    return value;
  }

  Result<std::optional<std::string>> placeholder(std::string_view name, const std::string& own) const {
    if (name == "proxy") return inputs_.proxy;
    if (name == "no_proxy") {
      const std::string given = own_value("NO_PROXY");
      return no_proxy_list(given.empty() ? own_value("no_proxy") : given);
    }
    if (name.starts_with(kBasePlaceholder))
      return inputs_.base + "/" + std::string(name.substr(kBasePlaceholder.size()));
    if (inputs_.trust == nullptr) return std::nullopt;
    if (name == "ca") {
      const auto file = inputs_.trust->extra(own);
      if (!file) return fail(file.error());
      return file->string();
    }
    const auto file = inputs_.trust->bundle(own);
    if (!file) return fail(file.error());
    if (!*file) return std::nullopt;
    return (*file)->string();
  }

  const ToolInputs& inputs_;
  const provider::Registry& registry_;
  FilledTool result_;
};

}  // namespace

Result<FilledTool> fill_tool(const client::ToolMode& mode, const ToolInputs& inputs,
                             const provider::Registry& registry) {
  return ToolFiller(inputs, registry).fill(mode);
}

std::string with_base(std::string value, std::string_view address, std::string_view base) {
  constexpr std::string_view kBase64Url = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  const std::string mark = fmt::format("http://{}/c/", address);
  for (auto at = value.find(mark); at != std::string::npos; at = value.find(mark, at + base.size())) {
    const auto end = std::min(value.find_first_not_of(kBase64Url, at + mark.size()), value.size());
    value.replace(at, end - at, base);
  }
  return value;
}

std::string no_proxy_list(std::string_view of_user) {
  std::vector<std::string_view> hosts;
  const auto add = [&](std::string_view host) {
    if (!host.empty() && host != "*" && std::ranges::find(hosts, host) == hosts.end()) hosts.push_back(host);
  };
  while (!of_user.empty()) {
    const auto end = std::min(of_user.find_first_of(", "), of_user.size());
    add(of_user.substr(0, end));
    of_user.remove_prefix(std::min(end + 1, of_user.size()));
  }
  for (const std::string_view host : {"localhost", "127.0.0.1", "::1"}) add(host);
  return fmt::format("{}", fmt::join(hosts, ","));
}

}  // namespace tokometer::app
