// CRC-32C (Castagnoli; RFC 3720, appendix B.4), the checksum of journal records.
#pragma once

#include <cstdint>
#include <string_view>

namespace tokometer::event {

// The checksum of `bytes`; pass an earlier result as `before` to go on with what follows it.
std::uint32_t crc32c(std::string_view bytes, std::uint32_t before = 0);

// The same without help from the processor: for tests, and for machines that offer none.
std::uint32_t crc32c_portable(std::string_view bytes, std::uint32_t before = 0);

}  // namespace tokometer::event
