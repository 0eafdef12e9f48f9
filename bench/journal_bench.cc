// What an event costs on the way of the response: encoding, checksum, append;
// alone and with several threads, with and without somebody following.
//
//   journal_bench            # into a temporary folder, deleted afterwards
#include <benchmark/benchmark.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "event/codec.h"
#include "event/crc32c.h"
#include "event/event_samples.h"
#include "event/journal.h"
#include "event/journal_reader.h"

namespace {

using namespace tokometer;

std::vector<event::Event> samples() {
  std::vector<event::Event> events;
  for (std::uint64_t i = 0; i < 1000; ++i) events.push_back(event::sample_event(i));
  return events;
}

void encode_event(benchmark::State& state) {
  const auto events = samples();
  std::size_t i = 0;
  std::size_t bytes = 0;
  for (auto unused : state) {
    (void)unused;
    std::string out;
    event::encode(events[i++ % events.size()], out);
    bytes += out.size();
    benchmark::DoNotOptimize(out);
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(bytes));
}
BENCHMARK(encode_event);

void decode_event(benchmark::State& state) {
  std::string bytes;
  event::encode(event::full_event(), bytes);
  for (auto unused : state) {
    (void)unused;
    benchmark::DoNotOptimize(event::decode(bytes));
  }
}
BENCHMARK(decode_event);

void checksum_of_a_kilobyte(benchmark::State& state) {
  const std::string bytes(1024, 'x');
  for (auto unused : state) {
    (void)unused;
    benchmark::DoNotOptimize(event::crc32c(bytes));
  }
  state.SetBytesProcessed(state.iterations() * 1024);
}
BENCHMARK(checksum_of_a_kilobyte);

// One journal for all threads of a benchmark.
class AppendFixture : public benchmark::Fixture {
 public:
  void SetUp(const benchmark::State& state) override {
    if (state.thread_index() != 0) return;
    std::string name = (std::filesystem::temp_directory_path() / "journal-bench-XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
    events_ = samples();
    journal_ = *event::Journal::open({.folder = folder_}, system_clock(), log_);
    // As a proxy with a store has it: what is passed goes.
    journal_->set_cursor("bench", {});
  }
  void TearDown(const benchmark::State& state) override {
    if (state.thread_index() != 0) return;
    journal_.reset();
    std::filesystem::remove_all(folder_);
  }

 protected:
  std::filesystem::path folder_;
  Log log_{LogLevel::kOff};
  std::vector<event::Event> events_;
  std::unique_ptr<event::Journal> journal_;
};

BENCHMARK_DEFINE_F(AppendFixture, append)(benchmark::State& state) {
  std::size_t i = 0;
  for (auto unused : state) {
    (void)unused;
    benchmark::DoNotOptimize(journal_->append(events_[i++ % events_.size()]));
    if (state.thread_index() == 0 && i % 16384 == 0) journal_->set_cursor("bench", journal_->end());
  }
}
BENCHMARK_REGISTER_F(AppendFixture, append)->Threads(1)->Threads(2)->UseRealTime()->MeasureProcessCPUTime();

void read_events(benchmark::State& state) {
  std::string name = (std::filesystem::temp_directory_path() / "journal-bench-XXXXXX").string();
  const std::filesystem::path folder = ::mkdtemp(name.data());
  Log log(LogLevel::kOff);
  auto journal = *event::Journal::open({.folder = folder}, system_clock(), log);
  for (const event::Event& event : samples()) (void)journal->append(event);
  for (auto unused : state) {
    (void)unused;
    event::JournalReader reader(folder);
    while (auto record = *reader.next()) benchmark::DoNotOptimize(event::decode(*record));
  }
  state.SetItemsProcessed(state.iterations() * 1000);
  journal.reset();
  std::filesystem::remove_all(folder);
}
BENCHMARK(read_events);

}  // namespace

BENCHMARK_MAIN();
