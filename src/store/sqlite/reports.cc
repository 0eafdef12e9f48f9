#include "store/sqlite/reports.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <tuple>
#include <utility>

#include "store/cover.h"
#include "store/sqlite/event_rows.h"
#include "store/sqlite/rollups.h"

namespace tokometer::store::sqlite {
namespace {

std::int64_t seconds(UtcTime time) { return std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count(); }

UtcTime from_microseconds(std::int64_t us) { return UtcTime(std::chrono::microseconds(us)); }

// The number in the dictionary that an event is grouped by.
std::int64_t group_of(Group group, const Dimensions& dimensions) {
  switch (group) {
    case Group::kNothing:
      return 0;
    case Group::kProvider:
      return dimensions.provider;
    case Group::kModel:
      return dimensions.response_model != 0 ? dimensions.response_model : dimensions.request_model;
    case Group::kClient:
      return dimensions.client;
    case Group::kProject:
      return dimensions.project;
    case Group::kSession:
      return dimensions.session;
  }
  return 0;
}

// The same in SQL, for the table `rollups`.
std::string_view group_column(Group group) {
  switch (group) {
    case Group::kNothing:
    case Group::kSession:
      return "0";
    case Group::kProvider:
      return "provider";
    case Group::kModel:
      return "iif(response_model, response_model, request_model)";
    case Group::kClient:
      return "client";
    case Group::kProject:
      return "project";
  }
  return "0";
}

// Which of the kept sums can answer a query.
enum class Source { kRollups, kSessionRollups, kEvents };

Source source_of(const ReportQuery& query) {
  const Filter& filter = query.filter;
  if (!filter.run.empty()) return Source::kEvents;
  if (query.group != Group::kSession && filter.session.empty()) return Source::kRollups;
  const bool other_filters =
      !filter.provider.empty() || !filter.model.empty() || !filter.client.empty() || !filter.project.empty();
  const bool other_group = query.group != Group::kSession && query.group != Group::kNothing;
  return other_filters || other_group ? Source::kEvents : Source::kSessionRollups;
}

class Reporter {
 public:
  Reporter(const ReportQuery& query, Database& database, Texts& texts)
      : query_(query), database_(database), texts_(texts), source_(source_of(query)) {}

  Result<std::vector<ReportRow>> run() {
    if (auto prepared = prepare(); !prepared) return fail(prepared.error());
    if (condition_.impossible || since_ >= until_) return std::vector<ReportRow>();
    std::vector<UtcTime> starts = query_.periods;
    if (starts.empty()) starts.push_back(since_);
    for (std::size_t i = 0; i < starts.size(); ++i) {
      const UtcTime from = std::max(starts[i], since_);
      const UtcTime to = i + 1 < starts.size() ? std::min(starts[i + 1], until_) : until_;
      for (const Piece& piece : cover(from, to, spans())) {
        auto added = piece.span == 0 ? add_events(i, piece) : add_sums(i, piece);
        if (!added) return fail(added.error());
      }
    }
    return rows();
  }

 private:
  struct Sums {
    Totals totals;
    std::int64_t first_us = 0;
    std::int64_t last_us = 0;
  };

  std::span<const std::int64_t> spans() const {
    switch (source_) {
      case Source::kRollups:
        return kSpans;
      case Source::kSessionRollups:
        return kSessionSpans;
      case Source::kEvents:
        break;
    }
    return {};
  }

  Result<void> prepare() {
    auto condition = event_condition(query_.filter, false, texts_);
    if (!condition) return fail(condition.error());
    condition_ = std::move(*condition);

    // An open end is moved to where a day ends: no single events need to be looked at there.
    constexpr std::chrono::days kDay(1);
    const auto first = database_.integer("SELECT min(key) FROM events");
    if (!first) return fail(first.error());
    const auto last = database_.integer("SELECT max(key) FROM events");
    if (!last) return fail(last.error());
    since_ = query_.filter.since.value_or(std::chrono::floor<std::chrono::days>(key_time(*first)));
    until_ = query_.filter.until.value_or(std::chrono::floor<std::chrono::days>(key_time(*last)) + kDay);

    auto events = database_.prepare("SELECT " + summary_columns() + " FROM events WHERE key >= ? AND key < ? AND " +
                                    condition_.sql);
    if (!events) return fail(events.error());
    events_ = std::move(*events);
    if (source_ == Source::kEvents) return {};

    std::string sql;
    if (source_ == Source::kRollups) {
      sql = "SELECT " + std::string(group_column(query_.group)) + ", 0, 0, " + totals_columns("sum(", ")") +
            " FROM rollups WHERE span = ? AND bucket >= ? AND bucket < ? AND " + condition_.sql + " GROUP BY 1";
    } else {
      sql = std::string("SELECT ") + (query_.group == Group::kSession ? "session" : "0") +
            ", min(first_us), max(last_us), " + totals_columns("sum(", ")") +
            " FROM session_rollups WHERE 900 = ? AND bucket >= ? AND bucket < ?" +
            (query_.filter.session.empty() ? "" : " AND session = ?") + " GROUP BY 1";
    }
    auto sums = database_.prepare(sql);
    if (!sums) return fail(sums.error());
    sums_ = std::move(*sums);
    return {};
  }

