// A start-up file with any content gets its block and loses it again, and is then what it was; a state of any content
// is read without harm.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "app/rc_file.h"
#include "app/shell_hook.h"
#include "base/check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tokometer::app;
  const std::string_view content(reinterpret_cast<const char*>(data), size);
  const auto without = without_block(content);
  if (without) {
    TOKOMETER_CHECK(!has_block(*without));
    const auto with = with_block(*without, "x\n");
    TOKOMETER_CHECK(with && has_block(*with));
    TOKOMETER_CHECK(with_block(*with, "x\n").value_or("") == *with);
    TOKOMETER_CHECK(without_block(*with).value_or("failed") == *without);
  }
  const Changes state = decode_state(content);
  TOKOMETER_CHECK(decode_state(encode_state(state)) == state);
  static_cast<void>(apply_text(Shell::kFish, state));
  return 0;
}
