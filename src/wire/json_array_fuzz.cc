// Whole and byte by byte must give the same elements and the same fault, with a limit small enough to be reached.

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/check.h"
#include "wire/every_cut.h"
#include "wire/json_array.h"

namespace {

using tokometer::wire::Chunks;
namespace json_array = tokometer::wire::json_array;

std::string decode(const Chunks& chunks) {
  std::string transcript;
  json_array::Decoder decoder({.max_element_bytes = 32});
  chunks.for_each([&](std::string_view chunk) {
    const auto fed = decoder.feed(chunk, [&](const json_array::Element& element) {
      transcript.append(element.text).append(element.truncated ? "!\n" : "\n");
    });
    TOKOMETER_CHECK(fed || !decoder.finish());
  });
  if (const auto ended = decoder.finish(); !ended) transcript += ended.error().message;
  return transcript;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::string whole = decode(Chunks::whole(input));
  TOKOMETER_CHECK(decode(Chunks::bytes(input)) == whole);
  TOKOMETER_CHECK(decode(Chunks(input, {size / 2})) == whole);
  return 0;
}
