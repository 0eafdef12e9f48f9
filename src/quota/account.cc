#include "quota/account.h"

#include <algorithm>
#include <utility>

#include "json/extractor.h"
#include "wire/base64.h"

namespace tokometer::quota {
namespace {

std::optional<std::string_view> query_value(std::string_view target, std::string_view name) {
  const auto mark = target.find('?');
  if (mark == std::string_view::npos) return std::nullopt;
  std::string_view query = target.substr(mark + 1);
  while (!query.empty()) {
    const auto end = query.find('&');
    const std::string_view parameter = query.substr(0, end);
    const auto equals = parameter.find('=');
    if (equals != std::string_view::npos && wire::iequals(parameter.substr(0, equals), name)) {
      return parameter.substr(equals + 1);
    }
    if (end == std::string_view::npos) break;
    query.remove_prefix(end + 1);
  }
  return std::nullopt;
}

// RFC 9110, 11.4: a scheme, a space, then what proves who it is.
std::string_view without_scheme(std::string_view value) {
  const auto space = value.find(' ');
  if (space == std::string_view::npos) return value;
  const std::string_view scheme = value.substr(0, space);
  const bool is_scheme =
      std::ranges::all_of(scheme, [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); });
  if (!is_scheme) return value;
  value.remove_prefix(space);
  while (value.starts_with(' ')) value.remove_prefix(1);
  return value;
}

// A claim of a JSON Web Token (RFC 7519): nobody checks its signature here, which its provider does.
std::optional<std::string> claim_of(std::string_view token, const json::QuerySet& claim) {
  if (token.size() > kMaxTokenBytes) return std::nullopt;
  const auto header_end = token.find('.');
  if (header_end == std::string_view::npos) return std::nullopt;
  token.remove_prefix(header_end + 1);
  const auto payload = wire::base64::decode(token.substr(0, token.find('.')));
  if (!payload) return std::nullopt;
  std::string found;
  const auto sink = [&](std::size_t, const json::Value& value) {
    if (value.kind == json::Kind::kString || value.kind == json::Kind::kNumber) found = value.text;
  };
  if (json::extract(claim, *payload, sink)) return std::nullopt;  // no JSON
  return found;
}

// The part of `value` that `source` means; nothing where it has none.
std::optional<std::string> part_of(std::string_view value, const provider::AccountSource& source) {
  if (source.after.empty() && source.until.empty()) value = without_scheme(value);
  if (!source.after.empty()) {
    const auto at = value.find(source.after);
    if (at == std::string_view::npos) return std::nullopt;
    value.remove_prefix(at + source.after.size());
  }
  if (!source.until.empty()) value = value.substr(0, value.find(source.until));
  auto part = source.claim ? claim_of(value, *source.claim) : std::optional<std::string>(value);
  return part && !part->empty() ? std::move(part) : std::nullopt;
}

// What `source` names in a request; nothing for what is not of one.
std::optional<std::string_view> in_request(const provider::AccountSource& source, wire::Fields fields,
                                           std::string_view target) {
  using From = provider::AccountSource::From;
  switch (source.from) {
    case From::kField:
      return wire::find(fields, source.name);
    case From::kQuery:
      return query_value(target, source.name);
    case From::kPath:
      return target.substr(0, target.find('?'));
    case From::kResponse:
    case From::kUser:
      break;
  }
  return std::nullopt;
}

}  // namespace

Account::Account(const provider::AccountRules& rules, wire::Fields request, std::string_view target)
    : rules_(rules), rank_(rules.identity.size()) {
  for (const provider::AccountSource& source : rules.credential) {
    const auto value = in_request(source, request, target);
    auto part = value ? part_of(*value, source) : std::nullopt;
    if (!part || !part->starts_with(source.of)) continue;
    credential_ = std::move(*part);
    break;
  }
  for (std::size_t i = 0; i < rank_; ++i) {
    auto found = identity(rules.identity[i], in_request(rules.identity[i], request, target));
    if (!found) continue;
    identity_ = std::move(*found);
    rank_ = i;
  }
}

void Account::response(wire::Fields fields) {
  for (std::size_t i = 0; i < rank_; ++i) {
    const provider::AccountSource& source = rules_.identity[i];
    if (source.from != provider::AccountSource::From::kResponse) continue;
    auto found = identity(source, wire::find(fields, source.name));
    if (!found) continue;
    identity_ = std::move(*found);
    rank_ = i;
  }
}

std::string Account::find(std::string_view user) const {
  for (std::size_t i = 0; i < rank_; ++i) {
    const provider::AccountSource& source = rules_.identity[i];
    if (source.from != provider::AccountSource::From::kUser) continue;
    if (auto found = identity(source, user)) return std::move(*found);
  }
  return identity_.empty() ? credential_ : identity_;
}

std::optional<std::string> Account::identity(const provider::AccountSource& source,
                                             std::optional<std::string_view> value) const {
  if (!value || !credential_.starts_with(source.of)) return std::nullopt;
  return part_of(*value, source);
}

}  // namespace tokometer::quota
