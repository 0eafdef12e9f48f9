// Whole input and byte by byte must give the same responses.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "wire/http1_split_testing.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tokometer::wire::http1;
  if (size == 0) return 0;
  const bool head_request = (data[0] & 1U) != 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const Limits limits{.start_line_bytes = 64,
                      .head_bytes = 256,
                      .fields = 8,
                      .chunk_extension_bytes = 16,
                      .all_extension_bytes = 32,
                      .trailer_bytes = 32};
  TOKOMETER_CHECK(transcribe_responses(bytes, whole, head_request, limits) ==
                  transcribe_responses(bytes, one_byte, head_request, limits));
  return 0;
}
