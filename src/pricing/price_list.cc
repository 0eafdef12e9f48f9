#include "pricing/price_list.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "pricing/list_builder.h"

namespace tokometer::pricing {
namespace {

using json::Member;
using json::Mistakes;
using json::Node;
using Format = ListKind::Format;

constexpr std::array<std::pair<std::string_view, Format>, 3> kListFormats{
    {{"genai-prices", Format::kGenaiPrices}, {"litellm", Format::kLitellm}, {"models.dev", Format::kModelsDev}}};

ListProvider read_list_provider(const Member& from, Mistakes& mistakes) {
  ListProvider provider;
  provider.from = from.name;
  if (from.value.is_string()) {
    provider.to = mistakes.text(from);
    return provider;
  }
  if (!mistakes.object(from)) return provider;
  if (!from.value["provider"]) mistakes.missing(from.value, "provider");
  for (const Member member : from.value.members()) {
    if (member.name == "provider") {
      provider.to = mistakes.text(member);
    } else if (member.name == "strip") {
      provider.strip = mistakes.texts(member);
    } else if (member.name == "skip") {
      provider.skip = mistakes.texts(member);
    } else if (member.name == "suffix") {
      provider.suffix = mistakes.text(member);
    } else {
      mistakes.unknown(member);
    }
  }
  return provider;
}

ListKind read_list_kind(Node root, Mistakes& mistakes) {
  ListKind kind;
  for (const std::string_view key : {"name", "title", "url", "format", "providers"}) {
    if (!root[key]) mistakes.missing(root, key);
  }
  for (const Member member : root.members()) {
    if (member.name == "name") {
      kind.name = mistakes.text(member);
    } else if (member.name == "title") {
      kind.title = mistakes.text(member);
    } else if (member.name == "url") {
      kind.url = mistakes.text(member);
    } else if (member.name == "format") {
      const auto* const format = std::ranges::find(kListFormats, member.value.string().value_or(""),
                                                   &std::pair<std::string_view, Format>::first);
      if (format == kListFormats.end()) {
        mistakes.add(member.value.location(), "\"format\" must be genai-prices, litellm or models.dev");
      } else {
        kind.format = format->second;
      }
    } else if (member.name == "providers") {
      if (!mistakes.object(member)) continue;
      for (const Member from : member.value.members()) kind.providers.push_back(read_list_provider(from, mistakes));
    } else {
      mistakes.unknown(member);
    }
  }
  return kind;
}

// Told by what stands at the top; a list with nothing in it is of none.
std::optional<Format> format_of(Node root) {
  if (root.is_array() && root[0]["models"].is_array()) return Format::kGenaiPrices;
  if (!root.is_object()) return std::nullopt;
  for (const Member member : root.members()) {
    if (member.value["litellm_provider"]) return Format::kLitellm;
    if (member.value["models"].is_object()) return Format::kModelsDev;
  }
  return std::nullopt;
}

}  // namespace

Result<std::vector<ListKind>> read_list_kinds(std::span<const embedded::File> files) {
  std::vector<ListKind> kinds;
  for (const embedded::File& file : files) {
    Mistakes mistakes(fmt::format("price_lists/{}", file.name));
    const auto document = mistakes.parse(file.content);
    if (document) kinds.push_back(read_list_kind(document->root(), mistakes));
    if (!mistakes.empty()) return fail(mistakes.first());
  }
  return kinds;
}

std::optional<PriceList> read_price_list(std::string_view content, std::span<const ListKind> kinds, Mistakes& mistakes,
                                         const ListLimits& limits) {
  if (content.size() > limits.max_bytes) {
    mistakes.add({}, fmt::format("longer than {} bytes, which no list of prices is", limits.max_bytes));
    return std::nullopt;
  }
  auto document = json::Document::parse(std::string(content));
  if (!document) {
    const std::string_view message = document.error().message;  // "LINE:COLUMN: what"
    mistakes.add(json::location(content, content.size()), fmt::format("no JSON: {}", message));
    return std::nullopt;
  }
  const Node root = document->root();
  const auto format = format_of(root);
  const auto kind = std::ranges::find_if(kinds, [&](const ListKind& one) { return one.format == format; });
  if (!format || kind == kinds.end()) {
    mistakes.add(root.location(), "no list of prices that is known: genai-prices v2, LiteLLM and models.dev are");
    return std::nullopt;
  }
  ListBuilder builder(*kind, mistakes, limits);
  switch (*format) {
    case Format::kGenaiPrices:
      read_genai_prices(root, builder);
      break;
    case Format::kLitellm:
      read_litellm(root, builder);
      break;
    case Format::kModelsDev:
      read_models_dev(root, builder);
      break;
  }
  if (!mistakes.empty()) return std::nullopt;
  return builder.take();
}

}  // namespace tokometer::pricing
