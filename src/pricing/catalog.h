// The prices in force, and what an exchange cost by them.
//
//   const auto catalog = Catalog::load(BuiltinPrices(), folders_in(config_dir));
//   if (const auto cost = (*catalog)->cost({"anthropic", "claude-opus-4-8", host, started_at}, usage)) …
//
// A model is found by its whole name, ignoring case: its id or an alias, the
// same with a release behind it ("-20250929", "-2025-09-29", "@20250929",
// "-latest", "-v1:0"), or else by the longest declared prefix that ends at a
// '-', '@' or ':'. Never by a part of a name: "gpt-4" says nothing of "gpt-4o".
// What is not found so is looked for without what may stand before it ("us.").
// A price of the user's for a name goes before what others have for its releases.
// Where the call's host names a region, "REGION/NAME" goes before NAME.
//
// A Catalog is immutable once loaded and may be shared between threads; a
// reload makes a new one. What lists say of a provider (the built-in files
// listed/PROVIDER.json, most of all models) is read when the provider is first
// asked for, which takes some milliseconds once and saves their memory where it
// is not: within, every provider is locked until it is whole.
//
// Not here: the files' format (price_file.h, docs/prices.md), arithmetic
// (cost.h), faults and doubts about the figures (catalog_check.h), lists of
// others (price_list.h).
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/time.h"
#include "embedded/embedded.h"
#include "meter/usage.h"
#include "pricing/cost.h"
#include "pricing/price_entry.h"

namespace tokometer::pricing {

// Where price files stand beside those that ship; either may be missing or empty.
struct Folders {
  std::filesystem::path imported = {};  // written by `tokometer prices update`
  std::filesystem::path user = {};      // the user's own
};

// Those of a configuration folder: prices/ is the user's, prices/imported/ is ours to write.
Folders folders_in(const std::filesystem::path& config_dir);

// What of a call decides which price it has.
struct Call {
  std::string_view provider;
  std::string_view model;
  std::string_view host;  // that it went to; empty if unknown
  UtcTime time;
};

class Catalog {
 public:
  // Reads `builtin` (of listed/* those of BuiltinPrices, when they are needed),
  // and over it every *.json of `folders`, in the order of their names. The user's entries go before all others where
  // both hold. Fails on the first fault: "FILE:LINE: what".
  static Result<std::shared_ptr<const Catalog>> load(std::span<const embedded::File> builtin, const Folders& folders);
  ~Catalog();

  // The model that `provider` calls `model`; null if it is not known. Lives as long as the catalog.
  const Model* find(std::string_view provider, std::string_view model, std::string_view host = {}) const {
    return find(provider, model, host, std::nullopt);
  }

  // The price that holds for `call`: the user's for the model's name without its release goes before another's for the
  // very release. Null where none is known; lives as long as the catalog.
  struct Priced {
    const Model* model = nullptr;
    const Entry* entry = nullptr;  // null without a model, and where none of its entries holds
  };
  Priced price(const Call& call) const;

  // What `usage` cost; nothing where that is unknown, which is never 0. The
  // views in the result live as long as the catalog and `usage`.
  std::optional<Cost> cost(const Call& call, const meter::Usage& usage) const;

  // Reads what lists say of `provider` on a thread of its own, if that was not done yet: its first cost() takes some
  // milliseconds otherwise. Cheap once asked.
  void prepare(std::string_view provider) const;

  // All models, by provider and id.
  std::vector<const Model*> models() const;
  // The names by which calls may name a provider that has prices, sorted.
  std::vector<std::string_view> providers() const;

 private:
  struct Impl;
  // Prefers models with a price of the user's at `time`, if one is given.
  const Model* find(std::string_view provider, std::string_view model, std::string_view host,
                    std::optional<UtcTime> time) const;
  explicit Catalog(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace tokometer::pricing
