// Any bytes as a segment: scanning ends, makes progress, and finds the same
// records behind damage as a reader that tries every byte.
#include <cstdint>
#include <string_view>
#include <tuple>
#include <vector>

#include "base/check.h"
#include "event/journal_format.h"

namespace {

using tokometer::event::Scan;

std::vector<std::string_view> records(std::string_view bytes, bool by_marker) {
  std::vector<std::string_view> found;
  while (!bytes.empty()) {
    const Scan scan = tokometer::event::scan_record(bytes);
    if (scan.kind == Scan::Kind::kRecord) {
      TOKOMETER_CHECK(scan.size <= bytes.size() && scan.size > scan.payload.size());
      found.push_back(scan.payload);
      bytes.remove_prefix(scan.size);
      continue;
    }
    const std::size_t skip = by_marker ? tokometer::event::find_marker(bytes) : 1;
    TOKOMETER_CHECK(skip >= 1 && skip <= bytes.size());
    bytes.remove_prefix(skip);
  }
  return found;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  std::ignore = tokometer::event::parse_segment_header(bytes);
  TOKOMETER_CHECK(records(bytes, true) == records(bytes, false));
  return 0;
}
