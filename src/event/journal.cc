#include "event/journal.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include "event/codec.h"
#include "event/journal_format.h"
#include "event/journal_reader.h"

namespace tokometer::event {
namespace {

// Writes all of `bytes` at `offset`; errno's value, or 0. What was written before a failure stays.
int write_at(int fd, std::string_view bytes, std::uint64_t offset) {
  while (!bytes.empty()) {
    const ssize_t written = ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return errno;
    // Not at all and no error: say what it means in practice.
    if (written == 0) return ENOSPC;
    bytes.remove_prefix(static_cast<std::size_t>(written));
    offset += static_cast<std::uint64_t>(written);
  }
  return 0;
}

std::string read_text(const std::filesystem::path& path) {
  char text[64];
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  const ssize_t size = ::read(fd, text, sizeof text);
  if (fd >= 0) ::close(fd);
  std::string result(text, static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
  while (!result.empty() && result.back() == '\n') result.pop_back();
  return result;
}

}  // namespace

Journal::Journal(JournalOptions options, const Clock& clock, Log& log)
    : options_(std::move(options)), clock_(clock), log_(log), retry_at_(clock.steady()), synced_at_(clock.steady()) {}

Journal::~Journal() {
  const std::scoped_lock lock(file_mutex_);
  if (waiting_count_ > 0) {
    if (!revive()) log_.error("journal: {} events could not be written and are lost", waiting_count_.load());
  }
  if (fd_ >= 0 && options_.sync != Sync::kNever) (void)::fdatasync(fd_);
  close_segment();
  if (lock_fd_ >= 0) ::close(lock_fd_);
}

Result<std::unique_ptr<Journal>> Journal::open(JournalOptions options, const Clock& clock, Log& log) {
  std::unique_ptr<Journal> journal(new Journal(std::move(options), clock, log));
  {
    const std::scoped_lock lock(journal->file_mutex_);
    const auto locked = journal->lock_folder();
    if (!locked || *locked) {
      if (const auto revived = journal->revive(); !revived) journal->note_failure(revived.error());
      return journal;
    }
  }
  return fail(ErrorCode::kIo, "journal: " + journal->folder().string() + " is in use by process " +
                                  read_text(journal->folder() / "lock") +
                                  ": stop that one first, or use another folder");
}

// Makes the folder and locks it; false where another process has. Keeps a lock that still stands.
Result<bool> Journal::lock_folder() {
  std::error_code error;
  const std::filesystem::path path = options_.folder / "lock";
  struct stat held{};
  struct stat there{};
  if (lock_fd_ >= 0 && ::fstat(lock_fd_, &held) == 0 && held.st_nlink > 0 && ::stat(path.c_str(), &there) == 0 &&
      held.st_ino == there.st_ino) {
    return true;
  }
  if (lock_fd_ >= 0) ::close(lock_fd_);
  lock_fd_ = -1;
  if (std::filesystem::create_directories(options_.folder, error)) {
    std::filesystem::permissions(options_.folder, std::filesystem::perms::owner_all, error);
  }
  if (error) return fail(io_error("make " + options_.folder.string(), error.value()));  // the reason why no file opens
  lock_fd_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (lock_fd_ < 0) return fail(io_error("open " + path.string(), errno));
  if (::flock(lock_fd_, LOCK_EX | LOCK_NB) != 0) {
    const int number = errno;
    ::close(lock_fd_);
    lock_fd_ = -1;
    if (number == EWOULDBLOCK) return false;
    return fail(io_error("lock " + path.string(), number));
  }
  const std::string pid = std::to_string(::getpid()) + '\n';
  // For the message of the next one who tries; a full disk must not stop us here.
  if (::ftruncate(lock_fd_, 0) == 0) (void)write_at(lock_fd_, pid, 0);
  return true;
}

// Lists the segments and cuts off what the last one ends in but a whole record.
Result<void> Journal::recover() {
  segments_.clear();
  std::error_code error;
  for (const std::uint64_t number : list_segments(options_.folder)) {
    const auto size = std::filesystem::file_size(segment_path(options_.folder, number), error);
    if (!error) segments_[number] = size;
  }
  if (segments_.empty()) return {};
  const auto [last, size] = *segments_.rbegin();
  JournalReader reader(options_.folder, {last, 0});
  for (;;) {
    const auto record = reader.next();
    // Not ours to repair: a newer program's, or unreadable. Readers will say so.
    if (!record) return {};
    if (!*record) break;
  }
  if (reader.skipped_bytes() > 0) {
    log_.warn("journal: {} damaged bytes within segment {}", reader.skipped_bytes(), last);
  }
  const std::uint64_t sound = reader.position().offset;
  if (sound < kSegmentHeaderBytes) {
    // Not even a header. One without records stays: a cursor may stand in it, and would miss it.
    if (size > kSegmentHeaderBytes) recovered_bytes_ += size - kSegmentHeaderBytes;
    remove_segment(last);
  } else if (sound < size) {
    const std::filesystem::path path = segment_path(options_.folder, last);
    if (::truncate(path.c_str(), static_cast<off_t>(sound)) != 0) return fail(io_error("cut " + path.string(), errno));
    recovered_bytes_ += size - sound;
    segments_[last] = sound;
  }
  if (recovered_bytes_ > 0) {
    log_.warn("journal: {} bytes of an unfinished record were cut off segment {}", recovered_bytes_.load(), last);
  }
  return {};
}

// Starts a new segment. It is never one that was written before: a cursor that
// points behind what a power cut left of an old one stays right.
Result<void> Journal::open_segment() {
  const auto now = std::chrono::floor<std::chrono::milliseconds>(clock_.now()).time_since_epoch().count();
  std::uint64_t number = std::max(static_cast<std::uint64_t>(std::max<std::int64_t>(now, 1)), newest_ + 1);
  if (!segments_.empty()) number = std::max(number, segments_.rbegin()->first + 1);
  // A clock that was set back must not put new events before what is done with.
  for (const auto& [name, position] : cursors_) number = std::max(number, position.segment + 1);
  const std::filesystem::path path = segment_path(options_.folder, number);
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) return fail(io_error("open " + path.string(), errno));
  if (const int number_of_error = write_at(fd, segment_header(number), 0); number_of_error != 0) {
    ::close(fd);
    ::unlink(path.c_str());
    return fail(io_error("write " + path.string(), number_of_error));
  }
  close_segment();
  fd_ = fd;
  newest_ = number;
  segments_[number] = kSegmentHeaderBytes;
  drop_segments();
  return {};
}

void Journal::close_segment() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

Result<void> Journal::write_record(std::string_view record) {
  if (fd_ < 0 || segments_.rbegin()->second + record.size() >
                     std::max<std::size_t>(options_.limits.segment_bytes, kSegmentHeaderBytes + record.size())) {
    if (fd_ >= 0 && options_.sync != Sync::kNever) (void)::fdatasync(fd_);
    if (auto opened = open_segment(); !opened) return opened;
  }
  std::uint64_t& size = segments_.rbegin()->second;
  const int error = write_at(fd_, record, size);
  if (error == 0) {
    size += record.size();
    unsynced_ = true;
    return {};
  }
  // Half a record must not stay: what is written next would stand behind it.
  // If even this fails, the next record overwrites it, as `size` has not moved.
  (void)::ftruncate(fd_, static_cast<off_t>(size));
  return fail(io_error("write " + segment_path(options_.folder, segments_.rbegin()->first).string(), error));
}

Result<void> Journal::write_waiting() {
  for (;;) {
    std::string record;
    {
      const std::scoped_lock lock(waiting_mutex_);
      if (waiting_.empty()) return {};
      record = std::move(waiting_.front());
      waiting_.pop_front();
      waiting_bytes_ -= record.size();
    }
    if (auto written = write_record(record); !written) {
      const std::scoped_lock lock(waiting_mutex_);
      waiting_bytes_ += record.size();
      waiting_.push_front(std::move(record));
      return written;
    }
    --waiting_count_;
    announce();
  }
}

// Makes the journal work again, from whatever state it is in, and writes what waits.
Result<void> Journal::revive() {
  const auto locked = lock_folder();
  if (!locked) return fail(locked.error());
  if (!*locked) return fail(ErrorCode::kIo, options_.folder.string() + " is in use by another process");
  if (fd_ < 0) {
    if (auto recovered = recover(); !recovered) return recovered;
    if (auto opened = open_segment(); !opened) return opened;
  }
  if (auto written = write_waiting(); !written) return written;
  if (!healthy_) log_.info("journal: {} can be written again", options_.folder.string());
  healthy_ = true;
  return {};
}

void Journal::note_failure(const Error& error) {
  if (healthy_) log_.warn("journal: {}: events wait in memory", error.message);
  healthy_ = false;
  retry_at_ = clock_.steady() + options_.limits.retry_after;
}

void Journal::keep_waiting(std::string record) {
  ++failed_;
  const std::scoped_lock lock(waiting_mutex_);
  waiting_bytes_ += record.size();
  waiting_.push_back(std::move(record));
  ++waiting_count_;
  while (waiting_bytes_ > options_.limits.memory_bytes) {
    waiting_bytes_ -= waiting_.front().size();
    waiting_.pop_front();
    --waiting_count_;
    ++dropped_;
  }
}

Result<Position> Journal::append(const Event& event) {
  std::string record(kRecordHeaderBytes, '\0');
  encode(event, record);
  if (record.size() > kRecordHeaderBytes + kMaxRecordBytes) {
    ++failed_;
    ++dropped_;
    return fail(ErrorCode::kTooLarge, "journal: an event of " + std::to_string(record.size()) + " bytes");
  }
  seal_record(record);

  std::unique_lock lock(file_mutex_, std::try_to_lock);
  // Until a time on the wall clock: waiting by the steady one is pthread_mutex_clocklock, which g++ 12's thread
  // sanitizer does not know.
  // Only the first one waits for a disk that hangs.
  if (!lock && (stuck_ || !lock.try_lock_until(std::chrono::system_clock::now() + options_.limits.slow_append))) {
    stuck_ = true;
    ++slow_;
    keep_waiting(std::move(record));
    return fail(ErrorCode::kTimeout, "journal: another append takes too long");
  }
  stuck_ = false;
  const SteadyTime started = clock_.steady();
  Result<void> written;
  if (!healthy_ && started < retry_at_) {
    written = fail(ErrorCode::kIo, "journal: cannot be written");
  } else {
    if (!healthy_ || waiting_count_ > 0) written = revive();
    if (written) written = write_record(record);
    if (!written) note_failure(written.error());
  }
  if (!written) {
    keep_waiting(std::move(record));
    return fail(written.error());
  }
  const Position position{segments_.rbegin()->first, segments_.rbegin()->second};
  if (options_.sync == Sync::kEach) sync(lock);
  if (lock) lock.unlock();
  if (clock_.steady() - started > options_.limits.slow_append) ++slow_;
  announce();
  return position;
}

// Syncs what is written so far without holding the lock meanwhile.
void Journal::sync(std::unique_lock<std::timed_mutex>& lock) {
  const int fd = fd_ >= 0 ? ::fcntl(fd_, F_DUPFD_CLOEXEC, 0) : -1;
  unsynced_ = false;
  synced_at_ = clock_.steady();
  lock.unlock();
  if (fd < 0) return;
  if (::fdatasync(fd) != 0) log_.once(LogLevel::kWarn, "journal sync", io_error("journal: sync", errno).message);
  ::close(fd);
}

void Journal::announce() {
  ++appended_;
  // Sequentially consistent, as in wait(): either we see the sleeper, or it sees the new count.
  if (sleepers_ == 0) return;
  const std::scoped_lock lock(wake_mutex_);
  wake_.notify_all();
}

std::uint64_t Journal::wait(std::uint64_t seen, std::chrono::milliseconds timeout) {
  std::unique_lock lock(wake_mutex_);
  ++sleepers_;
  wake_.wait_for(lock, timeout, [&] { return appended_ > seen; });
  --sleepers_;
  return appended_;
}

Position Journal::end() const {
  const std::scoped_lock lock(file_mutex_);
  if (segments_.empty()) return {};
  return {segments_.rbegin()->first, segments_.rbegin()->second};
}

void Journal::set_cursor(std::string_view name, Position position) {
  const std::scoped_lock lock(file_mutex_);
  const auto found = cursors_.find(name);
  if (found != cursors_.end() && found->second == position) return;
  if (found != cursors_.end()) {
    found->second = position;
  } else {
    cursors_.emplace(name, position);
  }
  if (fd_ >= 0 && position.segment > segments_.rbegin()->first) {
    if (const auto opened = open_segment(); !opened) note_failure(opened.error());
  }
  drop_segments();
}

// Deletes what every cursor has passed, and what is too much altogether.
void Journal::drop_segments() {
  std::uint64_t total = 0;
  for (const auto& [number, size] : segments_) total += size;
  Position slowest{~std::uint64_t{0}, 0};
  for (const auto& [name, position] : cursors_) slowest = std::min(slowest, position);
  std::error_code error;
  while (segments_.size() > 1) {
    const auto [number, size] = *segments_.begin();
    const bool passed = !cursors_.empty() && number < slowest.segment;
    bool expired = passed;
    if (passed && options_.limits.keep_passed.count() > 0) {
      const auto written = std::filesystem::last_write_time(segment_path(options_.folder, number), error);
      expired = error || std::filesystem::file_time_type::clock::now() - written > options_.limits.keep_passed;
    }
    if (!expired && total <= options_.limits.total_bytes) return;
    if (!passed && !cursors_.empty()) {
      const std::uint64_t unread = number == slowest.segment ? size - std::min(size, slowest.offset) : size;
      lost_bytes_ += unread;
      if (unread > 0) {
        log_.warn("journal: limit of {} bytes reached: segment {} is deleted before it was stored",
                  options_.limits.total_bytes, number);
      }
    }
    total -= size;
    remove_segment(number);
  }
}

void Journal::remove_segment(std::uint64_t number) {
  std::error_code error;
  std::filesystem::remove(segment_path(options_.folder, number), error);
  segments_.erase(number);
}

void Journal::maintain() {
  std::unique_lock lock(file_mutex_);
  const SteadyTime now = clock_.steady();
  struct stat file{};
  if (fd_ >= 0 && ::fstat(fd_, &file) == 0 && file.st_nlink == 0) {
    log_.warn("journal: {} was deleted while in use, and is made anew", options_.folder.string());
    close_segment();
  }
  if (fd_ < 0 || waiting_count_ > 0 || !healthy_) {
    if (now >= retry_at_) {
      if (const auto revived = revive(); !revived) note_failure(revived.error());
    }
  }
  if (options_.sync == Sync::kInterval && unsynced_ && now - synced_at_ >= options_.limits.sync_interval) sync(lock);
}

JournalStats Journal::stats() const {
  JournalStats stats{.appended = appended_,
                     .failed = failed_,
                     .waiting = waiting_count_,
                     .dropped = dropped_,
                     .slow = slow_,
                     .lost_bytes = lost_bytes_,
                     .recovered_bytes = recovered_bytes_};
  // A disk that hangs must not hang whoever asks how things are.
  std::unique_lock lock(file_mutex_, std::try_to_lock);
  if (!lock && !lock.try_lock_until(std::chrono::system_clock::now() + options_.limits.slow_append)) {
    stats.healthy = false;
    return stats;
  }
  stats.healthy = healthy_;
  Position slowest{~std::uint64_t{0}, 0};
  for (const auto& [name, position] : cursors_) slowest = std::min(slowest, position);
  for (const auto& [number, size] : segments_) {
    stats.bytes += size;
    if (number > slowest.segment) stats.lag_bytes += size;
    if (number == slowest.segment) stats.lag_bytes += size - std::min(size, slowest.offset);
  }
  return stats;
}

}  // namespace tokometer::event
