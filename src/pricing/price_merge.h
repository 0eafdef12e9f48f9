// What several lists of prices say together.
//
// Each figure of a model is compared. Where all lists that state it agree, that
// is it; where they do not, what two of them say is taken, else what the newest
// says, and the entry is marked as disputed with what each has. A list of before
// the day from which another says a price holds has no vote on it. A release that
// costs what the model costs ("-20250929") is not kept apart. Earlier prices and
// prices by the hour come from the list that alone knows them.
//
// Not here: the lists themselves (price_list.h), what of it is new (price_changes.h).
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "pricing/price_list.h"

namespace tokometer::pricing {

struct DatedList {
  const PriceList* list = nullptr;
  std::string date;  // of its figures: "2026-08-21"

  // "BerriAI/litellm, model_prices_and_context_window.json, 2026-08-01"
  std::string source() const;
};

struct MergedPrices {
  PriceFile file;
  // Of its models: those that so many lists have, without a dispute.
  std::size_t agreed_by_three = 0;
  std::size_t agreed_by_two = 0;
  std::size_t of_one_list = 0;
  std::size_t disputed = 0;
};

// One for each provider that a list has, by name; its models by id.
std::vector<MergedPrices> merge_price_lists(std::span<const DatedList> lists);

}  // namespace tokometer::pricing
