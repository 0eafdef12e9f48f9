// Fuzzes the readers of price lists: any text is a list or a mistake, and what
// is read can be merged, written and read back.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "embedded/embedded.h"
#include "pricing/price_file_text.h"
#include "pricing/price_list.h"
#include "pricing/price_merge.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tokometer;
  static const auto kinds = pricing::read_list_kinds(embedded::price_lists());
  json::Mistakes mistakes("list.json");
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto list = pricing::read_price_list(text, *kinds, mistakes);
  TOKOMETER_CHECK(list.has_value() == mistakes.empty());
  if (!list) return 0;
  const pricing::DatedList dated{&*list, "2026-01-01"};
  for (const pricing::MergedPrices& merged : pricing::merge_price_lists(std::span(&dated, 1))) {
    const std::string written = pricing::price_file_text(merged.file);
    json::Mistakes again("again.json");
    const auto file = pricing::read_price_file(written, pricing::Origin::kImported, again);
    TOKOMETER_CHECK(again.empty());
    TOKOMETER_CHECK(pricing::price_file_text(file) == written);
  }
  return 0;
}
