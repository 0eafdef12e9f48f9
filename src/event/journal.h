// The journal: finished events, appended to files before the client sees the
// end of its response, so that they survive whatever happens next.
//
//   auto journal = Journal::open({.folder = data / "journal"}, clock, log);
//   (*journal)->append(event);              // any thread, one pwrite
//   JournalReader reader(folder, cursor);   // journal_reader.h
//
// A folder of segments (docs/journal-format.md), written by one process at a
// time, which holds a lock. What is written survives the death of the process;
// Options::sync says what a power cut may cost. A folder that cannot be
// written never stops anybody: events wait in memory, bounded, and are written
// as soon as that works again. All of it is counted in stats().
//
// Not here: the bytes (journal_format.h, codec.h), following it into a store
// (store/ingest.h).
#pragma once

#include <atomic>
#include <chrono>
#include <compare>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/log.h"
#include "base/time.h"
#include "event/event.h"

namespace tokometer::event {

// A place between two records. Segment numbers only grow, even when the folder
// was deleted in between, so that positions stay in order for good.
struct Position {
  std::uint64_t segment = 0;
  std::uint64_t offset = 0;

  friend auto operator<=>(const Position&, const Position&) = default;
};

enum class Sync {
  kNever,     // the kernel decides: nothing is lost but by a power cut or a kernel crash
  kInterval,  // every Limits::sync_interval, by maintain()
  kEach,      // each append waits for the disk
};

struct JournalLimits {
  std::size_t segment_bytes = std::size_t{16} << 20;  // a new segment starts past this
  std::size_t total_bytes = std::size_t{1} << 30;     // past this the oldest segments go, read or not
  std::size_t memory_bytes = std::size_t{8} << 20;    // of events that wait for a writable folder
  std::chrono::milliseconds slow_append{50};          // how long an append waits for another one
  std::chrono::milliseconds retry_after{200};         // between attempts on a folder that refuses
  std::chrono::milliseconds sync_interval{1000};
  std::chrono::seconds keep_passed{0};  // how long segments stay that every cursor has passed
};

struct JournalOptions {
  std::filesystem::path folder;  // made with mode 0700 if it is not there
  Sync sync = Sync::kNever;
  JournalLimits limits = {};
};

struct JournalStats {
  std::uint64_t appended = 0;         // events in the files
  std::uint64_t failed = 0;           // appends that could not be written at once
  std::uint64_t waiting = 0;          // of these, now in memory
  std::uint64_t dropped = 0;          // of these, lost: memory_bytes was reached, or too large
  std::uint64_t slow = 0;             // appends that took longer than slow_append
  std::uint64_t bytes = 0;            // of all segments
  std::uint64_t lag_bytes = 0;        // behind the slowest cursor
  std::uint64_t lost_bytes = 0;       // of segments deleted for total_bytes before every cursor had passed
  std::uint64_t recovered_bytes = 0;  // torn off the last segment when the journal was opened
  bool healthy = true;                // false while the folder cannot be written, or a write hangs (bytes are then 0)
};

class Journal {
 public:
  // Takes the folder's lock, cuts off what a crash left unfinished and starts a
  // new segment. Fails, with kIo, only where another process holds the lock
  // (the message says which): a folder that cannot be made or written is one
  // that does not work yet. `clock` and `log` must outlive the journal.
  static Result<std::unique_ptr<Journal>> open(JournalOptions options, const Clock& clock, Log& log);
  ~Journal();
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  // Appends `event` and says where it ends. Any thread. An error means that it
  // is not in the files (yet): it waits in memory, or is dropped if there is no room.
  Result<Position> append(const Event& event);

  // Where the next record will go.
  Position end() const;

  // How many events were appended since open().
  std::uint64_t appended() const { return appended_; }
  // Waits until that is more than `seen`, or for `timeout`; returns it. Any number of threads.
  std::uint64_t wait(std::uint64_t seen, std::chrono::milliseconds timeout);

  // Notes that the consumer called `name` is done with everything before
  // `position`, and deletes segments that every named consumer has passed.
  // A consumer counts from its first call on.
  void set_cursor(std::string_view name, Position position);

  // What time brings: writes what waits in memory, syncs, notices a folder
  // that has vanished. Call it about once a second, from any thread.
  void maintain();

  JournalStats stats() const;
  const std::filesystem::path& folder() const { return options_.folder; }

 private:
  Journal(JournalOptions options, const Clock& clock, Log& log);

  // These all want file_mutex_ held.
  Result<bool> lock_folder();
  Result<void> recover();
  Result<void> open_segment();
  Result<void> write_record(std::string_view record);
  Result<void> write_waiting();
  Result<void> revive();
  void note_failure(const Error& error);
  void close_segment();
  void drop_segments();
  void remove_segment(std::uint64_t number);

  void keep_waiting(std::string record);
  void sync(std::unique_lock<std::timed_mutex>& lock);
  void announce();

  const JournalOptions options_;
  const Clock& clock_;
  Log& log_;
  int lock_fd_ = -1;

  mutable std::timed_mutex file_mutex_;              // guards the next block
  int fd_ = -1;                                      // of the last segment; -1: the next append opens one
  std::map<std::uint64_t, std::uint64_t> segments_;  // number to size
  std::uint64_t newest_ = 0;                         // the highest number used so far, deleted ones included
  std::map<std::string, Position, std::less<>> cursors_;
  bool healthy_ = true;
  bool unsynced_ = false;
  SteadyTime retry_at_;
  SteadyTime synced_at_;

  mutable std::mutex waiting_mutex_;  // guards the next block; taken after file_mutex_
  std::deque<std::string> waiting_;   // sealed records
  std::size_t waiting_bytes_ = 0;

  std::mutex wake_mutex_;
  std::condition_variable wake_;
  std::atomic<int> sleepers_ = 0;

  std::atomic<bool> stuck_ = false;  // the last append to want file_mutex_ waited for it in vain

  std::atomic<std::uint64_t> appended_ = 0;
  std::atomic<std::uint64_t> failed_ = 0;
  std::atomic<std::uint64_t> waiting_count_ = 0;
  std::atomic<std::uint64_t> dropped_ = 0;
  std::atomic<std::uint64_t> slow_ = 0;
  std::atomic<std::uint64_t> lost_bytes_ = 0;
  std::atomic<std::uint64_t> recovered_bytes_ = 0;
};

}  // namespace tokometer::event
