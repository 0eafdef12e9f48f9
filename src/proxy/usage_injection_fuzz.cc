// Fuzzes what `stream_usage: inject` does to texts. The input is a request, and
// a stream: a request that was changed must ask for its usage if it is JSON at
// all, and how a stream is cut must not change what is left of it, nor may more
// come out than went in.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "json/document.h"
#include "proxy/usage_request.h"
#include "proxy/usage_strip.h"

namespace {

using tokometer::json::Document;
using tokometer::proxy::UsageStrip;

std::string stripped(std::string_view stream, std::size_t piece) {
  UsageStrip strip;
  std::string out;
  for (std::size_t at = 0; at < stream.size(); at += piece) strip.feed(stream.substr(at, piece), out);
  strip.finish(out);
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto changed = tokometer::proxy::with_usage_asked(text)) {
    TOKOMETER_CHECK(changed->size() > text.size());
    const auto document = Document::parse(*changed);
    if (document) TOKOMETER_CHECK(document->root()["stream_options"]["include_usage"].boolean() == true);
    TOKOMETER_CHECK(!tokometer::proxy::with_usage_asked(*changed));
  }
  const std::string whole = stripped(text, size + 1);
  TOKOMETER_CHECK(whole.size() <= text.size());
  TOKOMETER_CHECK(whole == stripped(text, 1));
  TOKOMETER_CHECK(whole == stripped(text, 7));
  return 0;
}
