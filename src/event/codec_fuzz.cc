// Any bytes: decode() refuses them or finds an event whose binary and JSON forms both come back unchanged.
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "event/codec.h"
#include "event/event_json.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tokometer;
  const auto decoded = event::decode({reinterpret_cast<const char*>(data), size});
  if (!decoded) return 0;
  std::string once;
  event::encode(*decoded, once);
  const auto again = event::decode(once);
  TOKOMETER_CHECK(again.has_value());
  std::string twice;
  event::encode(*again, twice);
  TOKOMETER_CHECK(once == twice);
  TOKOMETER_CHECK(!event::to_json(*again).empty());
  return 0;
}
