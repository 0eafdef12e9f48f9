// Fuzzes the reading of quotas and credentials from fields: whatever a peer sends gives
// sound snapshots, or none.
//
// The first byte names a built-in spec; then lines "name: value", as of a response head.

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "embedded/embedded.h"
#include "provider/registry.h"
#include "quota/account.h"
#include "quota/reader.h"

namespace {

using tokometer::quota::Snapshot;

void check(const Snapshot& snapshot, const tokometer::quota::Limits& limits) {
  for (const auto& amount : {snapshot.limit, snapshot.remaining, snapshot.used_fraction}) {
    TOKOMETER_CHECK(!amount || (std::isfinite(*amount) && *amount >= 0));
  }
  TOKOMETER_CHECK(snapshot.name.size() <= 2 * limits.name_bytes);
  TOKOMETER_CHECK(snapshot.status.size() <= limits.text_bytes && snapshot.label.size() <= limits.text_bytes);
  TOKOMETER_CHECK(snapshot.limit || snapshot.remaining || snapshot.used_fraction || !snapshot.status.empty());
  static_cast<void>(tokometer::quota::window_end(snapshot));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto registry = tokometer::provider::Registry::load(tokometer::embedded::providers(), "");
  TOKOMETER_CHECK(registry.has_value());
  if (size == 0) return 0;
  const auto& specs = (*registry)->specs();
  const auto& spec = *specs[data[0] % specs.size()];
  std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  std::vector<tokometer::wire::Field> fields;
  while (!text.empty() && fields.size() < 200) {
    const auto end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    const auto colon = line.find(": ");
    fields.push_back(
        {line.substr(0, colon), colon == std::string_view::npos ? std::string_view() : line.substr(colon + 2)});
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
  const tokometer::quota::Limits limits;
  const auto now = *tokometer::parse_rfc3339("2026-04-01T12:00:00Z");
  for (const int status : {200, 429}) {
    const auto reading = tokometer::quota::read(spec, status, fields, now, limits);
    TOKOMETER_CHECK(reading.snapshots.size() <= limits.snapshots);
    TOKOMETER_CHECK(reading.per_model.size() == reading.snapshots.size());
    for (const Snapshot& snapshot : reading.snapshots) check(snapshot, limits);
  }
  for (const auto& field : fields) {
    tokometer::quota::Account account(spec.account, fields, field.value);
    account.response(fields);
    TOKOMETER_CHECK(account.credential().empty() || !account.find(field.value).empty());
  }
  return 0;
}
