#include "client/detector.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <numeric>
#include <optional>
#include <string>
#include <utility>

#include "base/files.h"
#include "client/client_file.h"

namespace tokometer::client {
namespace {

// Rules may name as many fields as a mask of 64 bits has room for; ours name some twenty.
constexpr std::size_t kMaxFields = 64;
// No field that tells a client has a longer name.
constexpr std::size_t kMaxFieldName = 127;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool starts_word(char before) { return before == ' ' || before == '('; }

// A set of characters as bits, good enough to rule most products out.
std::uint64_t bit(char c) { return std::uint64_t{1} << (static_cast<unsigned char>(lower(c)) & 63U); }

// The first characters of the words of `value`.
std::uint64_t word_starts(std::string_view value) {
  std::uint64_t bits = 0;
  char before = ' ';
  for (const char c : value) {
    if (starts_word(before)) bits |= bit(c);
    before = c;
  }
  return bits;
}

// The version at the start of `text`: up to what ends a product (RFC 9110, 10.1.5).
std::string_view version_at(std::string_view text, char separator) {
  std::size_t end = 0;
  while (end < text.size() && std::string_view(" ;,()/").find(text[end]) == std::string_view::npos &&
         text[end] != separator) {
    ++end;
  }
  if (end > 1 && text[0] == 'v' && text[1] >= '0' && text[1] <= '9') return text.substr(1, end - 1);
  return text.substr(0, end);
}

// The version of `product` if it is a word of `value`: empty if it has none, nothing if it is not there.
std::optional<std::string_view> find_product(std::string_view value, std::string_view product, char separator) {
  for (std::size_t at = 0; at + product.size() <= value.size(); ++at) {
    if (at != 0 && !starts_word(value[at - 1])) continue;
    if (lower(value[at]) != lower(product.front()) || !wire::istarts_with(value.substr(at), product)) continue;
    const std::string_view rest = value.substr(at + product.size());
    if (rest.empty()) return rest;
    if (rest.front() == separator) return version_at(rest.substr(1), separator);
    if (rest.front() == ' ' || rest.front() == ';' || rest.front() == ',') return std::string_view();
  }
  return std::nullopt;
}

}  // namespace

struct Detector::Impl {
  // Rules with their fields as positions in `fields`.
  struct Test {
    std::size_t field;
    Condition condition;
    std::uint64_t starts = 0;  // first characters of its products
  };
  struct Compiled {
    std::vector<Test> tests;
    std::optional<std::size_t> version_field;
    std::size_t client;
  };
  struct Known {
    std::string name;
    std::int64_t priority;
    std::vector<std::size_t> session_fields;
  };
  // The fields of a request that rules ask for.
  struct Values {
    std::array<std::string_view, kMaxFields> value;
    std::array<std::uint64_t, kMaxFields> starts{};
    std::uint64_t present = 0;

    bool has(std::size_t field) const { return (present >> field & 1U) != 0; }
  };

  std::vector<std::string> fields;
  std::array<std::uint64_t, kMaxFieldName + 1> by_length{};  // positions of the fields whose names have so many bytes
  std::vector<Known> clients;
  std::vector<Compiled> rules;
  std::size_t user_agent = 0;

  Result<std::size_t> position(const std::string& field) {
    for (std::size_t i = 0; i < fields.size(); ++i) {
      if (wire::iequals(fields[i], field)) return i;
    }
    if (fields.size() == kMaxFields) {
      return fail(ErrorCode::kTooLarge, fmt::format("clients: rules name more than {} fields", kMaxFields));
    }
    if (field.size() > kMaxFieldName) {
      return fail(ErrorCode::kTooLarge, fmt::format("clients: \"{}\" is longer than {} bytes", field, kMaxFieldName));
    }
    by_length[field.size()] |= std::uint64_t{1} << fields.size();
    fields.push_back(field);
    return fields.size() - 1;
  }

