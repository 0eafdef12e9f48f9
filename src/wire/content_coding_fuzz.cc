// The first byte chooses the coding. Whole and byte by byte must both fail, or
// give the same content; and what we encode must decode to itself.

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>

#include "base/check.h"
#include "wire/content_coding.h"
#include "wire/every_cut.h"

namespace {

using tokometer::wire::Chunks;
namespace content_coding = tokometer::wire::content_coding;

// Nothing where decoding fails. How much came before a failure may depend on the cuts.
std::optional<std::string> decode(const Chunks& chunks, std::string_view field_value) {
  auto decoder = content_coding::Decoder::open(
      field_value, {.max_output_bytes = 1U << 20U, .max_ratio = std::numeric_limits<std::uint32_t>::max()});
  TOKOMETER_CHECK(decoder.has_value());
  std::string content;
  chunks.for_each([&](std::string_view chunk) {
    const auto fed = decoder->feed(chunk, [&](std::string_view piece) { content += piece; });
    TOKOMETER_CHECK(fed || !decoder->finish());
  });
  if (!decoder->finish()) return std::nullopt;
  return content;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::array<std::string_view, 5> kFieldValues{"gzip", "deflate", "br", "zstd", "gzip, br"};
  using content_coding::Coding;
  constexpr std::array kCodings{Coding::kGzip, Coding::kDeflate, Coding::kBrotli, Coding::kZstd};
  if (size == 0) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::string_view field_value = kFieldValues[data[0] % kFieldValues.size()];
  const auto whole = decode(Chunks::whole(input), field_value);
  TOKOMETER_CHECK(decode(Chunks::bytes(input), field_value) == whole);

  const Coding coding = kCodings[data[0] % kCodings.size()];
  const std::string coded = content_coding::encode(coding, input);
  TOKOMETER_CHECK(decode(Chunks::whole(coded), content_coding::to_string(coding)) == input);
  return 0;
}
