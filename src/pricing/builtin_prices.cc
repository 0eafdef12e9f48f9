#include "pricing/builtin_prices.h"

#include <string_view>

#include "base/check.h"
#include "wire/content_coding.h"

namespace tokometer::pricing {
namespace {

// Before each file's name, as cmake/embed.cmake writes it.
constexpr char kRecordSeparator = '\x1e';

}  // namespace

BuiltinPrices::BuiltinPrices() {
  auto decoder = wire::content_coding::Decoder::open("zstd");
  TOKOMETER_CHECK(decoder.has_value());
  const auto fed = decoder->feed(embedded::packed_prices(), [&](std::string_view piece) { text_ += piece; });
  TOKOMETER_CHECK(fed.has_value() && decoder->finish().has_value());
  std::string_view rest = text_;
  while (!rest.empty()) {
    rest.remove_prefix(1);
    const auto end = rest.find(kRecordSeparator);
    const std::string_view record = rest.substr(0, end);
    const auto line = record.find('\n');
    files_.push_back({record.substr(0, line), record.substr(line + 1)});
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end);
  }
}

}  // namespace tokometer::pricing
