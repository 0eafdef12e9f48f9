// Whole and byte by byte must give the same messages, with a limit small enough to be reached.

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/check.h"
#include "wire/aws_event_stream.h"
#include "wire/every_cut.h"

namespace {

using tokometer::wire::Chunks;
namespace aws_event_stream = tokometer::wire::aws_event_stream;

std::string decode(const Chunks& chunks) {
  std::string transcript;
  aws_event_stream::Decoder decoder({.max_message_bytes = 128});
  chunks.for_each([&](std::string_view chunk) {
    const auto fed = decoder.feed(chunk, [&](const aws_event_stream::Message& message) {
      transcript.append(message.type()).append(message.payload).append(message.truncated ? "!\n" : "\n");
      message.for_each_header([&](const aws_event_stream::Header& header) {
        transcript.append(header.name).append(std::to_string(header.number()));
      });
    });
    if (!fed) transcript += '?';
  });
  // A failure is told again by each later chunk.
  while (transcript.ends_with('?')) transcript.pop_back();
  if (const auto end = decoder.finish(); !end) transcript += end.error().message;
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
