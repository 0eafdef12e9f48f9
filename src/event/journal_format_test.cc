#include "event/journal_format.h"

#include <gtest/gtest.h>

namespace tokometer::event {
namespace {

std::string record(std::string_view payload) {
  std::string bytes = std::string(kRecordHeaderBytes, '\0') + std::string(payload);
  seal_record(bytes);
  return bytes;
}

TEST(JournalFormat, HeaderSaysTheSegment) {
  const std::string header = segment_header(1'763'845'950'123);
  ASSERT_EQ(header.size(), kSegmentHeaderBytes);
  EXPECT_EQ(parse_segment_header(header), 1'763'845'950'123U);
}

TEST(JournalFormat, RefusesEveryDamagedHeader) {
  const std::string header = segment_header(7);
  for (std::size_t i = 0; i < header.size(); ++i) {
    std::string damaged = header;
    damaged[i] = static_cast<char>(damaged[i] ^ 0x01);
    EXPECT_FALSE(parse_segment_header(damaged)) << i;
    EXPECT_FALSE(parse_segment_header(header.substr(0, i))) << i;
  }
  std::string newer = header;
  newer[8] = 2;
  EXPECT_EQ(parse_segment_header(newer).error().code, ErrorCode::kUnsupported);
}

TEST(JournalFormat, RecordsComeBack) {
  const std::string bytes = record("hello") + record("");
  const Scan first = scan_record(bytes);
  ASSERT_EQ(first.kind, Scan::Kind::kRecord);
  EXPECT_EQ(first.payload, "hello");
  const Scan second = scan_record(std::string_view(bytes).substr(first.size));
  ASSERT_EQ(second.kind, Scan::Kind::kRecord);
  EXPECT_EQ(second.payload, "");
  EXPECT_EQ(first.size + second.size, bytes.size());
}

TEST(JournalFormat, AsksForMoreAtEveryCut) {
  const std::string bytes = record("hello");
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const Scan scan = scan_record(bytes.substr(0, size));
    EXPECT_EQ(scan.kind, Scan::Kind::kNeedMore) << size;
    EXPECT_GT(scan.size, size);
  }
}

TEST(JournalFormat, NoticesEveryFlippedBit) {
  const std::string bytes = record("hello") + std::string(300, 'x');
  for (std::size_t i = 0; i < kRecordHeaderBytes + 5; ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string damaged = bytes;
      damaged[i] = static_cast<char>(damaged[i] ^ (1 << bit));
      EXPECT_NE(scan_record(damaged).kind, Scan::Kind::kRecord) << i << '.' << bit;
    }
  }
}

TEST(JournalFormat, FindsTheNextMarker) {
  const std::string bytes = "xxx" + record("a");
  EXPECT_EQ(find_marker(bytes), 3U);
  EXPECT_EQ(find_marker(record("a") + record("b")), record("a").size()) << "never the one at the front";
  EXPECT_EQ(find_marker("xxxx"), 4U);
  EXPECT_EQ(find_marker(bytes.substr(0, 5)), 3U) << "a marker cut off at the end";
  EXPECT_EQ(find_marker(""), 0U);
}

}  // namespace
}  // namespace tokometer::event
