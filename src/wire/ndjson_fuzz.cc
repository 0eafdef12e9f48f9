// Whole and byte by byte must give the same lines, with a limit small enough to be reached.

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/check.h"
#include "wire/every_cut.h"
#include "wire/ndjson.h"

namespace {

using tokometer::wire::Chunks;
namespace ndjson = tokometer::wire::ndjson;

std::string decode(const Chunks& chunks) {
  std::string transcript;
  const auto add = [&](const ndjson::Line& line) {
    transcript.append(line.text).append(line.truncated ? "!\n" : "\n");
  };
  ndjson::Decoder decoder({.max_line_bytes = 32});
  chunks.for_each([&](std::string_view chunk) { decoder.feed(chunk, add); });
  if (const auto last = decoder.finish()) add(*last);
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
