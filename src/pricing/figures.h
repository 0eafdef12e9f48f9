// The figures of an entry one by one, by what they are for: what entries are
// compared by and put together from.
//
//   figures_of(entry)  {"batch input": 2.5, "input": 5, "input >200000": 10, "tool web_search": 10, …}
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "pricing/price_entry.h"

namespace tokometer::pricing {

// The figure of a fee that every request costs.
inline constexpr std::string_view kRequestFigure = "request";

// By name; prices of tools and requests times a thousand, as they are written.
using Figures = std::map<std::string, Price, std::less<>>;

Figures figures_of(const Entry& entry);

// Gives `entry` the figure called `name`, one of figures_of().
void set_figure(Entry& entry, std::string_view name, Price price);

// The price as people know it: per thousand for tools and requests, else per million tokens.
std::string figure_text(std::string_view name, Price price);

}  // namespace tokometer::pricing
