#include "app/setting.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "app/units.h"
#include "base/check.h"
#include "base/nearest.h"
#include "proxy/forwarding.h"
#include "proxy/router.h"

namespace tokometer::app {
namespace {

// Sets one field from its texts. What is wrong comes back as text.
struct Assigner {
  std::span<const std::string> values;
  Config& config;

  using Fault = std::optional<std::string>;
  const std::string& one() const { return values.front(); }

  Fault operator()(const field::Text& text) const {
    if (text.fault != nullptr) {
      if (auto fault = text.fault(one())) return fault;
    }
    text.of(config) = one();
    return std::nullopt;
  }
  Fault operator()(const field::Path& path) const {
    path.of(config) = one();
    return std::nullopt;
  }
  Fault operator()(const field::Flag& flag) const {
    for (const std::string_view yes : {"true", "yes", "on", "1"}) {
      if (one() == yes) return flag.of(config) = true, std::nullopt;
    }
    for (const std::string_view no : {"false", "no", "off", "0"}) {
      if (one() == no) return flag.of(config) = false, std::nullopt;
    }
    return fmt::format("\"{}\" is neither true nor false", one());
  }
  Fault operator()(const field::Number& number) const {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(one().data(), one().data() + one().size(), value);
    if (error != std::errc() || end != one().data() + one().size()) {
      return fmt::format("\"{}\" is not a whole number", one());
    }
    if (value < number.minimum || value > number.maximum) {
      const bool bounded = number.maximum != INT64_MAX;
      return bounded ? fmt::format("{} is not from {} to {}", value, number.minimum, number.maximum)
                     : fmt::format("{} is less than {}", value, number.minimum);
    }
    number.of(config) = value;
    return std::nullopt;
  }
  Fault operator()(const field::Size& size) const {
    const auto bytes = parse_size(one());
    if (!bytes) return fmt::format("\"{}\" is not a size: say it like 64KiB or 16MiB", one());
    if (*bytes < size.minimum) return fmt::format("{} is less than {}", one(), format_size(size.minimum));
    size.of(config) = *bytes;
    return std::nullopt;
  }
  Fault operator()(const field::Duration& duration) const {
    const auto time = parse_duration(one());
    if (!time) return fmt::format("\"{}\" is not a duration: say it like 250ms, 30s, 10m or 7d", one());
    if (*time < duration.minimum) return fmt::format("{} is less than {}", one(), format_duration(duration.minimum));
    duration.of(config) = *time;
    return std::nullopt;
  }
  Fault operator()(const field::Choice& choice) const {
    const auto found = std::ranges::find(choice.names, one());
    if (found == choice.names.end()) {
      const auto meant = nearest(one(), choice.names);
      return fmt::format("\"{}\" is not one of {}{}", one(), fmt::join(choice.names, ", "),
                         meant ? fmt::format("; did you mean {}?", *meant) : "");
    }
    choice.assign(config, static_cast<std::size_t>(found - choice.names.begin()));
    return std::nullopt;
  }
  Fault operator()(const field::List& list) const {
    std::vector<std::string> items;
    for (const std::string& value : values) {
      if (value.empty() && list.may_be_empty) continue;
      if (auto fault = list.fault(value)) return fault;
      items.push_back(value);
    }
    if (items.empty() && !list.may_be_empty) return "the list is empty";
    list.of(config) = std::move(items);
    return std::nullopt;
  }
  Fault operator()(const field::Map& map) const {
    std::map<std::string, std::string> entries;
    for (const std::string& value : values) {
      const std::size_t equals = value.find('=');
      if (equals == std::string::npos || equals == 0) return fmt::format("\"{}\" is not NAME=VALUE", value);
      const std::string name = value.substr(0, equals);
      if (auto fault = map.fault(std::string_view(value).substr(equals + 1))) {
        return fmt::format("{}: {}", name, *fault);
      }
      entries[name] = value.substr(equals + 1);
    }
    map.of(config) = std::move(entries);
    return std::nullopt;
  }
};

// Plain as it stands; what leads to ourselves by another name is refused when it is connected to.
bool leads_to_itself(const Config& config, std::string_view url) {
  const auto to = proxy::parse_base_url(url);
  return to && proxy::is_own_address(config.listen, to->origin.host, to->origin.port);
}

}  // namespace

const Setting* find_setting(std::string_view key) {
  for (const Setting& setting : settings_table()) {
    if (setting.key == key) return &setting;
    const bool map = std::holds_alternative<field::Map>(setting.field);
    if (map && key.starts_with(setting.key) && key.substr(setting.key.size()).starts_with('.')) return &setting;
  }
  return nullptr;
}

std::string option_name(const Setting& setting) {
  std::string name(setting.option.empty() ? setting.key : setting.option);
  for (char& c : name) {
    if (c == '.' || c == '_') c = '-';
  }
  return name;
}

std::string variable_name(const Setting& setting) {
  std::string name = "TOKOMETER_";
  for (const char c : setting.key) {
    if (c >= 'a' && c <= 'z') {
      name += static_cast<char>(c - 'a' + 'A');
    } else {
      name += c == '.' ? '_' : c;
    }
  }
  return name;
}

std::string shown_value(const Setting& setting, std::string_view value) {
  const auto at = setting.may_hold_password ? value.rfind('@') : std::string_view::npos;
  if (at == std::string_view::npos) return std::string(value);
  const auto scheme = value.find("://");
  const std::string_view kept = scheme < at ? value.substr(0, scheme + 3) : std::string_view();
  return fmt::format("{}***{}", kept, value.substr(at));
}

bool holds_many(const Setting& setting) {
  return std::holds_alternative<field::List>(setting.field) || std::holds_alternative<field::Map>(setting.field);
}

Result<void> assign(const Setting& setting, std::span<const std::string> values, Config& config) {
  TOKOMETER_CHECK(holds_many(setting) || values.size() == 1);
  if (auto fault = std::visit(Assigner{values, config}, setting.field)) {
    return fail(ErrorCode::kInvalid, std::move(*fault));
  }
  return {};
}

std::vector<Conflict> conflicts(const Config& config) {
  std::vector<Conflict> found;
  if (!config.base_url.empty() && config.type.empty()) {
    found.push_back({"base_url", "needs type: which provider's API the origin speaks, such as openai"});
  }
  if (!config.type.empty() && config.base_url.empty()) {
    found.push_back({"type", "is only for base_url, which is not set"});
  }
  constexpr std::string_view kLoop = "leads back to this proxy itself (see listen): give the provider's own address";
  if (leads_to_itself(config, config.base_url)) found.push_back({"base_url", std::string(kLoop)});
  for (const auto& [provider, url] : config.origins) {
    if (leads_to_itself(config, url)) found.push_back({"origins", fmt::format("{}: {}", provider, kLoop)});
  }
  if (config.journal.max_bytes < 2 * config.journal.segment_bytes) {
    found.push_back({"journal.max_bytes", "must be at least twice journal.segment_bytes"});
  }
  return found;
}

}  // namespace tokometer::app
