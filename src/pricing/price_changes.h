// What a list of prices says that the prices in force do not.
//
//   for (const ModelChange& change : price_changes(merged.file, *catalog, now, now)) print(change);
//   const PriceFile file = with_changes(std::move(imported), changes, now, merged.file);
//
// A price that is new holds for ever; one that takes another's place holds from
// a date on, and calls before it keep the price that they had. Tiers that a list
// does not state keep their share of the standard price.
//
// Not here: reading lists (price_list.h), putting them together (price_merge.h).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "pricing/catalog.h"
#include "pricing/price_file.h"

namespace tokometer::pricing {

struct FigureChange {
  std::string what;    // "input", "batch output >200000", "tool web_search", "00:30-16:30 input"
  std::string before;  // empty: there was none
  std::string after;
  std::string disputed;  // "litellm 6, models.dev 3": what each list has, where they disagree
};

struct ModelChange {
  enum class Kind {
    kNew,      // had no price
    kChanged,  // had another
    kGone      // was imported, and the list has it no more
  };

  Kind kind = Kind::kNew;
  std::string provider;
  std::string model;
  std::vector<FigureChange> figures;  // of kGone: none
  Model after;                        // as it is to be written; of kGone: empty
};

// Whether somebody said of which day the figures of `listed` are.
enum class ListDay { kStated, kGuessed };

// What `listed` has at `time` that `catalog` does not have at `from`, when it is to hold from; by model. No change are
// figures that the list does not state, and those of a list from before the price in force, as which one of a guessed
// day counts where a price that ships says since when it holds.
std::vector<ModelChange> price_changes(const PriceFile& listed, const Catalog& catalog, UtcTime time, UtcTime from,
                                       ListDay day = ListDay::kStated);

// `imported` (with the provider's name, else empty if there is none yet) with `changes` from `from` on. `sources` are
// those of the list.
PriceFile with_changes(PriceFile imported, const std::vector<ModelChange>& changes, UtcTime from,
                       const PriceFile& listed);

}  // namespace tokometer::pricing
