// Reads spec files: merges, checks and compiles them.
//
// Files say what docs/provider-spec.md says. A user's file with the name of a
// built-in spec is laid over it, one with a new name adds a provider; then
// `extends` is followed, and only then is anything compiled. So the order of
// files does not matter, and a mistake is reported where it stands.
//
// Not here: where files come from and which spec a request belongs to (registry.h).
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "provider/spec.h"

namespace tokometer::provider {

struct SpecText {
  std::string_view file;  // what messages call it
  std::string_view content;
};

struct LoadedSpecs {
  std::vector<std::unique_ptr<const Spec>> specs;  // enabled ones, by name; none if there are mistakes
  std::shared_ptr<const Format> generic;  // "generic/any", also where its spec is switched off; null if there is none
  std::vector<std::string> mistakes;      // "FILE:LINE: what is wrong"
};

LoadedSpecs load_specs(std::span<const SpecText> builtin, std::span<const SpecText> user);

}  // namespace tokometer::provider
