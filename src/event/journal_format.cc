#include "event/journal_format.h"

#include <array>

#include "base/check.h"
#include "event/crc32c.h"

namespace tokometer::event {
namespace {

using namespace std::string_view_literals;

constexpr std::string_view kMagic = "TOKJRNL\n";
constexpr std::uint32_t kVersion = 1;
// Not text, not UTF-8, and not likely in a varint: bytes of a payload seldom look like it.
constexpr std::string_view kMarker = "\xf7TK\xff"sv;

void put(std::string& to, std::size_t at, std::uint64_t value, std::size_t bytes) {
  for (std::size_t i = 0; i < bytes; ++i) to[at + i] = static_cast<char>(value >> (8 * i));
}

std::uint64_t take(std::string_view from, std::size_t at, std::size_t bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < bytes; ++i) {
    value |= static_cast<std::uint64_t>(static_cast<unsigned char>(from[at + i])) << (8 * i);
  }
  return value;
}

// Over the length, too: a damaged one must not send the reader astray.
std::uint32_t record_checksum(std::string_view record) {
  const std::uint32_t length = crc32c(record.substr(4, 4));
  return crc32c(record.substr(kRecordHeaderBytes), length);
}

}  // namespace

std::string segment_header(std::uint64_t number) {
  std::string header(kSegmentHeaderBytes, '\0');
  header.replace(0, kMagic.size(), kMagic);
  put(header, 8, kVersion, 4);
  put(header, 16, number, 8);
  put(header, 28, crc32c(std::string_view(header).substr(0, 28)), 4);
  return header;
}

Result<std::uint64_t> parse_segment_header(std::string_view bytes) {
  if (bytes.size() < kSegmentHeaderBytes) return fail(ErrorCode::kCorrupt, "segment header is cut off");
  if (!bytes.starts_with(kMagic)) return fail(ErrorCode::kCorrupt, "not a journal segment");
  // Before the checksum, whose place a newer version may have moved.
  const std::uint64_t version = take(bytes, 8, 4);
  if (version > kVersion) {
    return fail(ErrorCode::kUnsupported, "segment has format version " + std::to_string(version) +
                                             ", this program reads up to " + std::to_string(kVersion));
  }
  if (crc32c(bytes.substr(0, 28)) != take(bytes, 28, 4)) {
    return fail(ErrorCode::kCorrupt, "segment header is damaged");
  }
  return take(bytes, 16, 8);
}

void seal_record(std::string& record) {
  TOKOMETER_CHECK(record.size() >= kRecordHeaderBytes);
  record.replace(0, kMarker.size(), kMarker);
  put(record, 4, record.size() - kRecordHeaderBytes, 4);
  put(record, 8, record_checksum(record), 4);
}

Scan scan_record(std::string_view bytes) {
  if (!kMarker.starts_with(bytes.substr(0, kMarker.size()))) return {.kind = Scan::Kind::kDamaged};
  if (bytes.size() < kRecordHeaderBytes) return {.kind = Scan::Kind::kNeedMore, .size = kRecordHeaderBytes};
  const std::uint64_t length = take(bytes, 4, 4);
  if (length > kMaxRecordBytes) return {.kind = Scan::Kind::kDamaged};
  const std::size_t size = kRecordHeaderBytes + length;
  if (bytes.size() < size) return {.kind = Scan::Kind::kNeedMore, .size = size};
  const std::string_view record = bytes.substr(0, size);
  if (record_checksum(record) != take(bytes, 8, 4)) return {.kind = Scan::Kind::kDamaged};
  return {.kind = Scan::Kind::kRecord, .payload = record.substr(kRecordHeaderBytes), .size = size};
}

std::size_t find_marker(std::string_view bytes) {
  const std::size_t found = bytes.find(kMarker, 1);
  if (found != std::string_view::npos) return found;
  for (std::size_t cut = kMarker.size() - 1; cut > 0; --cut) {
    if (bytes.size() > cut && kMarker.starts_with(bytes.substr(bytes.size() - cut))) return bytes.size() - cut;
  }
  return bytes.size();
}

}  // namespace tokometer::event
