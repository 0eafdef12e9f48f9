// The bytes of a journal segment: its header and the framing of its records.
//
// Byte strings in, byte strings out; docs/journal-format.md is the contract.
// A segment is a header of 32 bytes and then records: a marker, the length, a
// CRC-32C over length and payload, the payload. The marker lets a reader find
// the next record behind damaged bytes.
//
// Not here: files (journal.h, journal_reader.h) and what a payload says (codec.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"

namespace tokometer::event {

inline constexpr std::size_t kSegmentHeaderBytes = 32;
inline constexpr std::size_t kRecordHeaderBytes = 12;
// The largest payload: a length above it is damage.
inline constexpr std::size_t kMaxRecordBytes = std::size_t{4} << 20;

// The header of segment `number`.
std::string segment_header(std::uint64_t number);
// Checks a header. kCorrupt where it is damaged or cut, kUnsupported where a
// newer program wrote it.
Result<std::uint64_t> parse_segment_header(std::string_view bytes);

// Fills in the first kRecordHeaderBytes of `record`, which its maker left
// free before the payload.
void seal_record(std::string& record);

struct Scan {
  enum class Kind {
    kRecord,    // `payload` is whole and sound
    kNeedMore,  // the bytes end before the record does
    kDamaged,   // no record starts here
  };
  Kind kind = Kind::kNeedMore;
  std::string_view payload = {};  // of kRecord: a view of the scanned bytes
  std::size_t size = 0;           // kRecord: with its header. kNeedMore: what is needed, at least
};

// What stands at the front of `bytes`.
Scan scan_record(std::string_view bytes);

// The offset, from 1 on, at which the next marker may start; bytes.size() where
// there is none. At most 3 bytes of a marker cut off at the end are not skipped.
std::size_t find_marker(std::string_view bytes);

}  // namespace tokometer::event
