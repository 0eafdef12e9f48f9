// Whole input and byte by byte must give the same answer, and leave the same of it.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "wire/http1_connect.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using tokometer::wire::http1::ConnectAnswer;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  ConnectAnswer whole;
  std::string_view left = bytes;
  const ConnectAnswer::State state = whole.read(left);

  ConnectAnswer by_bytes;
  auto cut_state = ConnectAnswer::State::kMore;
  std::size_t taken = 0;
  while (taken < bytes.size() && cut_state == ConnectAnswer::State::kMore) {
    std::string_view byte = bytes.substr(taken++, 1);
    cut_state = by_bytes.read(byte);
  }
  TOKOMETER_CHECK(cut_state == state && by_bytes.status() == whole.status());
  if (state == ConnectAnswer::State::kStands) TOKOMETER_CHECK(taken + left.size() == bytes.size());
  return 0;
}
