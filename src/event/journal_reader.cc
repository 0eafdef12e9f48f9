#include "event/journal_reader.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <system_error>
#include <utility>

#include "event/journal_format.h"

namespace tokometer::event {
namespace {

constexpr std::size_t kReadBytes = std::size_t{256} << 10;
constexpr std::string_view kSuffix = ".journal";

}  // namespace

std::filesystem::path segment_path(const std::filesystem::path& folder, std::uint64_t number) {
  char name[32];
  // As wide as 64 bits get: names sort like their numbers.
  (void)std::snprintf(name, sizeof name, "%020llu", static_cast<unsigned long long>(number));
  return folder / (name + std::string(kSuffix));
}

std::vector<std::uint64_t> list_segments(const std::filesystem::path& folder) {
  std::vector<std::uint64_t> numbers;
  std::error_code error;
  for (std::filesystem::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    const std::string name = at->path().filename().string();
    if (!name.ends_with(kSuffix)) continue;
    const char* const stem_end = name.data() + name.size() - kSuffix.size();
    std::uint64_t number = 0;
    const auto parsed = std::from_chars(name.data(), stem_end, number);
    if (parsed.ec == std::errc() && parsed.ptr == stem_end) numbers.push_back(number);
  }
  std::ranges::sort(numbers);
  return numbers;
}

JournalReader::JournalReader(std::filesystem::path folder, Position from)
    : folder_(std::move(folder)), position_(from) {}

JournalReader::~JournalReader() { close_segment(); }

void JournalReader::close_segment() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
  buffer_.clear();
  used_ = 0;
  final_ = false;
}

void JournalReader::consume(std::size_t bytes) {
  used_ += bytes;
  position_.offset += bytes;
}

bool JournalReader::has_later_segment() const {
  const std::vector<std::uint64_t> numbers = list_segments(folder_);
  return !numbers.empty() && numbers.back() > position_.segment;
}

// Opens the segment at position_, or the first one behind it that is there.
Result<bool> JournalReader::open_segment() {
  const std::vector<std::uint64_t> numbers = list_segments(folder_);
  const auto found = std::ranges::lower_bound(numbers, position_.segment);
  if (found == numbers.end()) return false;
  if (*found != position_.segment) {
    if (position_.segment != 0) ++missing_segments_;
    position_ = {*found, 0};
  }
  const std::filesystem::path path = segment_path(folder_, *found);
  fd_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  // Deleted since it was listed: the next call finds the one behind it.
  if (fd_ < 0 && errno == ENOENT) return false;
  if (fd_ < 0) return fail(io_error("open " + path.string(), errno));
  return true;
}

// Reads until `wanted` bytes are unread; false where the file has less.
Result<bool> JournalReader::fill(std::size_t wanted) {
  if (unread().size() >= wanted) return true;
  buffer_.erase(0, used_);
  used_ = 0;
  while (buffer_.size() < wanted) {
    const std::size_t have = buffer_.size();
    const std::size_t room = std::max(wanted - have, kReadBytes);
    ssize_t got = 0;
    buffer_.resize_and_overwrite(have + room, [&](char* data, std::size_t) {
      do {
        got = ::pread(fd_, data + have, room, static_cast<off_t>(position_.offset + have));
      } while (got < 0 && errno == EINTR);
      return have + static_cast<std::size_t>(std::max<ssize_t>(got, 0));
    });
    if (got < 0) return fail(io_error("read " + segment_path(folder_, position_.segment).string(), errno));
    if (got == 0) return false;
  }
  return true;
}

// At a segment's start: passes its header. False where it is not whole yet.
Result<bool> JournalReader::check_header() {
  const auto filled = fill(kSegmentHeaderBytes);
  if (!filled) return fail(filled.error());
  const auto number = parse_segment_header(unread());
  if (number) {
    consume(kSegmentHeaderBytes);
    return true;
  }
  if (number.error().code == ErrorCode::kUnsupported) {
    return fail(number.error().code, segment_path(folder_, position_.segment).string() + ": " + number.error().message);
  }
  return skip_damage();
}

// Goes on at the next sound record. False where there is none: the rest of a
// final segment is skipped, that of the last one may still be being written.
Result<bool> JournalReader::skip_damage() {
  // Everything that is there, for the record that follows may be far away.
  for (;;) {
    const auto filled = fill(unread().size() + kReadBytes);
    if (!filled) return fail(filled.error());
    if (!*filled) break;
  }
  std::size_t skipped = 0;
  do {
    skipped += find_marker(unread().substr(skipped));
  } while (skipped < unread().size() && scan_record(unread().substr(skipped)).kind != Scan::Kind::kRecord);
  if (skipped >= unread().size() && !final_) return false;
  skipped = std::min(skipped, unread().size());
  skipped_bytes_ += skipped;
  consume(skipped);
  return !unread().empty();
}

// Finds the next record of the open segment: payload_. False where there is none (yet).
Result<bool> JournalReader::next_in_segment() {
  if (position_.offset == 0) {
    const auto passed = check_header();
    if (!passed || !*passed) return passed;
  }
  for (;;) {
    const Scan scan = scan_record(unread());
    if (scan.kind == Scan::Kind::kRecord) {
      payload_ = scan.payload;
      consume(scan.size);
      return true;
    }
    if (scan.kind == Scan::Kind::kNeedMore) {
      const auto filled = fill(scan.size);
      if (!filled) return filled;
      if (*filled) continue;
      if (unread().empty()) return false;
    }
    const auto passed = skip_damage();
    if (!passed || !*passed) return passed;
  }
}

Result<std::optional<std::string_view>> JournalReader::next() {
  for (;;) {
    if (fd_ < 0) {
      const auto opened = open_segment();
      if (!opened) return fail(opened.error());
      if (!*opened) return std::nullopt;
    }
    const auto found = next_in_segment();
    if (!found) {
      close_segment();
      return fail(found.error());
    }
    if (*found) return payload_;
    // What was read of an unfinished record may be overwritten: never keep it.
    buffer_.clear();
    used_ = 0;
    if (final_) {
      close_segment();
      position_ = {position_.segment + 1, 0};
      // Numbers have gaps: this one is not missing.
      const std::vector<std::uint64_t> numbers = list_segments(folder_);
      const auto after = std::ranges::lower_bound(numbers, position_.segment);
      if (after != numbers.end()) position_.segment = *after;
      continue;
    }
    // A record may have come between our look at the end and the next segment's
    // birth: read this one's end once more, now that it cannot grow.
    if (!has_later_segment()) return std::nullopt;
    final_ = true;
  }
}

}  // namespace tokometer::event
