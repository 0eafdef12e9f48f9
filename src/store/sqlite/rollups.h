// The sums that are kept beside the events: by quarter of an hour, hour and
// day for each combination of provider, models, client and project, and by
// quarter of an hour for each session.
//
//   Rollups rollups = …;
//   rollups.add(key, dimensions, event);  // in memory
//   rollups.write();                      // within the transaction of the events
//
// Not here: reading them (reports.h).
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <map>
#include <string>

#include "base/error.h"
#include "event/event.h"
#include "store/sqlite/database.h"
#include "store/sqlite/event_rows.h"
#include "store/totals.h"

namespace tokometer::store::sqlite {

// The lengths of the buckets in seconds. A quarter of an hour is what all time zones' offsets are multiples of.
inline constexpr std::array<std::int64_t, 3> kSpans = {86'400, 3'600, 900};
inline constexpr std::array<std::int64_t, 1> kSessionSpans = {900};

struct RollupKey {
  std::int64_t span = 0;
  std::int64_t bucket = 0;
  std::int64_t provider = 0;
  std::int64_t request_model = 0;
  std::int64_t response_model = 0;
  std::int64_t client = 0;
  std::int64_t project = 0;

  friend auto operator<=>(const RollupKey&, const RollupKey&) = default;
};

struct SessionKey {
  std::int64_t bucket = 0;
  std::int64_t session = 0;

  friend auto operator<=>(const SessionKey&, const SessionKey&) = default;
};

struct SessionTotals {
  std::int64_t first_us = 0;
  std::int64_t last_us = 0;
  Totals totals;
};

// The names of all sums, separated by ", ", each within `before` and `after`.
std::string totals_columns(std::string_view before = "", std::string_view after = "");
// Reads sums from the columns from `first` on, in the order of totals_columns().
Totals read_totals(const Statement& row, int first);

class Rollups {
 public:
  static Result<Rollups> open(Database& database);

  // Counts an event into what write() will add, or takes it out where `sign` is -1.
  void add(std::int64_t key, const Dimensions& dimensions, const event::Event& event, int sign = 1);

  // Adds to the tables what was counted since the last write() or clear().
  Result<void> write();
  void clear();

  const std::map<RollupKey, Totals>& pending() const { return pending_; }
  const std::map<SessionKey, SessionTotals>& pending_sessions() const { return sessions_; }

 private:
  Rollups() = default;

  std::map<RollupKey, Totals> pending_;
  std::map<SessionKey, SessionTotals> sessions_;
  Statement upsert_;
  Statement upsert_session_;
  Statement remove_empty_;
  Statement remove_empty_session_;
};

}  // namespace tokometer::store::sqlite
