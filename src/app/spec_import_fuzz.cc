// Fuzzes the reader of other programs' lists of providers: any text is a list, or refused.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "app/spec_import.h"
#include "base/check.h"
#include "embedded/embedded.h"
#include "json/document.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace provider = tokometer::provider;
  static const auto registry = *provider::Registry::load(tokometer::embedded::providers(), std::filesystem::path());
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto import = tokometer::app::import_specs(text, *registry);
  if (!import) return 0;
  for (const auto& spec : import->specs) {
    TOKOMETER_CHECK(!spec.name.empty());
    TOKOMETER_CHECK(tokometer::json::Document::parse(spec.json).has_value());
  }
  return 0;
}
