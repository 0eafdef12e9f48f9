// Reads a journal's records in order, from a cursor on and across segments,
// while another thread or process may be appending.
//
//   JournalReader reader(folder, cursor);
//   while (auto record = reader.next()) use(*record, reader.position());
//   // later: next() again finds what was appended since
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

  // The payload of the next record, or nothing for now. The view lives until
  // the next call.
  std::optional<std::string_view> next();

  // Just behind the last record that next() returned.
  Position position() const { return position_; }

  // Bytes that were damaged, and segments that were deleted before they were read through.
  std::uint64_t skipped_bytes() const { return skipped_bytes_; }
  std::uint64_t missing_segments() const { return missing_segments_; }

 private:
  bool open_segment(std::uint64_t number, std::uint64_t offset);
  void close_segment();
  bool fill(std::size_t wanted);
  std::optional<std::string_view> next_in_segment();
  std::optional<std::uint64_t> segment_after(std::uint64_t number) const;
  std::string_view unread() const { return std::string_view(buffer_).substr(used_); }

  std::filesystem::path folder_;
  Position position_;
  int fd_ = -1;
  std::uint64_t open_number_ = 0;
  std::string buffer_;  // bytes of the segment from buffer_offset_ on
  std::uint64_t buffer_offset_ = 0;
  std::size_t used_ = 0;  // of buffer_: behind the last record
  bool final_ = false;    // a later segment exists: nothing is appended here any more
  std::uint64_t skipped_bytes_ = 0;
  std::uint64_t missing_segments_ = 0;
};

}  // namespace tokometer::event
