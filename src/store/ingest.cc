#include "store/ingest.h"

#ifdef __linux__
#include <sys/resource.h>
#include <unistd.h>
#endif

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "event/codec.h"
#include "event/journal_reader.h"

namespace tokometer::store {
namespace {

// Makes the calling thread one that others go before: a stream's chunk must not
// wait for a batch that is being stored. Not so low that a busy machine starves
// it, since the journal has a limit. Nice values are each thread's own on Linux only.
void yield_to_traffic() {
#ifdef __linux__
  constexpr int kNice = 5;
  static_cast<void>(setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), kNice));
#endif
}

// What one go through the journal did.
struct Progress {
  std::uint64_t stored = 0;
  std::uint64_t repeated = 0;
  std::uint64_t unreadable = 0;
  std::uint64_t batches = 0;
  std::uint64_t skipped_bytes = 0;
  std::uint64_t missing_segments = 0;
  event::Position position;
  bool at_end = false;
};

// Stores one batch of what stands behind the store's cursor, by `reader`, which is made or moved as needed.
Result<Progress> store_batch(const std::filesystem::path& folder, std::optional<event::JournalReader>& reader,
                             Store& store, std::size_t batch_events) {
  const auto cursor = store.cursor();
  if (!cursor) return fail(cursor.error());
  // Another process may have been here in the meantime, or the last batch may have failed.
  if (!reader || reader->position() != *cursor) reader.emplace(folder, *cursor);

  Progress progress;
  const std::uint64_t skipped = reader->skipped_bytes();
  const std::uint64_t missing = reader->missing_segments();
  std::vector<event::Event> events;
  while (events.size() < batch_events) {
    const auto record = reader->next();
    if (!record) return fail(record.error());
    if (!*record) {
      progress.at_end = true;
      break;
    }
    auto event = event::decode(**record);
    // Sound bytes that are no event: no later attempt would read them better.
    event ? events.push_back(std::move(*event)) : static_cast<void>(++progress.unreadable);
  }
  progress.position = reader->position();
  progress.skipped_bytes = reader->skipped_bytes() - skipped;
  progress.missing_segments = reader->missing_segments() - missing;
  if (progress.position == *cursor) return progress;
  const CursorMove move{*cursor, progress.position};
  const auto inserted = store.insert(events, &move);
  if (!inserted) {
    reader.reset();
    return fail(inserted.error());
  }
  if (inserted->cursor_moved) return Progress{.position = *cursor};
  progress.stored = inserted->added;
  progress.repeated = inserted->repeated;
  progress.batches = 1;
  return progress;
}

}  // namespace

Result<std::size_t> catch_up(const std::filesystem::path& folder, Store& store, const IngestLimits& limits) {
  std::optional<event::JournalReader> reader;
  std::size_t stored = 0;
  for (;;) {
    const auto progress = store_batch(folder, reader, store, limits.batch_events);
    if (!progress) return fail(progress.error());
    stored += progress->stored;
    if (progress->at_end) return stored;
  }
}

Ingest::Ingest(event::Journal& journal, OpenStore open, IngestOptions options, const Clock& clock, Log& log)
    : journal_(journal), open_(std::move(open)), options_(options), clock_(clock), log_(log) {
  thread_ = std::thread([this] { run(); });
}

Ingest::~Ingest() { stop(); }

void Ingest::stop() {
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
    changed_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
}

bool Ingest::flush(std::chrono::milliseconds timeout) {
  const event::Position wanted = journal_.end();
  std::unique_lock lock(mutex_);
  ++hurried_;
  changed_.notify_all();
  const bool stored = changed_.wait_for(lock, timeout, [&] { return stored_up_to_ >= wanted; });
  --hurried_;
  return stored;
}

IngestStats Ingest::stats() const {
  const std::scoped_lock lock(mutex_);
  return stats_;
}

// Sleeps for `time`, or until somebody is in a hurry or wants us to stop; false if the latter.
bool Ingest::pause(std::chrono::milliseconds time) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, time, [this] { return stopping_ || hurried_ > 0; });
  return !stopping_;
}

// The same after a failure: no hurry makes a store work, and each look at it costs.
bool Ingest::recover(std::chrono::milliseconds time) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, time, [this] { return stopping_; });
  return !stopping_;
}

