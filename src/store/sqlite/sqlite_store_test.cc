#include "store/sqlite/sqlite_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <random>
#include <set>
#include <thread>

#include "event/event_json.h"
#include "event/event_samples.h"
#include "store/sqlite/database.h"
#include "store/sqlite/quota_rows.h"
#include "store/sqlite/schema.h"

namespace tokometer::store::sqlite {
namespace {

namespace fs = std::filesystem;
using event::Event;
using event::full_event;
using event::sample_event;

UtcTime at(std::string_view text) { return *parse_rfc3339(text); }

class SqliteStoreTest : public testing::Test {
 protected:
  SqliteStoreTest() {
    std::string name = (fs::temp_directory_path() / "tokometer-store-XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
    file_ = folder_ / "tokometer.db";
  }
  ~SqliteStoreTest() override {
    std::error_code error;
    fs::remove_all(folder_, error);
  }

  std::unique_ptr<Store> open(bool read_only = false) {
    auto store = sqlite::open({.file = file_, .read_only = read_only});
    if (!store) ADD_FAILURE() << store.error().message;
    return store ? std::move(*store) : nullptr;
  }

  static std::vector<Event> samples(std::uint64_t from, std::uint64_t to, std::uint64_t step = 1) {
    std::vector<Event> events;
    for (std::uint64_t i = from; i < to; i += step) events.push_back(sample_event(i));
    return events;
  }

  static std::vector<std::string> ids(Store& store, const Filter& filter, Order order = Order::kOldestFirst,
                                      std::size_t limit = 100'000) {
    std::vector<std::string> result;
    const auto done = store.query(filter, order, limit, [&](const Event& event) {
      result.push_back(event.id.text());
      return true;
    });
    EXPECT_TRUE(done) << done.error().message;
    return result;
  }

  // What report() must give, added up event by event.
  static std::map<std::pair<std::size_t, std::string>, Totals> expected(const std::vector<Event>& events,
                                                                        const ReportQuery& query) {
    std::map<std::pair<std::size_t, std::string>, Totals> rows;
    for (const Event& event : events) {
      if (!matches(query.filter, event)) continue;
      const auto next = std::ranges::upper_bound(query.periods, event.started_at);
      if (!query.periods.empty() && next == query.periods.begin()) continue;
      const std::size_t period = query.periods.empty() ? 0 : static_cast<std::size_t>(next - query.periods.begin()) - 1;
      const std::string names[] = {"",           event.provider, std::string(event::model(event)),
                                   event.client, event.project,  event.session_id};
      Totals totals;
      totals.add(event);
      if (totals.calls > 0) rows[{period, names[static_cast<std::size_t>(query.group)]}].add(totals);
    }
    return rows;
  }

  static void expect_report(Store& store, const std::vector<Event>& events, const ReportQuery& query) {
    const auto rows = store.report(query);
    ASSERT_TRUE(rows) << rows.error().message;
    const auto wanted = expected(events, query);
    ASSERT_EQ(rows->size(), wanted.size());
    auto next = wanted.begin();
    for (const ReportRow& row : *rows) {
      EXPECT_EQ(row.period, next->first.first);
      EXPECT_EQ(row.name, next->first.second);
      EXPECT_EQ(row.totals, next->second) << row.name;
      ++next;
    }
  }

  static void expect_sound(Store& store, std::int64_t events) {
    const auto report = store.check(true);
    ASSERT_TRUE(report) << report.error().message;
    EXPECT_EQ(report->problems, std::vector<std::string>());
    EXPECT_EQ(report->events, events);
  }

  void execute(const std::string& sql) {
    auto database = Database::open(file_, Database::Mode::kReadWrite, std::chrono::milliseconds(0));
    ASSERT_TRUE(database);
    const auto done = database->execute(sql);
    ASSERT_TRUE(done) << done.error().message;
  }

  fs::path folder_;
  fs::path file_;
};

TEST_F(SqliteStoreTest, KeepsEveryField) {
  auto store = open();
  const std::vector<Event> events = {full_event(), sample_event(1)};
  const auto inserted = store->insert(events, nullptr);
  ASSERT_TRUE(inserted) << inserted.error().message;
  EXPECT_EQ(inserted->added, 2U);
  for (const Event& event : events) {
    const auto found = store->find(event.id);
    ASSERT_TRUE(found && *found);
    EXPECT_EQ(event::to_json(**found), event::to_json(event));
  }
  EXPECT_FALSE(*store->find(sample_event(2).id));
}

TEST_F(SqliteStoreTest, FindsAnIdWhateverTimeItSays) {
  auto store = open();
  std::vector<Event> events;
  for (const auto& age : {std::chrono::hours(0), std::chrono::hours(5), std::chrono::hours(500)}) {
    Event event = sample_event(static_cast<std::uint64_t>(age.count()));
    event.id = event::imported_id(event.started_at + age, "later");
    events.push_back(event);
  }
  ASSERT_TRUE(store->insert(events, nullptr));
  for (const Event& event : events) EXPECT_TRUE(*store->find(event.id));
}

TEST_F(SqliteStoreTest, CountsTheSameEventOnce) {
  auto store = open();
  ASSERT_TRUE(store->insert(samples(0, 50), nullptr));
  const auto again = store->insert(samples(25, 75), nullptr);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->added, 25U);
  EXPECT_EQ(again->repeated, 25U);
  EXPECT_EQ(ids(*store, {}).size(), 75U);
  expect_report(*store, samples(0, 75), {.group = Group::kModel});
  expect_sound(*store, 75);
}

TEST_F(SqliteStoreTest, AnEventMayTakeThePlaceOfAnother) {
  auto store = open();
  for (const bool together : {true, false}) {
    auto events = samples(together ? 0 : 10, together ? 2 : 12);
    for (Event& event : events) {
      event.billable = true;
      event.cost_picodollars = 5'000'000;
      event.project = "same";
    }
    events[1].replaces = events[0].id.text();
    if (together) {
      ASSERT_TRUE(store->insert(events, nullptr));
    } else {
      ASSERT_TRUE(store->insert(std::span(events).first(1), nullptr));
      ASSERT_TRUE(store->insert(std::span(events).last(1), nullptr));
    }
    const auto replaced = store->find(events[0].id);
    ASSERT_TRUE(replaced && *replaced);
    EXPECT_FALSE((*replaced)->billable);
    EXPECT_FALSE((*replaced)->cost_picodollars);
    EXPECT_EQ((*replaced)->usage.input_tokens, events[0].usage.input_tokens);
  }
  const auto rows = store->report({});
  ASSERT_TRUE(rows);
  ASSERT_EQ(rows->size(), 1U);
  EXPECT_EQ(rows->front().totals.calls, 2);
  const auto checked = store->check(true);
  ASSERT_TRUE(checked);
  EXPECT_THAT(checked->problems, testing::IsEmpty());
}

TEST_F(SqliteStoreTest, WhatIsReplacedMayBeGone) {
  auto store = open();
  Event event = sample_event(1);
  event.replaces = sample_event(0).id.text();
  ASSERT_TRUE(store->insert(std::span(&event, 1), nullptr));
  event = sample_event(2);
  event.replaces = "no id";
  EXPECT_TRUE(store->insert(std::span(&event, 1), nullptr));
}

TEST_F(SqliteStoreTest, KeepsManyEventsOfOneMicrosecondApart) {
  auto store = open();
  std::vector<Event> events = samples(0, 300);
  for (Event& event : events) event.started_at = at("2026-03-01T12:00:00Z");
  ASSERT_EQ(store->insert(events, nullptr)->added, 300U);
  EXPECT_EQ(store->insert(events, nullptr)->repeated, 300U);
  std::set<std::string> all;
  for (const std::string& id : ids(*store, {})) all.insert(id);
  EXPECT_EQ(all.size(), 300U);
  expect_sound(*store, 300);
}

// A recording may know no times but the day: a search key by key would read the store as often as it has events.
TEST_F(SqliteStoreTest, KeepsEventsOfOneTimeNearItHoweverManyThereAre) {
  constexpr std::size_t kEvents = 30'000;
  auto store = open();
  std::vector<Event> events = samples(0, kEvents);
  const UtcTime time = at("2026-03-01T00:00:00Z");
  for (Event& event : events) event.started_at = time;
  ASSERT_EQ(store->insert(events, nullptr)->added, kEvents);
  EXPECT_EQ(store->insert(events, nullptr)->repeated, kEvents);
  const auto span = store->span();
  ASSERT_TRUE(span && *span);
  EXPECT_GE((*span)->first, time);
  EXPECT_LT((*span)->last, time + std::chrono::milliseconds(1));
  expect_sound(*store, kEvents);
}

TEST_F(SqliteStoreTest, TakesTheStrangestTimes) {
  auto store = open();
  std::vector<Event> events = samples(0, 3);
  events[0].started_at = UtcTime::min();
  events[1].started_at = UtcTime::max();
  events[2].started_at = at("1950-01-01");
  ASSERT_EQ(store->insert(events, nullptr)->added, 3U);
  EXPECT_EQ(store->insert(events, nullptr)->repeated, 3U);
  EXPECT_EQ(ids(*store, {}).size(), 3U);
  EXPECT_TRUE(*store->find(events[1].id));
}

TEST_F(SqliteStoreTest, QueriesByEveryFilter) {
  auto store = open();
  const std::vector<Event> events = samples(0, 500);
  ASSERT_TRUE(store->insert(events, nullptr));
  const Filter filters[] = {
      {},
      {.since = at("2026-03-01T00:02:00Z")},
      {.since = at("2026-03-01T00:02:00Z"), .until = at("2026-03-01T00:05:00Z")},
      {.provider = "anthropic"},
      {.model = "gpt-2"},
      {.client = "curl", .project = "project-1"},
      {.session = "session-3"},
      {.run = "run-2"},
      {.provider = "anthropic", .run = "run-2"},
      {.provider = "nobody"},
      {.run = "none"},
  };
  for (const Filter& filter : filters) {
    std::vector<std::string> wanted;
    for (const Event& event : events) {
      if (matches(filter, event)) wanted.push_back(event.id.text());
    }
    EXPECT_EQ(ids(*store, filter), wanted);
    std::ranges::reverse(wanted);
    if (wanted.size() > 3) wanted.resize(3);
    EXPECT_EQ(ids(*store, filter, Order::kNewestFirst, 3), wanted);
  }
}

TEST_F(SqliteStoreTest, ARunHasWhatRunsWithinItHave) {
  auto store = open();
  std::vector<Event> events = samples(0, 6);
  const std::vector<std::string> runs = {"o.i", "o.i.j", "o", "other", "o-i", ""};
  for (std::size_t i = 0; i < events.size(); ++i) events[i].run = runs[i];
  ASSERT_TRUE(store->insert(events, nullptr));
  const auto calls = [&](const std::string& run) {
    const auto rows = store->report({.filter = {.run = run}}).value();
    return rows.empty() ? 0 : rows.front().totals.calls;
  };
  for (const auto& [run, wanted] :
       {std::pair{"o", 3}, std::pair{"o.i", 2}, std::pair{"o.i.j", 1}, std::pair{"other", 1}, std::pair{"o.", 0}}) {
    EXPECT_EQ(ids(*store, {.run = run}).size(), static_cast<std::size_t>(wanted)) << run;
    EXPECT_EQ(calls(run), wanted) << run;
  }
}

TEST_F(SqliteStoreTest, ReportsAreTheSumsOfTheEvents) {
  auto store = open();
  // 5,000 events, 97 seconds apart, in batches that come in any order: five and a half days.
  std::vector<Event> events;
  for (std::uint64_t i = 0; i < 5000; ++i) events.push_back(sample_event(i * 97));
  std::minstd_rand random(7);
  std::ranges::shuffle(events, random);
  for (std::size_t i = 0; i < events.size(); i += 500) {
    ASSERT_TRUE(store->insert(std::span(events).subspan(i, 500), nullptr));
  }
  std::vector<UtcTime> days;
  for (int day = 0; day < 7; ++day) days.push_back(at("2026-03-01T00:00:00+05:45") + std::chrono::hours(24 * day));
  const Filter filters[] = {
      {},
      {.since = at("2026-03-02T03:04:05.678Z")},
      {.since = at("2026-03-02T03:04:05.678Z"), .until = at("2026-03-04T23:59:59.999999Z")},
      {.provider = "openai"},
      {.model = "claude-3", .client = "curl"},
      {.until = at("2026-03-03T12:00:00Z"), .project = "project-0"},
      {.session = "session-4850"},
      {.run = "run-1"},
      {.since = at("2026-03-02T03:04:05.678Z"), .model = "claude-3", .run = "run-2"},
      {.since = at("2026-03-05"), .until = at("2026-03-05")},
      {.provider = "nobody"},
  };
  for (const Filter& filter : filters) {
    for (const Group group :
         {Group::kNothing, Group::kProvider, Group::kModel, Group::kClient, Group::kProject, Group::kSession}) {
      expect_report(*store, events, {.group = group, .filter = filter});
      expect_report(*store, events, {.group = group, .filter = filter, .periods = days});
    }
  }
  expect_sound(*store, 5000);
}

TEST_F(SqliteStoreTest, SessionsSayWhenTheyWere) {
  auto store = open();
  ASSERT_TRUE(store->insert(samples(0, 100), nullptr));
  const auto rows = store->report({.group = Group::kSession});
  ASSERT_TRUE(rows);
  ASSERT_EQ(rows->size(), 5U);
  UtcTime first = UtcTime::max();
  UtcTime last = UtcTime::min();
  for (const Event& event : samples(20, 40)) {
    if (!event.billable) continue;
    first = std::min(first, event.started_at);
    last = std::max(last, event.started_at);
  }
  EXPECT_EQ((*rows)[1].name, "session-1");
  EXPECT_EQ((*rows)[1].first_at, first);
  EXPECT_EQ((*rows)[1].last_at, last);
}

TEST_F(SqliteStoreTest, AddsUpWhatOneNumberCannotHold) {
  auto store = open();
  std::vector<Event> events = samples(0, 20);
  for (Event& event : events) {
    event.billable = true;
    event.cost_picodollars = 1'000'000'000'000'000'007;  // a million dollars and seven picodollars
    event.usage.input_tokens = INT64_MAX;
  }
  ASSERT_TRUE(store->insert(events, nullptr));
  const auto rows = store->report({});
  ASSERT_TRUE(rows) << rows.error().message;
  EXPECT_EQ(rows->front().totals.cost_micros, 20'000'000'000'000);
  EXPECT_EQ(rows->front().totals.cost_picos, 140);
  EXPECT_EQ(rows->front().totals.cost_picodollars(), INT64_MAX) << "the most it can say";
}

TEST_F(SqliteStoreTest, BatchAndCursorGoTogether) {
  auto store = open();
  EXPECT_EQ(*store->cursor(), event::Position());
  const event::Position first{7, 100};
  const event::Position second{7, 200};
  const CursorMove move{{}, first};
  ASSERT_TRUE(store->insert(samples(0, 5), &move));
  EXPECT_EQ(*store->cursor(), first);
  // Somebody who has not heard of that.
  const auto stale = store->insert(samples(5, 10), &move);
  ASSERT_TRUE(stale);
  EXPECT_TRUE(stale->cursor_moved);
  EXPECT_EQ(ids(*store, {}).size(), 5U);
  const CursorMove next{first, second};
  EXPECT_EQ(store->insert(samples(5, 10), &next)->added, 5U);
  store.reset();
  EXPECT_EQ(*open()->cursor(), second);
}

TEST_F(SqliteStoreTest, AFailedBatchLeavesNothing) {
  auto store = open();
  ASSERT_TRUE(store->insert(samples(0, 5), nullptr));
  execute("CREATE TRIGGER full BEFORE INSERT ON rollups BEGIN SELECT RAISE(ABORT, 'no room'); END");
  const CursorMove move{{}, {7, 100}};
  const auto failed = store->insert(samples(5, 30), &move);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, ErrorCode::kIo);
  EXPECT_NE(failed.error().message.find("no room"), std::string::npos);
  EXPECT_EQ(*store->cursor(), event::Position());
  execute("DROP TRIGGER full");
  EXPECT_EQ(store->insert(samples(5, 30), &move)->added, 25U);
  expect_report(*store, samples(0, 30), {.group = Group::kClient});
  expect_sound(*store, 30);
}

TEST_F(SqliteStoreTest, PurgeTakesEventsAndTheirSums) {
  auto store = open();
  std::vector<Event> events;
  for (std::uint64_t i = 0; i < 6000; ++i) events.push_back(sample_event(i * 31));
  ASSERT_TRUE(store->insert(events, nullptr));
  const UtcTime before = at("2026-03-02T01:02:03.5Z");
  const auto purged = store->purge(before, [] { return true; });
  ASSERT_TRUE(purged) << purged.error().message;
  std::erase_if(events, [&](const Event& event) { return event.started_at < before; });
  EXPECT_EQ(*purged, 6000 - static_cast<std::int64_t>(events.size()));
  EXPECT_GT(*purged, 2000) << "more than one step";
  expect_report(*store, events, {.group = Group::kModel});
  expect_report(*store, events, {.group = Group::kSession});
  expect_sound(*store, static_cast<std::int64_t>(events.size()));
  EXPECT_EQ(*store->purge(before, [] { return true; }), 0);
}

TEST_F(SqliteStoreTest, PurgeStopsWhenItIsToldTo) {
  auto store = open();
  ASSERT_TRUE(store->insert(samples(0, 5000), nullptr));
  const auto purged = store->purge(at("2027-01-01"), [] { return false; });
  ASSERT_TRUE(purged);
  EXPECT_LT(*purged, 5000);
  expect_sound(*store, 5000 - *purged);
}

TEST_F(SqliteStoreTest, ExcessSaysWhatMustGo) {
  auto store = open();
  const std::vector<Event> events = samples(0, 100);
  ASSERT_TRUE(store->insert(events, nullptr));
  EXPECT_FALSE(*store->excess(100));
  const auto before = store->excess(30);
  ASSERT_TRUE(before && *before);
  EXPECT_EQ(*store->purge(**before, [] { return true; }), 70);
  EXPECT_EQ(*store->purge(*store->excess(0).value(), [] { return true; }), 30);
  EXPECT_FALSE(*store->span());
}

TEST_F(SqliteStoreTest, CompactGivesSpaceBack) {
  auto store = open();
  ASSERT_TRUE(store->insert(samples(0, 5000), nullptr));
  ASSERT_TRUE(store->purge(at("2026-03-01T01:20:00Z"), [] { return true; }));
  const auto compacted = store->compact();
  ASSERT_TRUE(compacted) << compacted.error().message;
  EXPECT_LT(fs::file_size(file_), 300'000U);
  // Texts that nothing uses went, too; those in use stayed, and removed ones can come back.
  auto database = Database::open(file_, Database::Mode::kReadOnly, std::chrono::milliseconds(0));
  EXPECT_EQ(*database->integer("SELECT count(*) FROM texts WHERE text = 'session-1'"), 0);
  EXPECT_EQ(*database->integer("SELECT count(*) FROM texts WHERE text = 'session-249'"), 1);
  ASSERT_TRUE(store->insert(samples(0, 5000), nullptr));
  expect_report(*store, samples(0, 5000), {.group = Group::kSession});
}

TEST_F(SqliteStoreTest, CompactOfOneProcessConfusesNoOther) {
  auto writer = open();
  ASSERT_TRUE(writer->insert(samples(0, 100), nullptr));
  auto other = open();
  ASSERT_TRUE(other->purge(at("2027-01-01"), [] { return true; }));
  ASSERT_TRUE(other->compact());
  ASSERT_TRUE(writer->insert(samples(0, 100), nullptr));
  expect_report(*open(), samples(0, 100), {.group = Group::kSession});
}

TEST_F(SqliteStoreTest, CheckNoticesWrongSums) {
  auto store = open();
  ASSERT_TRUE(store->insert(samples(0, 50), nullptr));
  expect_sound(*store, 50);
  execute("UPDATE rollups SET input_tokens = input_tokens + 1 WHERE span = 3600");
  EXPECT_EQ(store->check(true)->problems.size(), 1U);
  EXPECT_TRUE(store->check(false)->problems.empty()) << "the quick one does not look";
  execute(
      "UPDATE rollups SET input_tokens = input_tokens - 1 WHERE span = 3600;"
      "UPDATE session_rollups SET bucket = bucket + 90000");
  EXPECT_FALSE(store->check(true)->problems.empty());
  execute("UPDATE session_rollups SET bucket = bucket - 90000; UPDATE progress SET events = 3");
  EXPECT_EQ(store->check(true)->problems.size(), 1U);
}

TEST_F(SqliteStoreTest, ReadersWorkBesideAWriter) {
  EXPECT_EQ(sqlite::open({.file = file_, .read_only = true}).error().code, ErrorCode::kNotFound);
  auto writer = open();
  ASSERT_TRUE(writer->insert(samples(0, 10), nullptr));
  auto reader = open(true);
  EXPECT_EQ(ids(*reader, {}).size(), 10U);
  ASSERT_TRUE(writer->insert(samples(10, 20), nullptr));
  EXPECT_EQ(ids(*reader, {}).size(), 20U);
  EXPECT_EQ(reader->insert(samples(20, 30), nullptr).error().code, ErrorCode::kUnsupported);
}

TEST_F(SqliteStoreTest, FilesAreForTheirOwnerOnly) {
  auto store = open();
  ASSERT_TRUE(store->insert(samples(0, 10), nullptr));
  for (const auto& entry : fs::directory_iterator(folder_)) {
    struct stat info{};
    ASSERT_EQ(::stat(entry.path().c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777, 0600U) << entry.path();
  }
}

TEST_F(SqliteStoreTest, SaysWhatIsWrongWithAFile) {
  std::ofstream(file_) << std::string(8192, 'x');
  EXPECT_EQ(sqlite::open({.file = file_}).error().code, ErrorCode::kCorrupt);
  fs::remove(file_);
  execute("CREATE TABLE recipes (name TEXT)");
  EXPECT_EQ(sqlite::open({.file = file_}).error().code, ErrorCode::kCorrupt);
  fs::remove(file_);
  open();
  execute("PRAGMA user_version = 99");
  EXPECT_EQ(sqlite::open({.file = file_}).error().code, ErrorCode::kUnsupported);
  EXPECT_EQ(sqlite::open({.file = file_, .read_only = true}).error().code, ErrorCode::kUnsupported);
  EXPECT_EQ(sqlite::open({.file = folder_}).error().code, ErrorCode::kIo);
}

TEST_F(SqliteStoreTest, BringsSumsOfTheFirstSchemaUpToDate) {
  std::vector<Event> events = samples(0, 3000, 7);
  for (std::size_t i = 0; i < events.size(); ++i) {
    events[i].cost_picodollars = 5;
    events[i].complete = i % 5 != 0;
    if (i % 3 == 0) events[i].finish_reason.clear();
  }
  ASSERT_TRUE(open()->insert(events, nullptr));
  ASSERT_GT(open()->report({})->at(0).totals.cost_missing, 0);
  // As version 1 kept them.
  for (const std::string table : {"rollups", "session_rollups"}) {
    for (const std::string column :
         {"input_calls", "cache_read_calls", "cache_creation_calls", "output_calls", "reasoning_calls"}) {
      execute("ALTER TABLE " + table + " DROP COLUMN " + column);
    }
    execute("UPDATE " + table + " SET cost_missing = 0");
  }
  execute(
      "DROP TABLE quotas; ALTER TABLE events DROP COLUMN usage_step; DROP INDEX events_run; "
      "ALTER TABLE events DROP COLUMN run; ALTER TABLE events DROP COLUMN usage_estimated; "
      "ALTER TABLE events DROP COLUMN replaces; PRAGMA user_version = 1");
  const auto report = open()->check(true);
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_THAT(report->problems, testing::IsEmpty());
}

TEST_F(SqliteStoreTest, KeepsTheNewestOfEachQuota) {
  quota::Snapshot tokens;
  tokens.provider = "openai";
  tokens.account = "0123456789ab";
  tokens.label = "acme";
  tokens.name = "tokens";
  tokens.model = "gpt-5";
  tokens.status = "allowed";
  tokens.limit = 10'000'000'000;
  tokens.remaining = 9'999'999'999;
  tokens.used_fraction = 0.125;
  tokens.window = std::chrono::minutes(1);
  tokens.seen_at = at("2026-04-01T12:00:00.123456Z");
  tokens.resets_at = tokens.seen_at + std::chrono::milliseconds(6);
  quota::Snapshot bare;
  bare.provider = "anthropic";
  bare.name = "5h";
  bare.seen_at = tokens.seen_at;
  auto store = open();
  EXPECT_THAT(*store->quotas(), testing::IsEmpty());
  ASSERT_TRUE(store->put_quotas(std::vector{tokens, bare}));
  EXPECT_THAT(*open(true)->quotas(), testing::ElementsAre(bare, tokens));

  quota::Snapshot older = tokens;
  older.seen_at -= std::chrono::seconds(1);
  older.remaining = 1;
  quota::Snapshot newer = bare;
  newer.seen_at += std::chrono::seconds(1);
  newer.used_fraction = 1;
  quota::Snapshot other = tokens;
  other.account = "ba9876543210";
  ASSERT_TRUE(store->put_quotas(std::vector{older, newer, other}));
  EXPECT_THAT(*store->quotas(), testing::ElementsAre(newer, tokens, other));
  EXPECT_EQ(open(true)->put_quotas(std::vector{other}).error().code, ErrorCode::kUnsupported);

  // What nobody has seen for a long time is gone.
  other.seen_at += std::chrono::hours(24 * 91);
  ASSERT_TRUE(store->put_quotas(std::vector{other}));
  EXPECT_THAT(*store->quotas(), testing::ElementsAre(other));
}

TEST_F(SqliteStoreTest, BoundsTheTableOfQuotas) {
  open();
  auto database = Database::open(file_, Database::Mode::kReadWrite, std::chrono::milliseconds(0));
  ASSERT_TRUE(database);
  std::vector<quota::Snapshot> snapshots(20);
  for (std::size_t i = 0; i < snapshots.size(); ++i) {
    snapshots[i].name = "q" + std::to_string(100 + i);
    snapshots[i].seen_at = at("2026-04-01T12:00:00Z") + std::chrono::seconds(i);
  }
  ASSERT_TRUE(write_quotas(snapshots, *database, {.rows = 5}));
  const auto kept = read_quotas(*database);
  ASSERT_TRUE(kept);
  EXPECT_EQ(*kept, std::vector(snapshots.end() - 5, snapshots.end()));
}

TEST_F(SqliteStoreTest, WaitsNoLongerThanItIsTold) {
  auto store = sqlite::open({.file = file_, .busy = std::chrono::milliseconds(10)});
  ASSERT_TRUE(store);
  auto other = Database::open(file_, Database::Mode::kReadWrite, std::chrono::milliseconds(0));
  {
    const auto transaction = Transaction::begin(*other);
    ASSERT_TRUE(transaction);
    EXPECT_EQ((*store)->insert(samples(0, 1), nullptr).error().code, ErrorCode::kIo);
  }
  EXPECT_TRUE((*store)->insert(samples(0, 1), nullptr));
}

TEST_F(SqliteStoreTest, ARewriteChangesEventsAndSumsTogether) {
  auto store = open();
  std::vector<Event> events = samples(0, 1'700);
  ASSERT_TRUE(store->insert(events, nullptr));
  const auto change = [](Event& event) {
    if (event.started_at.time_since_epoch().count() % 3 == 0) return false;
    event.cost_picodollars = event.duration_us * 1'000;
    event.price_ref = "p/new@2026-11-25";
    event.cost_details = R"({"computed":"1"})";
    event.usage.output_tokens = 7;
    event.usage.reasoning_output_tokens.reset();
    return true;
  };
  const Filter filter{.since = events[100].started_at, .provider = events[0].provider};
  std::size_t seen = 0;
  const auto done = store->rewrite(filter, [&](Event& event) { return ++seen, change(event); });
  ASSERT_TRUE(done) << done.error().message;
  std::size_t matching = 0;
  for (Event& event : events) {
    if (!matches(filter, event)) continue;
    ++matching;
    change(event);
  }
  EXPECT_EQ(seen, matching);
  EXPECT_GT(matching, 100U);
  for (const Event& event : events) {
    const auto found = store->find(event.id);
    ASSERT_TRUE(found && *found);
    ASSERT_EQ(event::to_json(**found), event::to_json(event));
  }
  for (const Group group : {Group::kNothing, Group::kProvider, Group::kModel, Group::kSession}) {
    expect_report(*store, events, {.group = group});
  }
  expect_sound(*store, 1'700);
}

TEST_F(SqliteStoreTest, ARewriteLetsOthersWriteBetweenItsSteps) {
  auto store = open();
  ASSERT_TRUE(store->insert(samples(0, 2'000), nullptr));
  std::thread other([this] {
    auto mine = open();
    for (std::uint64_t i = 2'000; i < 2'100; i += 10) ASSERT_TRUE(mine->insert(samples(i, i + 10), nullptr));
  });
  const auto done = store->rewrite({}, [](Event& event) { return event.cost_picodollars = 5, true; });
  other.join();
  EXPECT_TRUE(done);
  expect_sound(*open(), 2'100);
  EXPECT_EQ(open(true)->rewrite({}, [](Event&) { return true; }).error().code, ErrorCode::kUnsupported);
}

TEST(Schema, MigratesStepByStep) {
  const fs::path file = fs::temp_directory_path() / ("tokometer-schema-" + std::to_string(::getpid()));
  auto database = Database::open(file, Database::Mode::kReadWrite, std::chrono::milliseconds(0));
  ASSERT_TRUE(database);
  const std::string_view steps[] = {
      "CREATE TABLE calls (name TEXT); INSERT INTO calls VALUES ('one');",
      "ALTER TABLE calls ADD COLUMN length INTEGER; UPDATE calls SET length = length(name);",
      "CREATE TABLE broken (; ",
  };
  ASSERT_TRUE(migrate(*database, std::span(steps, 1)));
  EXPECT_EQ(*schema_version(*database), 1);
  ASSERT_TRUE(migrate(*database, std::span(steps, 2)));
  EXPECT_EQ(*schema_version(*database), 2);
  EXPECT_EQ(*database->integer("SELECT length FROM calls"), 3);
  ASSERT_TRUE(migrate(*database, std::span(steps, 2))) << "nothing to do";
  EXPECT_FALSE(migrate(*database, steps));
  EXPECT_EQ(*schema_version(*database), 2) << "a step that fails changes nothing";
  EXPECT_EQ(migrate(*database, std::span(steps, 1)).error().code, ErrorCode::kUnsupported);
  fs::remove(file);
}

}  // namespace
}  // namespace tokometer::store::sqlite
