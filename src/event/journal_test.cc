#include "event/journal.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <set>
#include <thread>
#include <tuple>

#include "event/codec.h"
#include "event/event_json.h"
#include "event/event_samples.h"
#include "event/journal_format.h"
#include "event/journal_reader.h"

namespace tokometer::event {
namespace {

namespace fs = std::filesystem;

class TestClock final : public Clock {
 public:
  UtcTime now() const override { return wall; }
  SteadyTime steady() const override { return SteadyTime(std::chrono::milliseconds(steady_ms.load())); }

  UtcTime wall = *parse_rfc3339("2026-11-22T20:00:00Z");
  std::atomic<std::int64_t> steady_ms = 1000;
};

class JournalTest : public testing::Test {
 protected:
  JournalTest() {
    std::string name = (fs::temp_directory_path() / "tokometer-journal-XXXXXX").string();
    root_ = ::mkdtemp(name.data());
    folder_ = root_ / "journal";
  }
  ~JournalTest() override {
    std::error_code error;
    fs::permissions(folder_, fs::perms::owner_all, error);
    fs::remove_all(root_, error);
  }

  std::unique_ptr<Journal> open(JournalLimits limits = {}, Sync sync = Sync::kNever) {
    auto journal = Journal::open({.folder = folder_, .sync = sync, .limits = limits}, clock_, log_);
    if (!journal) ADD_FAILURE() << journal.error().message;
    return journal ? std::move(*journal) : nullptr;
  }

  // The indexes of the sample events that a reader finds from `from` on.
  std::vector<std::string> read_all(Position from = {}) {
    JournalReader reader(folder_, from);
    std::vector<std::string> ids;
    for (;;) {
      const auto record = reader.next();
      if (!record) {
        ADD_FAILURE() << record.error().message;
        break;
      }
      if (!*record) break;
      const auto event = decode(**record);
      EXPECT_TRUE(event);
      if (event) ids.push_back(event->id.text());
    }
    skipped_ = reader.skipped_bytes();
    return ids;
  }

  static std::vector<std::string> ids(std::uint64_t from, std::uint64_t to) {
    std::vector<std::string> result;
    for (std::uint64_t i = from; i < to; ++i) result.push_back(sample_event(i).id.text());
    return result;
  }

  fs::path only_segment() const {
    const auto numbers = list_segments(folder_);
    EXPECT_EQ(numbers.size(), 1U);
    return segment_path(folder_, numbers.front());
  }

