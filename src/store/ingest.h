// Ingest: brings the journal's events into the store.
//
//   Ingest ingest(journal, open_store, options, log);  // a thread of its own from here
//   …
//   ingest.stop();                                     // after what is in the journal is stored
//
// Waits for the journal, lets a burst gather for a moment, and stores it as one
// batch with its position. A store that cannot be opened or written pauses it:
// it tries again with growing pauses, says so once, and the journal keeps
// everything meanwhile.
//
// What a Board gathers of quotas goes the same way, but not through the journal:
// a crash may lose the last second of it, and newer snapshots come with the next call.
//
// Not here: what a batch does to the store (store.h).
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include "base/error.h"
#include "base/log.h"
#include "base/time.h"
#include "event/journal.h"
#include "event/journal_reader.h"
#include "quota/board.h"
#include "store/store.h"

namespace tokometer::store {

struct IngestLimits {
  std::size_t batch_events = 5000;
  std::chrono::milliseconds gather{100};       // how long a burst may gather before it is stored
  std::chrono::milliseconds first_retry{250};  // after a failure; doubles up to the next
  std::chrono::milliseconds last_retry{10000};
  std::chrono::minutes retention_every{10};      // how often old events are looked for
  std::chrono::milliseconds quotas_every{1000};  // how often quotas are stored at most
};

struct Retention {
  std::optional<std::chrono::milliseconds> max_age = {};
  std::optional<std::int64_t> max_events = {};
};

struct IngestOptions {
  IngestLimits limits = {};
  Retention retention = {};
  quota::Board* quotas = nullptr;  // what it has is stored too; must outlive the Ingest
};

struct IngestStats {
  std::uint64_t stored = 0;
  std::uint64_t repeated = 0;
  std::uint64_t unreadable = 0;     // journal records that are no event
  std::uint64_t skipped_bytes = 0;  // of the journal, damaged
  std::uint64_t batches = 0;
  std::uint64_t failures = 0;  // batches that had to be tried again
  std::uint64_t purged = 0;    // by retention
  bool healthy = true;         // false while the store refuses
};

using OpenStore = std::function<Result<std::unique_ptr<Store>>()>;

// Stores what the journal in `folder` holds behind the store's cursor, until
// there is nothing more. Safe beside a running Ingest, of any process. Returns
// how many events were added.
Result<std::size_t> catch_up(const std::filesystem::path& folder, Store& store, const IngestLimits& limits = {});

class Ingest {
 public:
  // Starts the thread. `journal`, `clock` and `log` must outlive the Ingest; `open` is called from its thread.
  Ingest(event::Journal& journal, OpenStore open, IngestOptions options, const Clock& clock, Log& log);
  ~Ingest();  // stop()
  Ingest(const Ingest&) = delete;
  Ingest& operator=(const Ingest&) = delete;

  // Stores what the journal holds now, if the store allows it, and ends the thread.
  void stop();

  // Waits until everything that was appended before the call is stored, or `timeout` has passed: whether it is.
  bool flush(std::chrono::milliseconds timeout);

  IngestStats stats() const;

 private:
  void run();
  Result<void> store_all();
  Result<void> keep_retention();
  bool are_quotas_due() const;
  Result<void> store_quotas();
  bool wait_for_events(std::uint64_t seen);
  bool pause(std::chrono::milliseconds time);
  bool recover(std::chrono::milliseconds time);

  event::Journal& journal_;
  OpenStore open_;
  const IngestOptions options_;
  const Clock& clock_;
  Log& log_;

  mutable std::mutex mutex_;  // guards the next block
  std::condition_variable changed_;
  IngestStats stats_;
  event::Position stored_up_to_;
  bool stopping_ = false;
  int hurried_ = 0;  // how many wait in flush()

  // The thread's own.
  std::unique_ptr<Store> store_;
  std::optional<event::JournalReader> reader_;
  bool complained_ = false;
  SteadyTime retention_at_;
  SteadyTime quotas_at_;
  std::thread thread_;
};

}  // namespace tokometer::store