  Result<void> compile(std::vector<ClientRules> all) {
    // Of the same priority, in the order in which they were read.
    std::vector<std::size_t> order(all.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::ranges::sort(order, [&](std::size_t a, std::size_t b) {
      return all[a].priority != all[b].priority ? all[a].priority > all[b].priority : a < b;
    });
    const auto agent = position("user-agent");
    user_agent = *agent;
    for (const std::size_t i : order) {
      ClientRules& client = all[i];
      Known known{client.name, client.priority, {}};
      for (const std::string& field : client.session_fields) {
        const auto at = position(field);
        if (!at) return fail(at.error());
        known.session_fields.push_back(*at);
      }
      for (Rule& rule : client.rules) {
        Compiled compiled{{}, std::nullopt, clients.size()};
        for (Condition& condition : rule.conditions) {
          const auto at = position(condition.field);
          if (!at) return fail(at.error());
          Test test{*at, std::move(condition)};
          for (const std::string& text : test.condition.texts) test.starts |= bit(text.front());
          compiled.tests.push_back(std::move(test));
        }
        if (!rule.version_field.empty()) {
          const auto at = position(rule.version_field);
          if (!at) return fail(at.error());
          compiled.version_field = *at;
        }
        rules.push_back(std::move(compiled));
      }
      clients.push_back(std::move(known));
    }
    return {};
  }

  Values collect(wire::Fields request) const {
    Values values;
    for (const wire::Field& field : request) {
      if (field.name.size() >= by_length.size()) continue;
      // Most fields of a request have a length that no rule's field has.
      for (std::uint64_t left = by_length[field.name.size()] & ~values.present; left != 0; left &= left - 1) {
        const auto i = static_cast<std::size_t>(std::countr_zero(left));
        if (!wire::iequals(fields[i], field.name)) continue;
        values.value[i] = field.value;
        values.starts[i] = word_starts(field.value);
        values.present |= std::uint64_t{1} << i;
        break;
      }
    }
    return values;
  }

  // Whether `test` holds; of a product, its version is put into `version`.
  static bool holds(const Test& test, const Values& values, std::string_view& version) {
    if (!values.has(test.field)) return false;
    const std::string_view value = values.value[test.field];
    const Condition& condition = test.condition;
    switch (condition.kind) {
      case Condition::Kind::kPresent:
        return true;
      case Condition::Kind::kEquals:
        return wire::iequals(value, condition.texts.front());
      case Condition::Kind::kStartsWith:
        return wire::istarts_with(value, condition.texts.front());
      case Condition::Kind::kProduct:
        if ((values.starts[test.field] & test.starts) == 0) return false;
        for (const std::string& product : condition.texts) {
          if (const auto found = find_product(value, product, condition.separator)) {
            version = *found;
            return true;
          }
        }
        return false;
    }
    return false;
  }

  // The version that `rule` gives, if all of its tests hold.
  static std::optional<std::string_view> apply(const Compiled& rule, const Values& values) {
    std::string_view version;
    if (!holds(rule.tests.front(), values, version)) return std::nullopt;
    std::string_view unused;
    for (std::size_t i = 1; i < rule.tests.size(); ++i) {
      if (!holds(rule.tests[i], values, unused)) return std::nullopt;
    }
    if (version.empty() && rule.version_field && values.has(*rule.version_field)) {
      version = values.value[*rule.version_field];
    }
    return version;
  }
};

Detector::Detector(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Detector::~Detector() = default;

Result<std::shared_ptr<const Detector>> Detector::load(std::span<const embedded::File> builtin,
                                                       const std::filesystem::path& user_folder) {
  std::vector<ClientRules> all;
  const auto add = [&](std::string name, std::string_view content) -> std::optional<Error> {
    json::Mistakes mistakes(std::move(name));
    std::vector<ClientRules> clients = read_client_file(content, mistakes);
    if (!mistakes.empty()) return mistakes.first();
    for (ClientRules& client : clients) {
      const auto same = std::ranges::find(all, client.name, &ClientRules::name);
      if (same != all.end()) {
        *same = std::move(client);
      } else {
        all.push_back(std::move(client));
      }
    }
    return std::nullopt;
  };
  for (const embedded::File& file : builtin) {
    if (auto error = add(fmt::format("clients/{}", file.name), file.content)) return fail(std::move(*error));
  }
  const auto files = files_in(user_folder, ".json");
  if (!files) return fail(files.error());
  for (const std::filesystem::path& path : *files) {
    const auto content = read_file(path);
    if (!content) return fail(content.error());
    if (auto error = add(path.string(), *content)) return fail(std::move(*error));
  }
  auto impl = std::make_unique<Impl>();
  if (auto compiled = impl->compile(std::move(all)); !compiled) return fail(compiled.error());
  return std::shared_ptr<const Detector>(new Detector(std::move(impl)));
}

Client Detector::detect(wire::Fields fields) const {
  const Impl::Values values = impl_->collect(fields);
  for (const Impl::Compiled& rule : impl_->rules) {
    const auto version = Impl::apply(rule, values);
    if (!version) continue;
    const Impl::Known& known = impl_->clients[rule.client];
    Client client{known.name, *version, {}};
    for (const std::size_t field : known.session_fields) {
      if (!values.has(field)) continue;
      client.session_id = values.value[field];
      break;
    }
    return client;
  }
  const std::string_view agent = values.value[impl_->user_agent];
  const std::string_view name = agent.substr(0, agent.find_first_of(" /;,()"));
  if (agent.size() <= name.size() || agent[name.size()] != '/') return {name, {}, {}};
  return {name, version_at(agent.substr(name.size() + 1), '/'), {}};
}

std::vector<std::string_view> Detector::names() const {
  std::vector<std::string_view> names;
  names.reserve(impl_->clients.size());
  for (const Impl::Known& client : impl_->clients) names.push_back(client.name);
  return names;
}

}  // namespace tokometer::client
