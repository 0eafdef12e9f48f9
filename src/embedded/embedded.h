// The data files that ship inside the binary: provider specs, prices and the
// lists they come from, clients, tools, tokenizers, units of services, pages.
//
// The sources are the folders of data/, packaging/ and the tables of tokens that
// tools/rank_tables.py brings; the build puts them in as they are, prices packed
// (cmake/embed.cmake). Views live as long as the process.
//
// Not here: what the files mean (provider/, pricing/, client/, tokenizer/) and the user's
// own files, which those modules read from the configuration folder.
#pragma once

#include <span>
#include <string_view>

namespace tokometer::embedded {

struct File {
  std::string_view name;     // "anthropic.json"
  std::string_view content;  // the file's bytes
};

std::span<const File> providers();
std::string_view packed_prices();  // pricing/builtin_prices.h unpacks them
std::span<const File> clients();
std::span<const File> tools();  // what programs need so that their calls come through
std::span<const File> tokenizers();
std::span<const File> rank_tables();    // "o200k_base.ranks"; none in a build without a network
std::span<const File> service_units();  // "tokometer.service.in": what systemd and launchd are told
std::span<const File> trust_stores();   // where systems and browsers keep the certificates they trust
std::span<const File> pages();          // of the proxy for people: templates, and what they load
std::span<const File> price_lists();    // where lists of prices are, and whose models are which provider's

}  // namespace tokometer::embedded
