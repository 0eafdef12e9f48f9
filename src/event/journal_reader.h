// Reads a journal's records in order, from a cursor on and across segments,
// while another thread or process may be appending.
//
//   JournalReader reader(folder, cursor);
//   for (;;) {
//     auto record = reader.next();
//     if (!record) return fail(record.error());
//     if (!*record) break;  // nothing more for now: a later call finds what was appended since
//     use(**record, reader.position());
//   }
//
// Damaged bytes are skipped and counted, a torn tail of the last segment is
// "nothing yet". Takes no lock and writes nothing.
//
// Not here: writing (journal.h), the payload's meaning (codec.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "event/journal.h"

namespace tokometer::event {

// The numbers of the segments in `folder`, ascending; empty where there is no such folder.
std::vector<std::uint64_t> list_segments(const std::filesystem::path& folder);
// The file of segment `number`.
std::filesystem::path segment_path(const std::filesystem::path& folder, std::uint64_t number);

class JournalReader {
 public:
  // Starts at `from`; a default Position is the oldest record there is.
  explicit JournalReader(std::filesystem::path folder, Position from = {});
  ~JournalReader();
  JournalReader(const JournalReader&) = delete;
  JournalReader& operator=(const JournalReader&) = delete;

  // The payload of the next record, or nothing for now; the view lives until
  // the next call. kIo where a file cannot be read, kUnsupported where a newer
  // program wrote it; calling again tries again.
  Result<std::optional<std::string_view>> next();

  // Just behind the last record that next() returned.
  Position position() const { return position_; }

  // Bytes that were damaged, and segments that were deleted before they were read through.
  std::uint64_t skipped_bytes() const { return skipped_bytes_; }
  std::uint64_t missing_segments() const { return missing_segments_; }

 private:
  Result<bool> open_segment();
  void close_segment();
  Result<bool> fill(std::size_t wanted);
  Result<bool> check_header();
  Result<bool> next_in_segment();
  Result<bool> skip_damage();
  bool has_later_segment() const;
  void consume(std::size_t bytes);
  std::string_view unread() const { return std::string_view(buffer_).substr(used_); }

  std::filesystem::path folder_;
  Position position_;
  int fd_ = -1;           // of position_.segment; -1: not opened yet
  std::string buffer_;    // what was read of the segment; used_ of it is done with
  std::size_t used_ = 0;  // unread() starts at position_.offset
  bool final_ = false;    // a later segment exists: nothing is appended to this one any more
  std::string_view payload_;
  std::uint64_t skipped_bytes_ = 0;
  std::uint64_t missing_segments_ = 0;
};

}  // namespace tokometer::event