Result<void> Ingest::store_all() {
  if (!store_) {
    auto opened = open_();
    if (!opened) return fail(opened.error());
    store_ = std::move(*opened);
  }
  for (;;) {
    const auto progress = store_batch(journal_.folder(), reader_, *store_, options_.limits.batch_events);
    if (!progress) return fail(progress.error());
    journal_.set_cursor("store", progress->position);
    if (progress->skipped_bytes > 0) {
      log_.warn("journal: {} damaged bytes were passed over", progress->skipped_bytes);
    }
    if (progress->missing_segments > 0) log_.warn("journal: segments are missing: what they held is lost");
    const std::scoped_lock lock(mutex_);
    stats_.skipped_bytes += progress->skipped_bytes;
    stats_.stored += progress->stored;
    stats_.repeated += progress->repeated;
    stats_.unreadable += progress->unreadable;
    stats_.batches += progress->batches;
    stats_.healthy = true;
    stored_up_to_ = progress->position;
    changed_.notify_all();
    if (progress->at_end) return {};
  }
}

bool Ingest::are_quotas_due() const {
  return options_.quotas != nullptr && clock_.steady() >= quotas_at_ && options_.quotas->has_changed();
}

Result<void> Ingest::store_quotas() {
  quotas_at_ = clock_.steady() + options_.limits.quotas_every;
  const auto changed = options_.quotas->take_changed();
  auto stored = store_->put_quotas(changed);
  if (!stored) options_.quotas->offer(changed);
  return stored;
}

Result<void> Ingest::keep_retention() {
  const SteadyTime now = clock_.steady();
  if (now < retention_at_) return {};
  retention_at_ = now + options_.limits.retention_every;
  std::optional<UtcTime> before;
  if (options_.retention.max_age) before = clock_.now() - *options_.retention.max_age;
  if (options_.retention.max_events) {
    const auto excess = store_->excess(*options_.retention.max_events);
    if (!excess) return fail(excess.error());
    if (*excess) before = std::max(before.value_or(**excess), **excess);
  }
  if (!before) return {};
  // Events come first: what is left of a large purge goes on after the next batch.
  const std::uint64_t seen = journal_.appended();
  bool interrupted = false;
  const auto purged = store_->purge(*before, [&] {
    interrupted = journal_.appended() > seen;
    const std::scoped_lock lock(mutex_);
    return !interrupted && !stopping_;
  });
  if (!purged) return fail(purged.error());
  if (interrupted) retention_at_ = now;
  const std::scoped_lock lock(mutex_);
  stats_.purged += static_cast<std::uint64_t>(*purged);
  return {};
}

void Ingest::run() {
  yield_to_traffic();
  // Known to the journal from the start, so that it keeps what a store that does not work has not taken yet.
  journal_.set_cursor("store", {});
  auto retry = options_.limits.first_retry;
  for (bool more = true; more;) {
    // Taken before the journal is read: what comes while it is read makes the wait below return at once.
    const std::uint64_t seen = journal_.appended();
    journal_.maintain();
    auto done = store_all();
    if (done && are_quotas_due()) done = store_quotas();
    if (done) done = keep_retention();
    if (done) {
      if (complained_) log_.info("store: works again");
      complained_ = false;
      retry = options_.limits.first_retry;
      more = wait_for_events(seen) && pause(options_.limits.gather);
    } else {
      if (!complained_) log_.warn("{}: events stay in the journal until it works", done.error().message);
      complained_ = true;
      store_.reset();
      reader_.reset();
      {
        const std::scoped_lock lock(mutex_);
        stats_.healthy = false;
        ++stats_.failures;
      }
      more = recover(retry);
      retry = std::min(retry * 2, options_.limits.last_retry);
    }
  }
  // What came since the last look.
  auto done = store_all();
  if (done && options_.quotas != nullptr && options_.quotas->has_changed()) done = store_quotas();
  if (!done && !complained_) log_.warn("{}", done.error().message);
}

// Waits until the journal has more than `seen` events; false when we are to stop.
bool Ingest::wait_for_events(std::uint64_t seen) {
  // In turns, for the journal knows nothing of stop() and flush(), and wants to be maintained.
  constexpr std::chrono::milliseconds kTurn(200);
  constexpr int kTurnsBetweenMaintenance = 5;
  for (int turn = 1;; ++turn) {
    {
      const std::scoped_lock lock(mutex_);
      if (stopping_) return false;
      if (hurried_ > 0) return true;
    }
    if (are_quotas_due()) return true;
    if (journal_.wait(seen, kTurn) > seen) return true;
    if (turn % kTurnsBetweenMaintenance == 0) {
      journal_.maintain();
      if (clock_.steady() >= retention_at_) return true;
    }
  }
}

}  // namespace tokometer::store
