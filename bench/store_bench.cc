// What an event costs the store, by the size of the batches it comes in, and
// what a report costs over many events.
//
//   store_bench            # into a temporary folder, deleted afterwards
#include <benchmark/benchmark.h>

#include <filesystem>
#include <string>
#include <vector>

#include "event/event_samples.h"
#include "store/sqlite/sqlite_store.h"

namespace {

using namespace tokometer;

class TemporaryStore {
 public:
  TemporaryStore() {
    std::string name = (std::filesystem::temp_directory_path() / "store-bench-XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
    store_ = *store::sqlite::open({.file = folder_ / "store.db"});
  }
  ~TemporaryStore() {
    store_.reset();
    std::filesystem::remove_all(folder_);
  }
  TemporaryStore(const TemporaryStore&) = delete;
  TemporaryStore& operator=(const TemporaryStore&) = delete;
  store::Store& operator*() const { return *store_; }
  store::Store* operator->() const { return store_.get(); }
  std::uintmax_t bytes() const { return std::filesystem::file_size(folder_ / "store.db"); }

 private:
  std::filesystem::path folder_;
  std::unique_ptr<store::Store> store_;
};

// Events as a busy proxy makes them: in order, some hundred microseconds apart.
std::vector<event::Event> batch(std::uint64_t from, std::uint64_t size) {
  std::vector<event::Event> events;
  for (std::uint64_t i = from; i < from + size; ++i) {
    event::Event event = event::sample_event(i);
    event.started_at = *parse_rfc3339("2026-03-01") + std::chrono::microseconds(i * 400);
    event.id = event::imported_id(event.started_at, std::to_string(i));
    events.push_back(std::move(event));
  }
  return events;
}

void insert(benchmark::State& state) {
  const TemporaryStore store;
  const auto size = static_cast<std::uint64_t>(state.range(0));
  std::uint64_t next = 0;
  for (auto unused : state) {
    (void)unused;
    state.PauseTiming();
    const auto events = batch(next, size);
    next += size;
    state.ResumeTiming();
    benchmark::DoNotOptimize(store->insert(events, nullptr));
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
  state.counters["bytes_per_event"] = static_cast<double>(store.bytes()) / static_cast<double>(next);
}
BENCHMARK(insert)->Arg(1)->Arg(100)->Arg(5000)->MeasureProcessCPUTime();

// 500,000 events over a year.
const TemporaryStore& a_year() {
  static const TemporaryStore store;
  static const bool filled = [] {
    for (std::uint64_t i = 0; i < 500'000; i += 5000) {
      std::vector<event::Event> events;
      for (std::uint64_t k = i; k < i + 5000; ++k) {
        events.push_back(event::sample_event(k * 63));
        events.back().session_id = "session-" + std::to_string(k / 20);
      }
      (void)store->insert(events, nullptr);
    }
    return true;
  }();
  (void)filled;
  return store;
}

void report_daily(benchmark::State& state) {
  const TemporaryStore& store = a_year();
  store::ReportQuery query{.group = store::Group::kModel};
  for (int day = 0; day < 365; ++day) {
    query.periods.push_back(*parse_rfc3339("2026-03-01T00:00:00+01:00") + std::chrono::hours(24 * day));
  }
  for (auto unused : state) {
    (void)unused;
    benchmark::DoNotOptimize(store->report(query));
  }
}
BENCHMARK(report_daily)->Unit(benchmark::kMillisecond);

void report_by_model(benchmark::State& state) {
  const TemporaryStore& store = a_year();
  for (auto unused : state) {
    (void)unused;
    benchmark::DoNotOptimize(store->report({.group = store::Group::kModel}));
  }
}
BENCHMARK(report_by_model)->Unit(benchmark::kMillisecond);

void report_by_session(benchmark::State& state) {
  const TemporaryStore& store = a_year();
  for (auto unused : state) {
    (void)unused;
    benchmark::DoNotOptimize(store->report({.group = store::Group::kSession}));
  }
}
BENCHMARK(report_by_session)->Unit(benchmark::kMillisecond);

void newest_events(benchmark::State& state) {
  const TemporaryStore& store = a_year();
  for (auto unused : state) {
    (void)unused;
    (void)store->query({}, store::Order::kNewestFirst, 50, [](const event::Event& event) {
      benchmark::DoNotOptimize(event.id);
      return true;
    });
  }
}
BENCHMARK(newest_events)->Unit(benchmark::kMillisecond);

}  // namespace

BENCHMARK_MAIN();
