// The page /-/, for people: what the proxy has counted since its start, the quotas last seen, and what is wrong.
//
// Made anew for each who asks, from figures in memory (data/pages/overview.html, html_template.h): it has at most
// `OverviewLimits` rows. Names of models and clients come from the wire.
//
// Not here: who may see it (internal_pages.h), and what the store has, which is `tokometer report`'s.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "app/page_sources.h"

namespace tokometer::app {

inline constexpr std::string_view kOverviewTemplate = "overview.html";

struct OverviewLimits {
  std::size_t models = 50;  // those that used most tokens
  std::size_t quotas = 20;  // the fullest
  std::size_t distrustful = 20;
};

std::string overview_page(const PageSources& sources, const OverviewLimits& limits = {});

}  // namespace tokometer::app
