// Whole input and byte by byte must give the same requests.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "wire/http1_split_testing.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tokometer::wire::http1;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const Limits limits{.start_line_bytes = 64,
                      .head_bytes = 256,
                      .fields = 8,
                      .chunk_extension_bytes = 16,
                      .all_extension_bytes = 32,
                      .trailer_bytes = 32};
  TOKOMETER_CHECK(transcribe_requests(bytes, whole, limits) == transcribe_requests(bytes, one_byte, limits));
  return 0;
}
