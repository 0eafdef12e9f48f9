// Public lists of prices, read as price files of ours.
//
//   const auto known = read_list_kinds(embedded::price_lists());
//   json::Mistakes mistakes("prices.json");
//   const auto list = read_price_list(content, *known, mistakes);
//   if (mistakes.empty()) use(list->files);
//
// Three formats: pydantic/genai-prices (v2: an array of providers), BerriAI's
// LiteLLM (an object of models) and models.dev (an object of providers). Which
// one a text is in is told by its shape. Whose models are which provider's is
// said by data/price_lists/*.json, as are the lists' addresses.
//
// Figures are read from their decimal text. A text of another shape is refused
// with its place; a model whose figures are none (text, negative, beyond what a
// price may be) is left out and named in PriceList::skipped, so that one slip in
// a list of thousands does not keep all others out. What has no price in any
// unit that we know, or costs nothing in all of them (which lists say of what
// they do not know), is left out silently.
//
// No I/O. Not here: what several lists say together (price_merge.h), what of it
// is new (price_changes.h).
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "embedded/embedded.h"
#include "json/mistakes.h"
#include "pricing/price_file.h"

namespace tokometer::pricing {

struct ListLimits {
  std::size_t max_bytes = std::size_t{32} << 20U;  // of a list's text
  std::size_t max_models = 50'000;                 // of one list
  std::size_t max_name_bytes = 256;                // of a model's name; a longer one is left out
  std::size_t max_skipped = 100;                   // notes that are kept; more are only counted
};

// What of a list is whose.
struct ListProvider {
  std::string from;                // as the list calls it: "azure"
  std::string to;                  // as events do: "azure.ai.openai"
  std::vector<std::string> strip;  // what the list puts before names of models: "azure/"
  std::vector<std::string> skip;   // names (without that) that begin so are left out: "eu/"
  std::string suffix;              // what events have behind names: ":groq"
};

struct ListKind {
  enum class Format { kGenaiPrices, kLitellm, kModelsDev };

  std::string name;   // "litellm"
  std::string title;  // "BerriAI/litellm, model_prices_and_context_window.json"
  std::string url;
  Format format = Format::kLitellm;
  std::vector<ListProvider> providers;
};

// Reads data/price_lists/*.json. Fails with the first mistake.
Result<std::vector<ListKind>> read_list_kinds(std::span<const embedded::File> files);

struct PriceList {
  const ListKind* kind = nullptr;
  std::vector<PriceFile> files;      // one a provider, by name
  std::vector<std::string> skipped;  // "FILE:LINE: openai/x: \"input\" is no price"
  std::size_t skipped_count = 0;
};

// Reads a list of one of `kinds`, which must outlive the result. Nothing, and a
// mistake, if the text is none.
std::optional<PriceList> read_price_list(std::string_view content, std::span<const ListKind> kinds,
                                         json::Mistakes& mistakes, const ListLimits& limits = {});

}  // namespace tokometer::pricing
