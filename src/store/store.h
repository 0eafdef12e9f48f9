// A store: what keeps events for good and answers questions about them.
//
//   auto store = sqlite::open({.file = data / "tokometer.db"});
//   (*store)->insert(events, CursorMove{from, to});
//   auto rows = (*store)->report({.group = Group::kModel, .since = since});
//
// The same event given twice counts once: its id and time decide. A batch and
// the journal position that it was read from are stored together or not at
// all, which makes every event count exactly once.
//
// Not here: SQLite (sqlite/), who feeds it (ingest.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/time.h"
#include "event/event.h"
#include "event/journal.h"
#include "quota/snapshot.h"
#include "store/totals.h"

namespace tokometer::store {

// Which events; everything that is empty matches all.
struct Filter {
  std::optional<UtcTime> since = {};  // started_at, inclusive
  std::optional<UtcTime> until = {};  // exclusive
  std::string provider = {};
  std::string model = {};  // as asked for or as answered
  std::string client = {};
  std::string project = {};
  std::string session = {};
  std::string run = {};  // or one within it (client/call_context.h)
};

// Whether `event` is one of those that `filter` means.
bool matches(const Filter& filter, const event::Event& event);

enum class Order { kOldestFirst, kNewestFirst };

enum class Group { kNothing, kProvider, kModel, kClient, kProject, kSession };

struct ReportQuery {
  Group group = Group::kNothing;
  Filter filter = {};
  // The starts of the periods that the rows are split into, ascending; each ends where the next begins, the last
  // one at filter.until. Empty: one period.
  std::vector<UtcTime> periods = {};
};

struct ReportRow {
  std::size_t period = 0;                // index into ReportQuery::periods
  std::string name = {};                 // of the group; empty where the events have none
  std::optional<UtcTime> first_at = {};  // kSession only: the first call of the range
  std::optional<UtcTime> last_at = {};
  Totals totals;
};

// The journal position moves from `from` to `to` with a batch.
struct CursorMove {
  event::Position from;
  event::Position to;
};

struct Inserted {
  std::size_t added = 0;
  std::size_t repeated = 0;   // were there already
  bool cursor_moved = false;  // somebody else has moved the cursor from `from`: nothing was inserted
};

struct CheckReport {
  std::vector<std::string> problems;  // empty: sound
  std::int64_t events = 0;
  std::int64_t bytes = 0;
  std::int64_t schema_version = 0;
};

// One thread at a time, unless an implementation says more. Every call may
// fail with kIo (the file or disk refuses, or someone holds it) or kCorrupt.
class Store {
 public:
  virtual ~Store() = default;

  // Stores `events`. With a cursor move, both or neither: if the stored cursor
  // is not at `move->from`, nothing happens but that Inserted says so.
  virtual Result<Inserted> insert(std::span<const event::Event> events, const CursorMove* move) = 0;

  // How far the journal has been read.
  virtual Result<event::Position> cursor() = 0;

  // Calls `visit` for the events that match, in order, until it returns false or `limit` were shown. `visit` must
  // not use the store.
  using Visit = std::function<bool(const event::Event&)>;
  virtual Result<void> query(const Filter& filter, Order order, std::size_t limit, const Visit& visit) = 0;

  virtual Result<std::optional<event::Event>> find(const Uuid& id) = 0;

  // The sums by period and group; only rows with calls, by period and then by name.
  virtual Result<std::vector<ReportRow>> report(const ReportQuery& query) = 0;

  // Lets `change` alter events that match, oldest first, and keeps the sums in step; it says whether it did. What
  // an event is counted by (time, id, provider, models, client, project, session, run) is not to be altered. Goes in
  // small steps, each a transaction of its own, so that others may work in between; steps before a failure stay.
  // `change` must not use the store.
  using Change = std::function<bool(event::Event&)>;
  virtual Result<void> rewrite(const Filter& filter, const Change& change) = 0;

  // When the oldest and the newest event began.
  struct Span {
    UtcTime first;
    UtcTime last;
  };
  virtual Result<std::optional<Span>> span() = 0;

  // Stores what was seen of quotas, each unless a newer snapshot of it is there. What was not seen for a long time
  // goes.
  virtual Result<void> put_quotas(std::span<const quota::Snapshot> snapshots) = 0;

  // The newest snapshot of each quota, by provider, account, name and model.
  virtual Result<std::vector<quota::Snapshot>> quotas() = 0;

  // Deletes events that began before `before`, and their part of the sums, in small steps so that others may work
  // in between. Returns how many went. Stops early when `more` returns false.
  virtual Result<std::int64_t> purge(UtcTime before, const std::function<bool()>& more) = 0;

  // The time before which events must go so that at most `events` stay; nothing if that holds already.
  virtual Result<std::optional<UtcTime>> excess(std::int64_t events) = 0;

  // Gives the space of deleted events back to the disk. Takes its time.
  virtual Result<void> compact() = 0;

  // Looks for damage; `deep` also compares the sums with the events.
  virtual Result<CheckReport> check(bool deep) = 0;
};

}  // namespace tokometer::store
