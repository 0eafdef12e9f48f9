// The prices in force, and what an exchange cost by them.
//
//   const auto catalog = Catalog::load(embedded::prices(), config_folder / "prices");
//   if (const auto cost = (*catalog)->cost("anthropic", "claude-opus-4-8", started_at, usage)) …
//
// A model is found by its whole name, ignoring case: its id or an alias, the
// same with a release date behind it ("-20250929", "-2025-09-29", "@20250929",
// "-latest"), or else by the longest declared prefix that ends at a '-', '@' or
// ':'. Never by a part of a name: "gpt-4" says nothing of "gpt-4o".
//
// A Catalog is immutable once loaded and may be shared between threads; a
// reload makes a new one.
//
// Not here: the files' format (price_file.h, docs/prices.md), arithmetic
// (cost.h), faults and doubts about the figures (catalog_check.h).
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

class Catalog {
 public:
  // Reads `builtin`, and over it every *.json of `user_folder` (which may be
  // missing or empty), in the order of their names. Entries of the user's go
  // before ours where both hold. Fails on the first fault: "FILE:LINE: what".
  static Result<std::shared_ptr<const Catalog>> load(std::span<const embedded::File> builtin,
                                                     const std::filesystem::path& user_folder);
  ~Catalog();

  // The model that `provider` calls `model`; null if it is not known. Lives as long as the catalog.
  const Model* find(std::string_view provider, std::string_view model) const;
  // The entry of that model that holds at `time`.
  const Entry* find(std::string_view provider, std::string_view model, UtcTime time) const;

  // What `usage` cost; nothing where that is unknown, which is never 0. The
  // views in the result live as long as the catalog and `usage`.
  std::optional<Cost> cost(std::string_view provider, std::string_view model, UtcTime time,
                           const meter::Usage& usage) const;

  // All models, by provider and id.
  std::vector<const Model*> models() const;

 private:
  struct Impl;
  explicit Catalog(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace tokometer::pricing
