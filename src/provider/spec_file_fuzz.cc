// Fuzzes the reader of spec files: any text is a spec or a list of mistakes.
//
// What is before the first NUL is a built-in file, the rest a user's.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "provider/secrets.h"
#include "provider/spec_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using tokometer::provider::SpecText;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto end = text.find('\0');
  const SpecText builtin{"builtin.json", text.substr(0, end)};
  const SpecText user{"user.json", end == std::string_view::npos ? std::string_view{} : text.substr(end + 1)};
  const auto loaded =
      tokometer::provider::load_specs(std::span(&builtin, 1), std::span(&user, user.content.empty() ? 0 : 1));
  TOKOMETER_CHECK(loaded.mistakes.empty() || loaded.specs.empty());
  for (const auto& spec : loaded.specs) {
    TOKOMETER_CHECK(!spec->name.empty());
    static_cast<void>(spec->own_path("/v1/x?y"));
    static_cast<void>(tokometer::provider::redacted_target(spec.get(), "/v1/x?q=1"));
    for (const auto& endpoint : spec->endpoints) {
      for (const auto& path : endpoint.paths) static_cast<void>(path.captures("/v1/models/m:x"));
    }
  }
  return 0;
}
