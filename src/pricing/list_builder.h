// What the readers of price lists have in common: they find models and figures,
// this puts them into price files.
//
// Not here: the lists' formats (list_genai_prices.cc, list_litellm.cc, list_models_dev.cc).
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "json/mistakes.h"
#include "pricing/price_list.h"

namespace tokometer::pricing {

class ListBuilder {
 public:
  ListBuilder(const ListKind& kind, json::Mistakes& mistakes, const ListLimits& limits)
      : kind_(kind), mistakes_(mistakes), limits_(limits) {}

  // Whose the models of the list's provider `from` are; null: nobody's that we know.
  const ListProvider* provider(std::string_view from) const;

  // Adds `model`, whose names are the list's, to the file of `provider`. `node` is where it stands.
  void add(const ListProvider& provider, Model model, json::Node node);

  // The price that `node` states for `units` units. Nothing, and the model is to be left out (failed()), if it is none.
  std::optional<Price> price(std::string_view what, json::Node node, std::int64_t units);
  // Leaves the model out that is being read.
  void refuse(std::string_view what, json::Node node);
  // Whether the model that is being read was refused; forgets that.
  bool take_failure();

  json::Mistakes& mistakes() { return mistakes_; }
  PriceList take();

 private:
  const ListKind& kind_;
  json::Mistakes& mistakes_;
  const ListLimits& limits_;
  std::map<std::string, PriceFile, std::less<>> files_;
  std::map<std::string, std::map<std::string, std::size_t, std::less<>>, std::less<>> ids_;  // of files_, folded
  std::size_t models_ = 0;
  std::string failure_;  // of the model being read
  json::Location failure_at_;
  std::vector<std::string> skipped_;
  std::size_t skipped_count_ = 0;
};

// `number`, a JSON number, without the noise that binary floating point leaves behind: 17 digits that stand for a
// shorter decimal are rounded to 15. Itself where it has no more than those.
std::string without_noise(std::string_view number);

// The readers. `root` has the shape that its format has at the top.
void read_genai_prices(json::Node root, ListBuilder& builder);
void read_litellm(json::Node root, ListBuilder& builder);
void read_models_dev(json::Node root, ListBuilder& builder);

}  // namespace tokometer::pricing
