#include "store/sqlite/sums_check.h"

#include <chrono>
#include <cstdint>
#include <map>
#include <utility>

#include "store/sqlite/event_rows.h"
#include "store/sqlite/rollups.h"

namespace tokometer::store::sqlite {
namespace {

constexpr std::int64_t kDay = 86'400;
constexpr std::size_t kMaxProblems = 20;

class SumsCheck {
 public:
  SumsCheck(Database& database, std::vector<std::string>& problems) : database_(database), problems_(problems) {}

  Result<void> run() {
    for (const auto& [statement, sql] :
         {std::pair{&events_, "SELECT " + summary_columns() + " FROM events ORDER BY key"},
          std::pair{&rollups_, "SELECT span, bucket, provider, request_model, response_model, client, project, " +
                                   totals_columns() + " FROM rollups WHERE span = ? AND bucket >= ? AND bucket < ?"},
          std::pair{&sessions_, "SELECT bucket, session, " + totals_columns() +
                                    " FROM session_rollups WHERE bucket >= ? AND bucket < ?"}}) {
      auto prepared = database_.prepare(sql);
      if (!prepared) return fail(prepared.error());
      *statement = std::move(*prepared);
    }
    auto expected = Rollups::open(database_);
    if (!expected) return fail(expected.error());

    std::int64_t checked_to = INT64_MIN / 2;
    std::int64_t day = checked_to;
    std::int64_t count = 0;
    for (;; ++count) {
      const auto row = events_.step();
      if (!row) return fail(row.error());
      if (!*row) break;
      const Summary summary = read_summary(events_);
      const std::int64_t seconds = summary.key / kKeysPerMicrosecond / 1'000'000;
      if (seconds - seconds % kDay != day) {
        if (auto compared = compare(checked_to, day + kDay, *expected); !compared) return compared;
        checked_to = day + kDay;
        day = seconds - seconds % kDay;
        expected->clear();
      }
      expected->add(summary.key, summary.dimensions, summary.event);
    }
    // To the end of time: sums of days without events would be wrong, too.
    if (auto compared = compare(checked_to, INT64_MAX, *expected); !compared) return compared;

    const auto counted = database_.integer("SELECT events FROM progress");
    if (!counted) return fail(counted.error());
    if (*counted != count) {
      problems_.push_back("the count of events is " + std::to_string(*counted) + ", not " + std::to_string(count));
    }
    return {};
  }

 private:
  // Compares the sums that are kept for [from, to) with `expected`.
  Result<void> compare(std::int64_t from, std::int64_t to, const Rollups& expected) {
    std::map<RollupKey, Totals> kept;
    for (const std::int64_t span : kSpans) {
      rollups_.bind(1, span);
      rollups_.bind(2, from);
      rollups_.bind(3, to);
      for (;;) {
        const auto row = rollups_.step();
        if (!row) return fail(row.error());
        if (!*row) break;
        const auto at = [this](int column) { return rollups_.integer(column); };
        kept[{at(0), at(1), at(2), at(3), at(4), at(5), at(6)}] = read_totals(rollups_, 7);
      }
    }
    std::map<SessionKey, Totals> kept_sessions;
    sessions_.bind(1, from);
    sessions_.bind(2, to);
    for (;;) {
      const auto row = sessions_.step();
      if (!row) return fail(row.error());
      if (!*row) break;
      kept_sessions[{sessions_.integer(0), sessions_.integer(1)}] = read_totals(sessions_, 2);
    }
    std::map<SessionKey, Totals> expected_sessions;
    for (const auto& [key, sums] : expected.pending_sessions()) expected_sessions[key] = sums.totals;

    const bool wrong = kept != expected.pending() || kept_sessions != expected_sessions;
    if (!wrong || problems_.size() >= kMaxProblems) return {};
    const std::int64_t bucket = !expected.pending().empty() ? expected.pending().begin()->first.bucket
                                : !kept.empty()             ? kept.begin()->first.bucket
                                                            : kept_sessions.begin()->first.bucket;
    const UtcTime when{std::chrono::seconds(bucket)};
    problems_.push_back("the sums of " + format_rfc3339(when).substr(0, 10) + " are not those of its events");
    return {};
  }

  Database& database_;
  std::vector<std::string>& problems_;
  Statement events_;
  Statement rollups_;
  Statement sessions_;
};

}  // namespace

Result<void> check_sums(Database& database, std::vector<std::string>& problems) {
  return SumsCheck(database, problems).run();
}

}  // namespace tokometer::store::sqlite
