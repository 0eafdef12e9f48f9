// Events as rows of the table `events`: one column a field (event/fields.h).
//
// The key is the time and a part of the id, so that one tree gives both the
// order of time and the uniqueness of ids: see docs/store.md.
//
// Not here: which rows (sqlite_store.cc), sums (rollups.h).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "event/event.h"
#include "store/sqlite/database.h"
#include "store/sqlite/texts.h"

namespace tokometer::store::sqlite {

// The keys that events of one microsecond share.
inline constexpr std::int64_t kKeysPerMicrosecond = 1024;

// The smallest key that an event at `time` can have; times that no key can say are moved to the nearest that one can.
std::int64_t first_key(UtcTime time);
UtcTime key_time(std::int64_t key);

// What sums are kept by, as numbers in the dictionary.
struct Dimensions {
  std::int64_t provider = 0;
  std::int64_t request_model = 0;
  std::int64_t response_model = 0;
  std::int64_t client = 0;
  std::int64_t project = 0;
  std::int64_t session = 0;
};

// The columns that an event is read from, for a SELECT; then those of a Summary.
std::string event_columns();
std::string summary_columns();
// The columns that hold numbers of the dictionary.
std::vector<std::string> name_columns();

// What sums need to know of a stored event, without its texts.
struct Summary {
  std::int64_t key = 0;
  Dimensions dimensions;
  event::Event event;  // only what Totals::add() looks at
};

// Reads the current row of a SELECT of event_columns() or summary_columns().
Result<event::Event> read_event(const Statement& row, Texts& texts);
Summary read_summary(const Statement& row);

class EventInserter {
 public:
  static Result<EventInserter> open(Database& database);

  struct Inserted {
    std::int64_t key = 0;
    Dimensions dimensions;
  };
  // Within a write transaction. Nothing if the event is stored already.
  Result<std::optional<Inserted>> insert(const event::Event& event, Texts& texts);

 private:
  explicit EventInserter(Database& database) : database_(&database) {}

  Database* database_;
  Statement insert_;
  Statement id_at_;
};

class EventUpdater {
 public:
  static Result<EventUpdater> open(Database& database);

  // Within a write transaction: the event at `key` is `event` from now on. Gives what it is counted by.
  Result<Dimensions> update(std::int64_t key, const event::Event& event, Texts& texts);

 private:
  EventUpdater() = default;

  Statement update_;
};

}  // namespace tokometer::store::sqlite
