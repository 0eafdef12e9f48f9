#include "store/sqlite/quota_rows.h"

#include <algorithm>
#include <optional>
#include <string>

namespace tokometer::store::sqlite {
namespace {

constexpr std::string_view kUpsert = R"sql(
INSERT INTO quotas (provider, account, name, model, label, status, quota_limit, remaining, used_fraction,
                    window_seconds, resets_at_us, seen_at_us)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT DO UPDATE SET
  label = excluded.label, status = excluded.status, quota_limit = excluded.quota_limit,
  remaining = excluded.remaining, used_fraction = excluded.used_fraction, window_seconds = excluded.window_seconds,
  resets_at_us = excluded.resets_at_us, seen_at_us = excluded.seen_at_us
WHERE excluded.seen_at_us >= seen_at_us)sql";

constexpr std::string_view kSelect =
    "SELECT provider, account, name, model, label, status, quota_limit, remaining, used_fraction, window_seconds, "
    "resets_at_us, seen_at_us FROM quotas ORDER BY provider, account, name, model";

std::int64_t microseconds_of(UtcTime time) { return time.time_since_epoch().count(); }

void bind_amount(Statement& statement, int parameter, const std::optional<double>& amount) {
  amount ? statement.bind(parameter, *amount) : statement.bind_null(parameter);
}

void bind_count(Statement& statement, int parameter, const std::optional<std::int64_t>& count) {
  count ? statement.bind(parameter, *count) : statement.bind_null(parameter);
}

std::optional<double> amount_of(const Statement& statement, int column) {
  return statement.is_null(column) ? std::nullopt : std::optional(statement.real(column));
}

// Takes away what is too old or too much.
Result<void> keep_limits(UtcTime newest, Database& database, const QuotaLimits& limits) {
  const std::string before = std::to_string(microseconds_of(newest - limits.keep));
  if (auto done = database.execute("DELETE FROM quotas WHERE seen_at_us < " + before); !done) return done;
  const auto count = database.integer("SELECT count(*) FROM quotas");
  if (!count) return fail(count.error());
  if (*count <= limits.rows) return {};
  return database.execute(
      "DELETE FROM quotas WHERE (provider, account, name, model) IN (SELECT provider, account, "
      "name, model FROM quotas ORDER BY seen_at_us LIMIT " +
      std::to_string(*count - limits.rows) + ")");
}

}  // namespace

Result<void> write_quotas(std::span<const quota::Snapshot> snapshots, Database& database, const QuotaLimits& limits) {
  if (snapshots.empty()) return {};
  auto upsert = database.prepare(kUpsert);
  if (!upsert) return fail(upsert.error());
  UtcTime newest = snapshots.front().seen_at;
  for (const quota::Snapshot& snapshot : snapshots) {
    int parameter = 0;
    for (const std::string* text :
         {&snapshot.provider, &snapshot.account, &snapshot.name, &snapshot.model, &snapshot.label, &snapshot.status}) {
      upsert->bind(++parameter, *text);
    }
    bind_amount(*upsert, ++parameter, snapshot.limit);
    bind_amount(*upsert, ++parameter, snapshot.remaining);
    bind_amount(*upsert, ++parameter, snapshot.used_fraction);
    bind_count(*upsert, ++parameter, snapshot.window ? std::optional(snapshot.window->count()) : std::nullopt);
    bind_count(*upsert, ++parameter,
               snapshot.resets_at ? std::optional(microseconds_of(*snapshot.resets_at)) : std::nullopt);
    upsert->bind(++parameter, microseconds_of(snapshot.seen_at));
    if (const auto done = upsert->step(); !done) return fail(done.error());
    newest = std::max(newest, snapshot.seen_at);
  }
  return keep_limits(newest, database, limits);
}

Result<std::vector<quota::Snapshot>> read_quotas(Database& database) {
  auto select = database.prepare(kSelect);
  if (!select) return fail(select.error());
  std::vector<quota::Snapshot> all;
  for (;;) {
    const auto row = select->step();
    if (!row) return fail(row.error());
    if (!*row) return all;
    quota::Snapshot& snapshot = all.emplace_back();
    int column = 0;
    for (std::string* text :
         {&snapshot.provider, &snapshot.account, &snapshot.name, &snapshot.model, &snapshot.label, &snapshot.status}) {
      *text = select->text(column++);
    }
    snapshot.limit = amount_of(*select, column++);
    snapshot.remaining = amount_of(*select, column++);
    snapshot.used_fraction = amount_of(*select, column++);
    if (!select->is_null(column)) snapshot.window = std::chrono::seconds(select->integer(column));
    ++column;
    if (!select->is_null(column)) snapshot.resets_at = UtcTime(std::chrono::microseconds(select->integer(column)));
    ++column;
    snapshot.seen_at = UtcTime(std::chrono::microseconds(select->integer(column)));
  }
}

}  // namespace tokometer::store::sqlite