  Result<void> add_sums(std::size_t period, const Piece& piece) {
    sums_.bind(1, piece.span);
    sums_.bind(2, seconds(piece.from));
    sums_.bind(3, seconds(piece.to));
    bind_values(sums_, condition_.values, 4);
    for (;;) {
      const auto row = sums_.step();
      if (!row) return fail(row.error());
      if (!*row) return {};
      const Totals totals = read_totals(sums_, 3);
      if (totals.calls > 0) add(period, sums_.integer(0), totals, sums_.integer(1), sums_.integer(2));
    }
  }

  Result<void> add_events(std::size_t period, const Piece& piece) {
    events_.bind(1, first_key(piece.from));
    events_.bind(2, first_key(piece.to));
    bind_values(events_, condition_.values, 3);
    for (;;) {
      const auto row = events_.step();
      if (!row) return fail(row.error());
      if (!*row) return {};
      const Summary summary = read_summary(events_);
      Totals totals;
      totals.add(summary.event);
      const std::int64_t time_us = key_time(summary.key).time_since_epoch().count();
      if (totals.calls > 0) add(period, group_of(query_.group, summary.dimensions), totals, time_us, time_us);
    }
  }

  void add(std::size_t period, std::int64_t group, const Totals& totals, std::int64_t first_us, std::int64_t last_us) {
    const auto [at, is_new] = sums_by_group_.try_emplace({period, group}, Sums{{}, first_us, last_us});
    at->second.totals.add(totals);
    at->second.first_us = std::min(at->second.first_us, first_us);
    at->second.last_us = std::max(at->second.last_us, last_us);
  }

  Result<std::vector<ReportRow>> rows() {
    std::vector<ReportRow> rows;
    for (const auto& [key, sums] : sums_by_group_) {
      auto name = texts_.text(key.second);
      if (!name) return fail(name.error());
      ReportRow& row =
          rows.emplace_back(ReportRow{.period = key.first, .name = std::move(*name), .totals = sums.totals});
      if (query_.group != Group::kSession) continue;
      row.first_at = from_microseconds(sums.first_us);
      row.last_at = from_microseconds(sums.last_us);
    }
    std::ranges::sort(rows, [](const ReportRow& a, const ReportRow& b) {
      return std::tie(a.period, a.name) < std::tie(b.period, b.name);
    });
    return rows;
  }

  const ReportQuery& query_;
  Database& database_;
  Texts& texts_;
  const Source source_;
  UtcTime since_;
  UtcTime until_;
  Condition condition_;
  Statement events_;
  Statement sums_;
  std::map<std::pair<std::size_t, std::int64_t>, Sums> sums_by_group_;
};

}  // namespace

void bind_values(Statement& statement, const std::vector<std::int64_t>& values, int first) {
  for (const std::int64_t value : values) statement.bind(first++, value);
}

Result<Condition> event_condition(const Filter& filter, bool with_time, Texts& texts) {
  Condition condition;
  if (with_time && filter.since) {
    condition.sql += " AND key >= ?";
    condition.values.push_back(first_key(*filter.since));
  }
  if (with_time && filter.until) {
    condition.sql += " AND key < ?";
    condition.values.push_back(first_key(*filter.until));
  }
  for (const auto& [text, sql] :
       {std::pair{&filter.provider, " AND provider = ?"}, std::pair{&filter.client, " AND client = ?"},
        std::pair{&filter.project, " AND project = ?"}, std::pair{&filter.session, " AND session_id = ?"},
        std::pair{&filter.model, " AND ? IN (request_model, response_model)"}}) {
    if (text->empty()) continue;
    const auto number = texts.find(*text);
    if (!number) return fail(number.error());
    condition.impossible = condition.impossible || !*number;
    condition.sql += sql;
    condition.values.push_back(number->value_or(0));
  }
  if (!filter.run.empty()) {
    const auto numbers = texts.find_runs(filter.run);
    if (!numbers) return fail(numbers.error());
    condition.impossible = condition.impossible || numbers->empty();
    condition.sql += fmt::format(" AND run IN ({})", fmt::join(*numbers, ","));
  }
  return condition;
}

Result<std::vector<ReportRow>> report(const ReportQuery& query, Database& database, Texts& texts) {
  return Reporter(query, database, texts).run();
}

}  // namespace tokometer::store::sqlite