  fs::path root_;
  fs::path folder_;
  TestClock clock_;
  std::vector<std::string> logged_;
  Log log_{LogLevel::kDebug, [this](LogLevel, std::string_view line) { logged_.emplace_back(line); }};
  std::uint64_t skipped_ = 0;
};

// Lowers the size that files of this process may have; as a full disk, it lets
// a write do a part of its work.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) {
    std::signal(SIGXFSZ, SIG_IGN);
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit{bytes, before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() { ::setrlimit(RLIMIT_FSIZE, &before_); }

 private:
  rlimit before_{};
};

TEST_F(JournalTest, KeepsEventsInOrder) {
  auto journal = open();
  for (std::uint64_t i = 0; i < 10; ++i) ASSERT_TRUE(journal->append(sample_event(i)));
  EXPECT_EQ(read_all(), ids(0, 10));
  EXPECT_EQ(journal->stats().appended, 10U);
  EXPECT_TRUE(journal->stats().healthy);
}

TEST_F(JournalTest, PositionsAreWhereReadersGoOn) {
  auto journal = open();
  std::ignore = journal->append(sample_event(0));
  const auto after = journal->append(sample_event(1));
  ASSERT_TRUE(after);
  EXPECT_EQ(*after, journal->end());
  std::ignore = journal->append(sample_event(2));
  EXPECT_EQ(read_all(*after), ids(2, 3));
  EXPECT_EQ(read_all(journal->end()), ids(0, 0));
}

TEST_F(JournalTest, ARunWithoutEventsLeavesNoGapForReaders) {
  Position cursor;
  {
    auto journal = open();
    journal->maintain();  // makes the first segment
    cursor = journal->end();
    journal->set_cursor("store", cursor);
  }
  clock_.wall += std::chrono::seconds(1);
  auto journal = open();
  ASSERT_TRUE(journal->append(sample_event(1)));
  JournalReader reader(folder_, cursor);
  const auto record = reader.next();
  ASSERT_TRUE(record);
  EXPECT_TRUE(*record);
  EXPECT_EQ(reader.missing_segments(), 0U);
}

TEST_F(JournalTest, FilesAreForTheirOwnerOnly) {
  auto journal = open();
  std::ignore = journal->append(sample_event(0));
  struct stat info{};
  ASSERT_EQ(::stat(folder_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0700U);
  ASSERT_EQ(::stat(only_segment().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600U);
}

TEST_F(JournalTest, ASecondWriterIsRefused) {
  auto journal = open();
  const auto second = Journal::open({.folder = folder_}, clock_, log_);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::kIo);
  EXPECT_NE(second.error().message.find("in use by process " + std::to_string(::getpid())), std::string::npos)
      << second.error().message;
  journal.reset();
  EXPECT_TRUE(Journal::open({.folder = folder_}, clock_, log_)) << "the lock goes with its holder";
}

TEST_F(JournalTest, RotatesAndReadersFollow) {
  auto journal = open({.segment_bytes = 4096});
  JournalReader reader(folder_);
  std::vector<std::string> seen;
  for (std::uint64_t i = 0; i < 200; ++i) {
    ASSERT_TRUE(journal->append(sample_event(i)));
    if (i % 7 != 0) continue;
    while (auto record = *reader.next()) seen.push_back(decode(*record)->id.text());
  }
  while (auto record = *reader.next()) seen.push_back(decode(*record)->id.text());
  EXPECT_EQ(seen, ids(0, 200));
  EXPECT_EQ(reader.position(), journal->end());
  EXPECT_GT(list_segments(folder_).size(), 10U);
  EXPECT_EQ(reader.missing_segments(), 0U);
}

TEST_F(JournalTest, EveryTornTailIsCutOff) {
  auto journal = open();
  for (std::uint64_t i = 0; i < 3; ++i) std::ignore = journal->append(sample_event(i));
  const auto whole = journal->end().offset;
  std::ignore = journal->append(sample_event(3));
  const auto size = journal->end().offset;
  journal.reset();
  const fs::path saved = root_ / "saved";
  const fs::path segment = only_segment();
  fs::copy_file(segment, saved);
  for (auto cut = whole + 1; cut < size; ++cut) {
    fs::remove_all(folder_);
    fs::create_directory(folder_);
    fs::copy_file(saved, segment);
    fs::resize_file(segment, cut);
    EXPECT_EQ(read_all(), ids(0, 3)) << "a reader waits for the rest";
    EXPECT_EQ(skipped_, 0U);
    auto again = open();
    EXPECT_EQ(again->stats().recovered_bytes, cut - whole);
    EXPECT_EQ(fs::file_size(segment), whole);
    ASSERT_TRUE(again->append(sample_event(4)));
    auto expected = ids(0, 3);
    expected.push_back(sample_event(4).id.text());
    EXPECT_EQ(read_all(), expected) << cut;
    EXPECT_EQ(skipped_, 0U);
  }
}

TEST_F(JournalTest, TornHeadersLeaveNothingBehind) {
  for (std::size_t size = 0; size < kSegmentHeaderBytes; ++size) {
    fs::remove_all(folder_);
    fs::create_directory(folder_);
    std::ofstream(segment_path(folder_, 5), std::ios::binary) << segment_header(5).substr(0, size);
    auto journal = open();
    ASSERT_TRUE(journal->append(sample_event(0)));
    EXPECT_EQ(read_all(), ids(0, 1)) << size;
    EXPECT_EQ(list_segments(folder_).size(), 1U);
  }
}

TEST_F(JournalTest, DamageInTheMiddleCostsOnlyWhatItHits) {
  auto journal = open();
  std::vector<Position> ends;
  for (std::uint64_t i = 0; i < 5; ++i) ends.push_back(*journal->append(sample_event(i)));
  const fs::path segment = only_segment();
  journal.reset();
  const fs::path saved = root_ / "saved";
  fs::copy_file(segment, saved);
  // Every byte of the third record, and of the header.
  std::vector<std::uint64_t> places;
  for (std::uint64_t at = ends[1].offset; at < ends[2].offset; ++at) places.push_back(at);
  for (std::uint64_t at = 0; at < kSegmentHeaderBytes; ++at) places.push_back(at);
  for (const std::uint64_t at : places) {
    fs::copy_file(saved, segment, fs::copy_options::overwrite_existing);
    {
      std::fstream file(segment, std::ios::binary | std::ios::in | std::ios::out);
      file.seekg(static_cast<std::streamoff>(at));
      const auto byte = static_cast<char>(file.get() ^ 0x80);
      file.seekp(static_cast<std::streamoff>(at));
      file.put(byte);
    }
    const bool in_version = at >= 8 && at < 12;
    if (in_version) {
      JournalReader reader(folder_);
      EXPECT_EQ(reader.next().error().code, ErrorCode::kUnsupported);
      continue;
    }
    auto expected = ids(0, 5);
    if (at >= kSegmentHeaderBytes) expected.erase(expected.begin() + 2);
    EXPECT_EQ(read_all(), expected) << at;
    EXPECT_GT(skipped_, 0U);
  }
}

TEST_F(JournalTest, DamageAtTheEndOfAFinalSegmentIsPassed) {
  auto journal = open({.segment_bytes = 2000});
  for (std::uint64_t i = 0; i < 10; ++i) std::ignore = journal->append(sample_event(i));
  const auto numbers = list_segments(folder_);
  ASSERT_GT(numbers.size(), 2U);
  const fs::path first = segment_path(folder_, numbers[0]);
  fs::resize_file(first, fs::file_size(first) - 1);
  const auto seen = read_all();
  EXPECT_LT(seen.size(), 10U);
  EXPECT_EQ(seen.back(), sample_event(9).id.text());
  EXPECT_GT(skipped_, 0U);
}

TEST_F(JournalTest, SegmentsGoWhenEveryCursorHasPassedThem) {
  auto journal = open({.segment_bytes = 4096});
  for (std::uint64_t i = 0; i < 50; ++i) std::ignore = journal->append(sample_event(i));
  const auto all = list_segments(folder_);
  journal->set_cursor("store", {all[3], 100});
  EXPECT_EQ(list_segments(folder_).front(), all[3]);
  journal->set_cursor("otel", {all[1], 0});
  journal->set_cursor("store", {all[5], 0});
  EXPECT_EQ(list_segments(folder_).front(), all[3]) << "the slower one holds it";
  journal->set_cursor("otel", journal->end());
  EXPECT_EQ(list_segments(folder_).front(), all[5]);
  journal->set_cursor("store", journal->end());
  EXPECT_EQ(list_segments(folder_).size(), 1U) << "the one being written stays";
  EXPECT_EQ(journal->stats().lag_bytes, 0U);
  EXPECT_EQ(journal->stats().lost_bytes, 0U);
}

TEST_F(JournalTest, TheTotalLimitCostsTheOldest) {
  auto journal = open({.segment_bytes = 4096, .total_bytes = 20'000});
  journal->set_cursor("store", {});
  for (std::uint64_t i = 0; i < 200; ++i) std::ignore = journal->append(sample_event(i));
  EXPECT_LE(journal->stats().bytes, 20'000U + 4096U);
  EXPECT_GT(journal->stats().lost_bytes, 0U);
  EXPECT_FALSE(logged_.empty());
  const auto seen = read_all();
  EXPECT_EQ(seen, ids(200 - seen.size(), 200));
  JournalReader reader(folder_, {1, 0});
  std::ignore = reader.next();
  EXPECT_EQ(reader.missing_segments(), 1U);
}

TEST_F(JournalTest, AFullDiskKeepsEventsInMemoryUntilThereIsRoom) {
  auto journal = open();
  std::uint64_t written = 0;
  {
    // Not a whole number of records: the last write does only a part.
    const FileSizeLimit full(5000);
    while (journal->append(sample_event(written))) ++written;
    ASSERT_GT(written, 2U);
    EXPECT_FALSE(journal->append(sample_event(written + 1)));
    EXPECT_EQ(journal->stats().waiting, 2U);
    EXPECT_FALSE(journal->stats().healthy);
    EXPECT_EQ(read_all(), ids(0, written)) << "no half record";
    EXPECT_EQ(skipped_, 0U);
    clock_.steady_ms += 1000;
    journal->maintain();
    EXPECT_FALSE(journal->stats().healthy);
  }
  EXPECT_FALSE(journal->append(sample_event(written + 2))) << "not before retry_after";
  clock_.steady_ms += 1000;
  ASSERT_TRUE(journal->append(sample_event(written + 3)));
  EXPECT_EQ(read_all(), ids(0, written + 4));
  const JournalStats stats = journal->stats();
  EXPECT_TRUE(stats.healthy);
  EXPECT_EQ(stats.appended, written + 4);
  EXPECT_EQ(stats.failed, 3U);
  EXPECT_EQ(stats.waiting, 0U);
  EXPECT_EQ(stats.dropped, 0U);
  EXPECT_EQ(logged_.size(), 2U) << "once down, once up";
}

TEST_F(JournalTest, MaintainWritesWhatWaits) {
  auto journal = open();
  {
    const FileSizeLimit full(100);
    EXPECT_FALSE(journal->append(sample_event(0)));
  }
  clock_.steady_ms += 1000;
  journal->maintain();
  EXPECT_EQ(read_all(), ids(0, 1));
}

TEST_F(JournalTest, MemoryIsBounded) {
  auto journal = open({.memory_bytes = 3000});
  const FileSizeLimit full(100);
  for (std::uint64_t i = 0; i < 100; ++i) EXPECT_FALSE(journal->append(sample_event(i)));
  const JournalStats stats = journal->stats();
  EXPECT_EQ(stats.waiting + stats.dropped, 100U);
  EXPECT_GT(stats.waiting, 2U);
  EXPECT_LT(stats.waiting, 20U);
}

TEST_F(JournalTest, AFolderThatCannotBeMadeComesLater) {
  // A file where a folder must be: also root is refused here.
  std::ofstream(root_ / "file").put('x');
  folder_ = root_ / "file" / "journal";
  auto journal = open();
  EXPECT_FALSE(journal->stats().healthy);
  EXPECT_FALSE(journal->append(sample_event(0)));
  fs::remove(root_ / "file");
  clock_.steady_ms += 1000;
  EXPECT_TRUE(journal->append(sample_event(1)));
  EXPECT_EQ(read_all(), ids(0, 2));
}

TEST_F(JournalTest, AReadOnlyFolderNeverStopsAnybody) {
  if (::geteuid() == 0) GTEST_SKIP() << "root may write everywhere";
  fs::create_directory(folder_);
  fs::permissions(folder_, fs::perms::owner_read | fs::perms::owner_exec);
  auto journal = open();
  EXPECT_FALSE(journal->append(sample_event(0)));
  EXPECT_EQ(journal->stats().waiting, 1U);
  fs::permissions(folder_, fs::perms::owner_all);
  clock_.steady_ms += 1000;
  journal->maintain();
  EXPECT_EQ(read_all(), ids(0, 1));
}

TEST_F(JournalTest, AVanishedFolderIsMadeAnew) {
  auto journal = open();
  JournalReader reader(folder_);
  std::ignore = journal->append(sample_event(0));
  ASSERT_TRUE(*reader.next());
  fs::remove_all(folder_);
  std::ignore = journal->append(sample_event(1));
  clock_.steady_ms += 1000;
  journal->maintain();
  ASSERT_TRUE(journal->append(sample_event(2)));
  EXPECT_EQ(read_all(), ids(2, 3));
  // Who was following has the old file open, and loses nothing.
  EXPECT_EQ(decode(**reader.next())->id, sample_event(1).id);
  EXPECT_EQ(decode(**reader.next())->id, sample_event(2).id);
  EXPECT_FALSE(Journal::open({.folder = folder_}, clock_, log_)) << "the lock is there again, too";
}

TEST_F(JournalTest, ADeletedFolderAndAClockSetBackKeepPositionsInOrder) {
  auto journal = open();
  std::ignore = journal->append(sample_event(0));
  const Position stored = journal->end();
  journal.reset();
  fs::remove_all(folder_);
  clock_.wall -= std::chrono::hours(24);
  journal = open();
  journal->set_cursor("store", stored);
  std::ignore = journal->append(sample_event(1));
  EXPECT_EQ(read_all(stored), ids(1, 2));
}

TEST_F(JournalTest, TooLargeAnEventIsDropped) {
  auto journal = open();
  Event event = full_event();
  event.usage.details.assign(kMaxRecordBytes, ' ');
  const auto appended = journal->append(event);
  ASSERT_FALSE(appended);
  EXPECT_EQ(appended.error().code, ErrorCode::kTooLarge);
  EXPECT_EQ(journal->stats().dropped, 1U);
  EXPECT_TRUE(journal->append(sample_event(0)));
  EXPECT_TRUE(journal->stats().healthy);
}

TEST_F(JournalTest, SyncsWhereItIsAskedTo) {
  for (const Sync sync : {Sync::kEach, Sync::kInterval}) {
    auto journal = open({}, sync);
    ASSERT_TRUE(journal->append(sample_event(0)));
    clock_.steady_ms += 2000;
    journal->maintain();
    ASSERT_TRUE(journal->append(sample_event(1)));
  }
  EXPECT_EQ(read_all().size(), 4U);
}

TEST_F(JournalTest, WaitReturnsWhenSomethingComes) {
  auto journal = open();
  EXPECT_EQ(journal->wait(0, std::chrono::milliseconds(1)), 0U);
  std::jthread appender([&] { std::ignore = journal->append(sample_event(0)); });
  EXPECT_EQ(journal->wait(0, std::chrono::seconds(20)), 1U);
}

TEST_F(JournalTest, ManyThreadsAppendAndOneFollows) {
  constexpr std::uint64_t kThreads = 4;
  constexpr std::uint64_t kEach = 300;
  // A loaded machine may stop the thread that holds the lock for long.
  auto journal = open({.segment_bytes = 32 * 1024, .slow_append = std::chrono::minutes(1)});
  std::set<std::string> seen;
  {
    std::vector<std::jthread> threads;
    for (std::uint64_t thread = 0; thread < kThreads; ++thread) {
      threads.emplace_back([&, thread] {
        for (std::uint64_t i = 0; i < kEach; ++i) EXPECT_TRUE(journal->append(sample_event(thread * kEach + i)));
      });
    }
    JournalReader reader(folder_);
    std::uint64_t count = 0;
    while (seen.size() < kThreads * kEach) {
      while (auto record = *reader.next()) EXPECT_TRUE(seen.insert(decode(*record)->id.text()).second);
      journal->set_cursor("test", reader.position());
      if (seen.size() < kThreads * kEach) count = journal->wait(count, std::chrono::milliseconds(100));
      (void)journal->stats();
    }
    EXPECT_EQ(reader.skipped_bytes(), 0U);
  }
  EXPECT_EQ(journal->stats().appended, kThreads * kEach);
}

TEST_F(JournalTest, EveryAppendThatReturnedSurvivesKill) {
  for (int round = 0; round < 20; ++round) {
    int pipe_ends[2];
    ASSERT_EQ(::pipe(pipe_ends), 0);
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      auto journal = Journal::open({.folder = folder_, .limits = {.segment_bytes = 8192}}, clock_, log_);
      for (std::uint64_t i = 0;; ++i) {
        if (!journal || !(*journal)->append(sample_event(i))) ::_exit(1);
        // Only now does the "client" hear of it.
        if (::write(pipe_ends[1], &i, sizeof i) != sizeof i) ::_exit(1);
      }
    }
    ::close(pipe_ends[1]);
    std::uint64_t last = 0;
    const auto enough = static_cast<std::uint64_t>(5 + 37 * round);
    while (last < enough && ::read(pipe_ends[0], &last, sizeof last) == sizeof last) {
    }
    ::kill(child, SIGKILL);
    while (::read(pipe_ends[0], &last, sizeof last) == sizeof last) {
    }
    ::close(pipe_ends[0]);
    int status = 0;
    ::waitpid(child, &status, 0);
    ASSERT_TRUE(WIFSIGNALED(status));
    auto journal = open();
    const auto seen = read_all();
    ASSERT_GT(seen.size(), last);
    EXPECT_EQ(seen, ids(0, seen.size()));
    journal.reset();
    fs::remove_all(folder_);
  }
}

}  // namespace
}  // namespace tokometer::event
