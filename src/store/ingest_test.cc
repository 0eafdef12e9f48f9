#include "store/ingest.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <set>

#include "event/event_samples.h"
#include "event/journal_format.h"
#include "store/sqlite/database.h"
#include "store/sqlite/sqlite_store.h"

namespace tokometer::store {
namespace {

namespace fs = std::filesystem;
using event::sample_event;
using std::chrono::milliseconds;

// Always the same time of the day, while time passes.
class FixedClock final : public Clock {
 public:
  explicit FixedClock(UtcTime time) : time_(time) {}
  UtcTime now() const override { return time_; }
  SteadyTime steady() const override { return system_clock().steady(); }

 private:
  UtcTime time_;
};

class IngestTest : public testing::Test {
 protected:
  IngestTest() {
    std::string name = (fs::temp_directory_path() / "tokometer-ingest-XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
    journal_ = open_journal();
  }
  ~IngestTest() override {
    journal_.reset();
    std::error_code error;
    fs::remove_all(folder_, error);
  }

  std::unique_ptr<event::Journal> open_journal(event::JournalLimits limits = {}) {
    auto journal = event::Journal::open({.folder = folder_ / "journal", .limits = limits}, system_clock(), log_);
    if (!journal) ADD_FAILURE() << journal.error().message;
    return journal ? std::move(*journal) : nullptr;
  }

  Result<std::unique_ptr<Store>> open_store() const {
    return sqlite::open({.file = folder_ / "tokometer.db", .busy = milliseconds(5000)});
  }
  OpenStore opener() const {
    return [this] { return open_store(); };
  }

  void append(std::uint64_t from, std::uint64_t to) {
    for (std::uint64_t i = from; i < to; ++i) ASSERT_TRUE(journal_->append(sample_event(i)));
  }

  // The store must hold exactly the sample events [0, count), and sums that agree.
  void expect_stored(std::uint64_t count) {
    const auto store = open_store();
    ASSERT_TRUE(store) << store.error().message;
    std::multiset<std::string> ids;
    ASSERT_TRUE((*store)->query({}, Order::kOldestFirst, 1'000'000, [&](const event::Event& event) {
      ids.insert(event.id.text());
      return true;
    }));
    std::multiset<std::string> wanted;
    for (std::uint64_t i = 0; i < count; ++i) wanted.insert(sample_event(i).id.text());
    EXPECT_EQ(ids, wanted);
    EXPECT_EQ((*store)->check(true)->problems, std::vector<std::string>());
  }

  fs::path folder_;
  Log log_{LogLevel::kDebug, [this](LogLevel, std::string_view line) { logged_.emplace_back(line); }};
  std::vector<std::string> logged_;
  std::unique_ptr<event::Journal> journal_;
};

TEST_F(IngestTest, BringsEverythingIntoTheStore) {
  {
    Ingest ingest(*journal_, opener(), {}, system_clock(), log_);
    append(0, 100);
    EXPECT_TRUE(ingest.flush(milliseconds(20'000)));
    EXPECT_EQ(ingest.stats().stored, 100U);
    EXPECT_EQ(journal_->stats().lag_bytes, 0U);
    append(100, 150);
  }
  expect_stored(150);
}

TEST_F(IngestTest, StoresQuotasWithoutEvents) {
  quota::Board board;
  quota::Snapshot snapshot;
  snapshot.provider = "openai";
  snapshot.name = "tokens";
  snapshot.seen_at = system_clock().now();
  {
    const Ingest ingest(*journal_, opener(), {.quotas = &board}, system_clock(), log_);
    board.offer(std::span(&snapshot, 1));
    while (board.has_changed()) std::this_thread::yield();
    snapshot.remaining = 7;
    snapshot.seen_at += milliseconds(1);
    board.offer(std::span(&snapshot, 1));
  }
  // The last ones were stored when it ended.
  EXPECT_EQ(*(*open_store())->quotas(), std::vector{snapshot});
}

TEST_F(IngestTest, KeepsQuotasWhileTheStoreRefuses) {
  quota::Board board;
  quota::Snapshot snapshot;
  snapshot.name = "tokens";
  snapshot.seen_at = system_clock().now();
  board.offer(std::span(&snapshot, 1));
  int attempts = 0;
  const auto refuse_once = [&]() -> Result<std::unique_ptr<Store>> {
    if (++attempts == 1) return fail(ErrorCode::kIo, "refused");
    return open_store();
  };
  {
    Ingest ingest(*journal_, refuse_once, {.limits = {.first_retry = milliseconds(1)}, .quotas = &board},
                  system_clock(), log_);
    ingest.stop();
  }
  EXPECT_EQ((*open_store())->quotas()->size(), 1U);
}

TEST_F(IngestTest, GoesOnWhereItStopped) {
  append(0, 30);
  {
    const Ingest first(*journal_, opener(), {}, system_clock(), log_);
  }
  append(30, 60);
  {
    Ingest second(*journal_, opener(), {}, system_clock(), log_);
    second.stop();
    EXPECT_EQ(second.stats().stored, 30U);
    EXPECT_EQ(second.stats().repeated, 0U);
  }
  expect_stored(60);
}

TEST_F(IngestTest, CatchUpWorksBesideIt) {
  const Ingest ingest(*journal_, opener(), {.limits = {.batch_events = 10, .gather = milliseconds(1)}}, system_clock(),
                      log_);
  std::uint64_t caught = 0;
  for (std::uint64_t round = 0; round < 20; ++round) {
    append(round * 50, round * 50 + 50);
    auto store = open_store();
    ASSERT_TRUE(store);
    const auto added = catch_up(journal_->folder(), **store, {.batch_events = 7});
    ASSERT_TRUE(added) << added.error().message;
    caught += *added;
    // Whoever stored it, a report sees everything that was in the journal.
    const auto rows = (*store)->report({});
    ASSERT_TRUE(rows);
    EXPECT_GT(rows->front().totals.calls, static_cast<std::int64_t>((round + 1) * 40));
  }
  expect_stored(1000);
}

TEST_F(IngestTest, AReplayedJournalCountsOnce) {
  append(0, 100);
  auto store = open_store();
  ASSERT_TRUE(store);
  EXPECT_EQ(*catch_up(journal_->folder(), **store), 100U);
  // The same events again, as after a copy of the journal was put back.
  append(0, 100);
  EXPECT_EQ(*catch_up(journal_->folder(), **store), 0U);
  expect_stored(100);
}

TEST_F(IngestTest, AStoreThatIsDownCostsNothing) {
  std::atomic<bool> broken = true;
  const OpenStore open = [&]() -> Result<std::unique_ptr<Store>> {
    if (broken) return fail(ErrorCode::kIo, "store: no such luck");
    return open_store();
  };
  Ingest ingest(*journal_, open, {.limits = {.first_retry = milliseconds(1), .last_retry = milliseconds(5)}},
                system_clock(), log_);
  append(0, 50);
  EXPECT_FALSE(ingest.flush(milliseconds(100)));
  EXPECT_FALSE(ingest.stats().healthy);
  EXPECT_GT(ingest.stats().failures, 1U);
  EXPECT_GT(journal_->stats().lag_bytes, 0U);
  broken = false;
  EXPECT_TRUE(ingest.flush(milliseconds(20'000)));
  EXPECT_TRUE(ingest.stats().healthy);
  ingest.stop();
  EXPECT_EQ(logged_.size(), 2U) << "once down, once up";
  expect_stored(50);
}

TEST_F(IngestTest, AStoreThatIsDownIsNotTriedFasterForSomebodyInAHurry) {
  const OpenStore open = [&]() -> Result<std::unique_ptr<Store>> { return fail(ErrorCode::kIo, "store: down"); };
  Ingest ingest(*journal_, open,
                {.limits = {.first_retry = std::chrono::hours(1), .last_retry = std::chrono::hours(1)}}, system_clock(),
                log_);
  append(0, 5);
  EXPECT_FALSE(ingest.flush(milliseconds(100)));
  EXPECT_EQ(ingest.stats().failures, 1U);
}

TEST_F(IngestTest, ALockedStoreIsTriedAgain) {
  ASSERT_TRUE(open_store());
  auto locker = sqlite::Database::open(folder_ / "tokometer.db", sqlite::Database::Mode::kReadWrite, milliseconds(0));
  ASSERT_TRUE(locker);
  const OpenStore open = [&] { return sqlite::open({.file = folder_ / "tokometer.db", .busy = milliseconds(1)}); };
  std::optional<Ingest> ingest;
  {
    const auto lock = sqlite::Transaction::begin(*locker);
    ASSERT_TRUE(lock);
    ingest.emplace(*journal_, open, IngestOptions{.limits = {.first_retry = milliseconds(1)}}, system_clock(), log_);
    append(0, 20);
    EXPECT_FALSE(ingest->flush(milliseconds(100)));
    EXPECT_GT(ingest->stats().failures, 0U);
  }
  EXPECT_TRUE(ingest->flush(milliseconds(20'000)));
  ingest->stop();
  expect_stored(20);
}

TEST_F(IngestTest, RecordsThatAreNoEventsArePassed) {
  append(0, 5);
  const auto numbers = event::list_segments(journal_->folder());
  journal_.reset();
  std::string record(event::kRecordHeaderBytes, '\0');
  record += "sound, but no event";
  event::seal_record(record);
  std::ofstream(event::segment_path(folder_ / "journal", numbers.back()), std::ios::binary | std::ios::app) << record;
  journal_ = open_journal();
  append(5, 10);
  Ingest ingest(*journal_, opener(), {}, system_clock(), log_);
  EXPECT_TRUE(ingest.flush(milliseconds(20'000)));
  EXPECT_EQ(ingest.stats().unreadable, 1U);
  EXPECT_EQ(ingest.stats().stored, 10U);
}

TEST_F(IngestTest, OldEventsGo) {
  append(0, 100);
  const FixedClock clock(sample_event(60).started_at + std::chrono::hours(24));
  Ingest ingest(*journal_, opener(), {.retention = {.max_age = std::chrono::hours(24)}}, clock, log_);
  EXPECT_TRUE(ingest.flush(milliseconds(20'000)));
  ingest.stop();
  EXPECT_EQ(ingest.stats().purged, 60U);
}

TEST_F(IngestTest, OnlySoManyEventsStay) {
  append(0, 100);
  Ingest ingest(*journal_, opener(), {.retention = {.max_events = 25}}, system_clock(), log_);
  EXPECT_TRUE(ingest.flush(milliseconds(20'000)));
  ingest.stop();
  EXPECT_EQ(ingest.stats().purged, 75U);
  const auto span = (*open_store())->span();
  EXPECT_EQ((*span)->first, sample_event(75).started_at);
}

TEST_F(IngestTest, KilledAtAnyMomentItLosesAndDoublesNothing) {
  journal_.reset();
  std::uint64_t appended = 0;
  for (int round = 0; round < 30; ++round) {
    int pipe_ends[2];
    ASSERT_EQ(::pipe(pipe_ends), 0);
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      journal_ = open_journal({.segment_bytes = 16 * 1024});
      if (!journal_) ::_exit(1);
      const Ingest ingest(*journal_, opener(), {.limits = {.batch_events = 16, .gather = milliseconds(0)}},
                          system_clock(), log_);
      for (std::uint64_t i = appended;; ++i) {
        if (!journal_->append(sample_event(i))) ::_exit(1);
        const std::uint64_t count = i + 1;
        if (::write(pipe_ends[1], &count, sizeof count) != sizeof count) ::_exit(1);
      }
    }
    ::close(pipe_ends[1]);
    // Not all at the start of the child's life: some get through many batches.
    ::usleep(static_cast<useconds_t>(1000 + round * 2500));
    ::kill(child, SIGKILL);
    int status = 0;
    ::waitpid(child, &status, 0);
    ASSERT_TRUE(WIFSIGNALED(status));
    std::uint64_t told = appended;
    while (::read(pipe_ends[0], &told, sizeof told) == sizeof told) {
    }
    ::close(pipe_ends[0]);

    auto store = open_store();
    ASSERT_TRUE(store);
    const auto caught = catch_up(folder_ / "journal", **store);
    ASSERT_TRUE(caught) << caught.error().message;
    // At most one was written without anybody hearing of it.
    const auto rows = (*store)->check(false);
    ASSERT_TRUE(rows);
    const auto stored = static_cast<std::uint64_t>(rows->events);
    EXPECT_GE(stored, told);
    EXPECT_LE(stored, told + 1);
    appended = stored;
  }
  EXPECT_GT(appended, 100U);
  expect_stored(appended);
}

}  // namespace
}  // namespace tokometer::store
