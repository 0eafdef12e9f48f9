// Makes provider specs of other programs' lists of providers.
//
//   auto import = import_specs(text, registry);
//   for (const auto& spec : import->specs) write(spec.name + ".json", spec.json);
//
// Read are, told apart by what they hold:
//
// - Tokentap's providers.json: hosts, request and response paths, streams.
// - LiteLLM's providers.json: providers by name, each with a "base_url".
// - LiteLLM's configuration as JSON, for its "model_list": one spec for each "api_base".
// - LiteLLM's list of models and prices: it names providers but says of none where it is, so that nothing can be made
//   of those that are not built in; each is named.
//
// A provider whose host some spec names is left out: that spec reads more than the list says.
//
// Not here: writing files (cli/providers_import.cc), prices (pricing/).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "provider/registry.h"

namespace tokometer::app {

struct ImportedSpec {
  std::string name;
  std::string json;
  std::vector<std::string> notes;  // what the list does not say, or says in vain
  std::size_t line = 1;            // of the list, where it says what this was made of
  std::string said = {};           // that, as it stands there

  // The line of the list that `mistake`, found in what was made of it, is about: where what it quotes stands, else
  // where the provider begins.
  std::size_t line_of(std::string_view mistake) const;
};

struct SpecImport {
  std::string kind;  // "Tokentap's providers.json"
  std::vector<ImportedSpec> specs;
  std::vector<std::string> left_out;  // "openai: built in"
};

// Fails with kInvalid where `text` is no JSON, or none of these lists.
Result<SpecImport> import_specs(std::string_view text, const provider::Registry& registry);

}  // namespace tokometer::app
