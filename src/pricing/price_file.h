// One price file: data/prices/*.json, or the user's own, as values.
//
// The format is told in docs/prices.md and data/schema/prices.schema.json.
// Reading is strict: an unknown key, a price that is not exact, a name that two
// models claim is a mistake, and a file with one is not used.
//
// Not here: how files are put together and searched (catalog.h), doubts about
// figures that are well formed (catalog_check.h).
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "json/mistakes.h"
#include "pricing/price_entry.h"

namespace tokometer::pricing {

struct PriceFile {
  std::string provider;
  std::vector<std::string> also;           // other names of the provider
  std::vector<std::string> falls_back_to;  // providers whose prices hold for models that are not here
  std::vector<std::string> strip;          // what may stand before a model's name: "models/", "arn:*/"
  std::vector<std::string> regions;        // hosts in which the region stands at the '*': "runtime.*.example.com"
  std::vector<std::pair<std::string, std::string>> sources;  // short names, and what they stand for
  std::vector<Model> models;
};

// Reads `content`; what is wrong is added to `mistakes`, and the result is then
// good for nothing but more checks. `origin` marks the entries.
PriceFile read_price_file(std::string_view content, Origin origin, json::Mistakes& mistakes);

}  // namespace tokometer::pricing
