// Whole and byte by byte must give the same messages, of either side, compressed or not. The first byte chooses.

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/check.h"
#include "wire/every_cut.h"
#include "wire/websocket.h"

namespace {

using tokometer::wire::Chunks;
namespace websocket = tokometer::wire::websocket;

std::string decode(std::uint8_t choice, const Chunks& chunks) {
  const tokometer::wire::permessage_deflate::Direction deflate{
      .window_bits = static_cast<std::uint8_t>(8 + (choice >> 4U) % 8), .context_takeover = (choice & 4U) != 0};
  // When the ratio is looked at depends on the cuts: its limit is not reached here.
  const websocket::Limits limits{.max_message_bytes = 64, .deflate = {.ratio_free_bytes = ~std::uint64_t{0}}};
  websocket::Decoder decoder((choice & 1U) != 0 ? websocket::Sender::kClient : websocket::Sender::kServer,
                             (choice & 2U) != 0 ? &deflate : nullptr, limits);
  std::string transcript;
  bool failed = false;
  chunks.for_each([&](std::string_view chunk) {
    const auto fed = decoder.feed(chunk, [&](const websocket::Message& message) {
      transcript += static_cast<char>('0' + static_cast<int>(message.kind));
      transcript.append(message.data).append(message.truncated ? "!\n" : "\n");
      transcript.append(std::to_string(message.wire_bytes)).append(std::to_string(message.close_code()));
    });
    if (!fed && !failed) transcript += fed.error().message;
    failed = !fed;
  });
  if (const auto ended = decoder.finish(); !ended) transcript += ended.error().message;
  return transcript;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::string whole = decode(data[0], Chunks::whole(input));
  TOKOMETER_CHECK(decode(data[0], Chunks::bytes(input)) == whole);
  TOKOMETER_CHECK(decode(data[0], Chunks(input, {input.size() / 2})) == whole);
  return 0;
}
