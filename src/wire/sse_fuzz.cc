// Whole and byte by byte must give the same events, with limits small enough to be reached.

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/check.h"
#include "wire/every_cut.h"
#include "wire/sse.h"

namespace {

using tokometer::wire::Chunks;
namespace sse = tokometer::wire::sse;

std::string decode(const Chunks& chunks) {
  std::string transcript;
  const auto add = [&](const sse::Event& event) {
    for (const auto part : {event.type, event.data, event.id}) transcript.append(part).push_back('|');
    transcript += event.truncated ? "!\n" : "\n";
  };
  sse::Decoder decoder({.max_event_bytes = 64, .max_name_bytes = 16});
  chunks.for_each([&](std::string_view chunk) { decoder.feed(chunk, add); });
  if (const auto pending = decoder.finish()) add(*pending);
  if (decoder.retry()) transcript += std::to_string(decoder.retry()->count());
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
