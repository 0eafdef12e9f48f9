// The data files that ship inside the binary: provider specs, prices, clients.
//
// The sources are data/providers, data/prices and data/clients; the build puts
// them in as they are (cmake/embed.cmake). Views live as long as the process.
//
// Not here: what the files mean (provider/, pricing/, client/) and the user's
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
std::span<const File> prices();
std::span<const File> clients();

}  // namespace tokometer::embedded
