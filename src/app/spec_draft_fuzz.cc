// Fuzzes the drafting of specs: whatever a HAR entry holds, a draft is a sound spec.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "app/spec_draft.h"
#include "base/check.h"
#include "embedded/embedded.h"
#include "provider/spec_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace provider = tokometer::provider;
  static const auto registry = *provider::Registry::load(tokometer::embedded::providers(), std::filesystem::path());
  tokometer::app::SpecDrafter drafter("acme", registry);
  drafter.add(std::string_view(reinterpret_cast<const char*>(data), size));
  const auto draft = drafter.finish();
  if (!draft) return 0;
  // The formats of other specs that it refers to are not loaded here: that would take the fuzzer's time.
  if (draft->json.find("\"extends\"") != std::string::npos) return 0;
  const provider::SpecText text{"acme.json", draft->json};
  for (const std::string& mistake : provider::load_specs(std::span(&text, 1), {}).mistakes) {
    TOKOMETER_CHECK(mistake.find("there is no format") != std::string::npos);
  }
  return 0;
}
