#include "store/sqlite/sqlite_store.h"

#include <algorithm>
#include <limits>
#include <string>
#include <tuple>
#include <utility>

#include "store/sqlite/database.h"
#include "store/sqlite/event_rows.h"
#include "store/sqlite/quota_rows.h"
#include "store/sqlite/reports.h"
#include "store/sqlite/rollups.h"
#include "store/sqlite/schema.h"
#include "store/sqlite/sums_check.h"
#include "store/sqlite/texts.h"

namespace tokometer::store::sqlite {
namespace {

// Rows that one step of a purge deletes: some milliseconds of the write lock.
constexpr std::int64_t kPurgeStep = 2000;

// Rows that one step of a rewrite looks at.
constexpr std::int64_t kRewriteStep = 500;

// A read transaction: everything that is read within is of one moment. Where it cannot begin, neither can the first
// statement within, which says so.
class Snapshot {
 public:
  explicit Snapshot(Database& database) : database_(database) { std::ignore = database_.execute("BEGIN"); }
  ~Snapshot() { std::ignore = database_.execute("COMMIT"); }
  Snapshot(const Snapshot&) = delete;
  Snapshot& operator=(const Snapshot&) = delete;

 private:
  Database& database_;
};

class SqliteStore final : public Store {
 public:
  static Result<std::unique_ptr<Store>> open(const Options& options) {
    const auto mode = options.read_only ? Database::Mode::kReadOnly : Database::Mode::kReadWrite;
    auto database = Database::open(options.file, mode, options.busy);
    if (!database) return fail(database.error());
    std::unique_ptr<SqliteStore> store(new SqliteStore(std::move(*database)));
    auto ready = options.read_only ? store->check_version() : store->set_up();
    if (ready) ready = store->prepare(options.read_only);
    if (!ready) return fail(ready.error());
    return store;
  }

  Result<Inserted> insert(std::span<const event::Event> events, const CursorMove* move) override {
    auto inserted = insert_all(events, move);
    if (!inserted) abandon();
    return inserted;
  }

  Result<event::Position> cursor() override {
    const auto row = read_progress_.step();
    if (!row) return fail(row.error());
    if (!*row) return fail(ErrorCode::kCorrupt, "store: its table of progress is empty");
    const event::Position position{static_cast<std::uint64_t>(read_progress_.integer(0)),
                                   static_cast<std::uint64_t>(read_progress_.integer(1))};
    read_progress_.reset();
    return position;
  }

  Result<void> query(const Filter& filter, Order order, std::size_t limit, const Visit& visit) override {
    const Snapshot snapshot(database_);
    const auto condition = event_condition(filter, true, *texts_);
    if (!condition) return fail(condition.error());
    if (condition->impossible) return {};
    auto statement = database_.prepare("SELECT " + event_columns() + " FROM events WHERE " + condition->sql +
                                       " ORDER BY key" + (order == Order::kNewestFirst ? " DESC" : ""));
    if (!statement) return fail(statement.error());
    bind_values(*statement, condition->values);
    for (std::size_t shown = 0; shown < limit; ++shown) {
      const auto row = statement->step();
      if (!row) return fail(row.error());
      if (!*row) return {};
      const auto event = read_event(*statement, *texts_);
      if (!event) return fail(event.error());
      if (!visit(*event)) return {};
    }
    return {};
  }

  Result<std::optional<event::Event>> find(const Uuid& id) override {
    const Snapshot snapshot(database_);
    auto statement = seek(id, event_columns());
    if (!statement) return fail(statement.error());
    if (!*statement) return std::nullopt;
    auto event = read_event(**statement, *texts_);
    if (!event) return fail(event.error());
    return std::move(*event);
  }

  Result<std::vector<ReportRow>> report(const ReportQuery& query) override {
    const Snapshot snapshot(database_);
    return sqlite::report(query, database_, *texts_);
  }

  Result<void> rewrite(const Filter& filter, const Change& change) override {
    if (!rollups_) return fail(ErrorCode::kUnsupported, "store: opened for reading only");
    auto updater = EventUpdater::open(database_);
    if (!updater) return fail(updater.error());
    std::int64_t after = -1;
    for (;;) {
      const auto seen = rewrite_step(filter, change, *updater, after);
      if (!seen) {
        abandon();
        return fail(seen.error());
      }
      if (*seen < kRewriteStep) return {};
    }
  }

  Result<std::optional<Span>> span() override {
    const auto first = database_.integer("SELECT coalesce((SELECT min(key) FROM events), -1)");
    if (!first) return fail(first.error());
    const auto last = database_.integer("SELECT coalesce((SELECT max(key) FROM events), -1)");
    if (!last) return fail(last.error());
    if (*first < 0 || *last < 0) return std::nullopt;
    return Span{key_time(*first), key_time(*last)};
  }

  Result<void> put_quotas(std::span<const quota::Snapshot> snapshots) override {
    if (!inserter_) return fail(ErrorCode::kUnsupported, "store: opened for reading only");
    auto transaction = Transaction::begin(database_);
    if (!transaction) return fail(transaction.error());
    if (auto written = write_quotas(snapshots, database_); !written) return written;
    return transaction->commit();
  }

  Result<std::vector<quota::Snapshot>> quotas() override { return read_quotas(database_); }

  Result<std::int64_t> purge(UtcTime before, const std::function<bool()>& more) override {
    std::int64_t purged = 0;
    for (;;) {
      const auto step = purge_step(before);
      if (!step) {
        abandon();
        return fail(step.error());
      }
      purged += *step;
      if (*step < kPurgeStep || !more()) return purged;
    }
  }

  Result<std::optional<UtcTime>> excess(std::int64_t events) override {
    const auto count = database_.integer("SELECT events FROM progress");
    if (!count) return fail(count.error());
    if (*count <= events) return std::nullopt;
    // The first event that stays.
    const auto key = database_.integer("SELECT coalesce((SELECT key FROM events ORDER BY key LIMIT 1 OFFSET " +
                                       std::to_string(*count - events) + "), (SELECT max(key) + 1024 FROM events))");
    if (!key) return fail(key.error());
    return key_time(*key);
  }

  Result<void> compact() override {
    if (auto removed = remove_unused_texts(); !removed) {
      abandon();
      return removed;
    }
    if (auto done = database_.execute("VACUUM"); !done) return done;
    return database_.execute("PRAGMA wal_checkpoint(TRUNCATE); PRAGMA optimize");
  }

  Result<CheckReport> check(bool deep) override {
    CheckReport report;
    auto statement = database_.prepare(deep ? "PRAGMA integrity_check(20)" : "PRAGMA quick_check(20)");
    if (!statement) return fail(statement.error());
    for (;;) {
      const auto row = statement->step();
      if (!row) return fail(row.error());
      if (!*row) break;
      if (statement->text(0) != "ok") report.problems.emplace_back(statement->text(0));
    }
    for (const auto& [value, sql] :
         {std::pair{&report.events, "SELECT events FROM progress"},
          std::pair{&report.schema_version, "PRAGMA user_version"},
          std::pair{&report.bytes, "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()"}}) {
      const auto number = database_.integer(sql);
      if (!number) return fail(number.error());
      *value = *number;
    }
    if (!deep) return report;
    const Snapshot snapshot(database_);
    if (auto checked = check_sums(database_, report.problems); !checked) return fail(checked.error());
    return report;
  }

 private:
  explicit SqliteStore(Database database) : database_(std::move(database)) {}

  // The event `id`, as the current row of a SELECT of `columns`; nothing if there is none.
  Result<std::optional<Statement>> seek(const Uuid& id, const std::string& columns) {
    auto statement = database_.prepare("SELECT " + columns + " FROM events WHERE key >= ? AND key < ? AND id = ?");
    if (!statement) return fail(statement.error());
    // An id says when it was made (RFC 9562 5.7): when the exchange began or, more likely, ended. The last stretch
    // is everything, for ids that say something else.
    std::int64_t ms = 0;
    for (std::size_t i = 0; i < 6; ++i) ms = ms << 8 | id.bytes[i];
    const UtcTime made{std::chrono::milliseconds(std::min<std::int64_t>(ms, std::int64_t{1} << 42))};
    using std::chrono::hours;
    using std::chrono::minutes;
    const std::pair<std::int64_t, std::int64_t> stretches[] = {
        {first_key(made - minutes(1)), first_key(made + minutes(1))},
        {first_key(made - hours(1)), first_key(made + minutes(1))},
        {first_key(made - hours(24)), first_key(made + minutes(1))},
        {std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max()},
    };
    for (const auto& [from, to] : stretches) {
      statement->bind(1, from);
      statement->bind(2, to);
      statement->bind_blob(3, {reinterpret_cast<const char*>(id.bytes.data()), id.bytes.size()});
      const auto row = statement->step();
      if (!row) return fail(row.error());
      if (*row) return std::optional(std::move(*statement));
    }
    return std::nullopt;
  }

  // Within a write transaction: the event `id` bills nothing from now on, if it is there.
  Result<void> take_out(std::string_view id) {
    const auto parsed = Uuid::parse(id);
    if (!parsed) return {};
    auto found = seek(*parsed, summary_columns());
    if (!found) return fail(found.error());
    if (!*found) return {};
    const Summary summary = read_summary(**found);
    found->reset();  // the statement is done before the row changes
    rollups_->add(summary.key, summary.dimensions, summary.event, -1);
    return database_.execute(
        "UPDATE events SET billable = 0, cost_picodollars = NULL, cost_details = NULL, price_ref = NULL WHERE key = " +
        std::to_string(summary.key));
  }

  // After a rollback: what is remembered of the tables may never have been in them.
  void abandon() {
    texts_->forget();
    if (rollups_) rollups_->clear();
  }

  Result<void> check_version() {
    const auto version = schema_version(database_);
    if (!version) return fail(version.error());
    if (std::cmp_not_equal(*version, migrations().size())) {
      return fail(ErrorCode::kUnsupported, "store: its schema has version " + std::to_string(*version) +
                                               ", this program needs " + std::to_string(migrations().size()));
    }
    return {};
  }

  Result<void> set_up() {
    // The write-ahead log lets readers work while we write; with synchronous = NORMAL a power cut may cost the last
    // batches, which the journal still has, but never the file. Checkpoints every 16 MiB write pages that many
    // batches touch only once.
    auto done = database_.execute(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 4096;"
        "PRAGMA journal_size_limit = 16777216; PRAGMA temp_store = MEMORY");
    if (!done) return done;
    return migrate(database_, migrations());
  }

  Result<void> prepare(bool read_only) {
    auto texts = Texts::open(database_);
    if (!texts) return fail(texts.error());
    texts_ = std::move(*texts);
    for (auto [statement, sql] : {std::pair{&read_progress_, "SELECT segment, position FROM progress"},
                                  std::pair{&data_version_, "PRAGMA data_version"},
                                  std::pair{&move_cursor_, "UPDATE progress SET segment = ?, position = ?"},
                                  std::pair{&count_events_, "UPDATE progress SET events = events + ?"}}) {
      auto prepared = database_.prepare(sql);
      if (!prepared) return fail(prepared.error());
      *statement = std::move(*prepared);
    }
    if (read_only) return {};
    auto inserter = EventInserter::open(database_);
    if (!inserter) return fail(inserter.error());
    inserter_.emplace(std::move(*inserter));
    auto rollups = Rollups::open(database_);
    if (!rollups) return fail(rollups.error());
    rollups_.emplace(std::move(*rollups));
    return {};
  }

  // Somebody else may have removed texts that we remember.
  Result<void> notice_others() {
    const auto row = data_version_.step();
    if (!row) return fail(row.error());
    const std::int64_t version = data_version_.integer(0);
    data_version_.reset();
    if (version != seen_version_) texts_->forget();
    seen_version_ = version;
    return {};
  }

  Result<void> add_to_count(std::int64_t events) {
    count_events_.bind(1, events);
    const auto done = count_events_.step();
    if (!done) return fail(done.error());
    return {};
  }

  Result<Inserted> insert_all(std::span<const event::Event> events, const CursorMove* move) {
    if (!inserter_) return fail(ErrorCode::kUnsupported, "store: opened for reading only");
    auto transaction = Transaction::begin(database_);
    if (!transaction) return fail(transaction.error());
    if (auto noticed = notice_others(); !noticed) return fail(noticed.error());
    Inserted inserted;
    if (move != nullptr) {
      const auto stored = cursor();
      if (!stored) return fail(stored.error());
      inserted.cursor_moved = *stored != move->from;
      if (inserted.cursor_moved) return inserted;
      move_cursor_.bind(1, static_cast<std::int64_t>(move->to.segment));
      move_cursor_.bind(2, static_cast<std::int64_t>(move->to.offset));
      if (const auto moved = move_cursor_.step(); !moved) return fail(moved.error());
    }
    for (const event::Event& event : events) {
      const auto stored = inserter_->insert(event, *texts_);
      if (!stored) return fail(stored.error());
      if (!*stored) {
        ++inserted.repeated;
        continue;
      }
      ++inserted.added;
      rollups_->add((*stored)->key, (*stored)->dimensions, event);
      if (event.replaces.empty()) continue;
      if (auto done = take_out(event.replaces); !done) return fail(done.error());
    }
    if (auto written = rollups_->write(); !written) return fail(written.error());
    if (auto counted = add_to_count(static_cast<std::int64_t>(inserted.added)); !counted) return fail(counted.error());
    if (auto committed = transaction->commit(); !committed) return fail(committed.error());
    return inserted;
  }

  Result<std::int64_t> purge_step(UtcTime before) {
    if (!rollups_) return fail(ErrorCode::kUnsupported, "store: opened for reading only");
    auto transaction = Transaction::begin(database_);
    if (!transaction) return fail(transaction.error());
    auto oldest = database_.prepare("SELECT " + summary_columns() + " FROM events WHERE key < ? ORDER BY key LIMIT " +
                                    std::to_string(kPurgeStep));
    if (!oldest) return fail(oldest.error());
    oldest->bind(1, first_key(before));
    std::int64_t count = 0;
    std::int64_t last = 0;
    for (;; ++count) {
      const auto row = oldest->step();
      if (!row) return fail(row.error());
      if (!*row) break;
      const Summary summary = read_summary(*oldest);
      rollups_->add(summary.key, summary.dimensions, summary.event, -1);
      last = summary.key;
    }
    if (count == 0) return 0;
    if (auto written = rollups_->write(); !written) return fail(written.error());
    const std::string last_us = std::to_string(last / kKeysPerMicrosecond);
    // Sessions that lost their beginning begin later now.
    auto deleted = database_.execute("DELETE FROM events WHERE key <= " + std::to_string(last) +
                                     "; UPDATE session_rollups SET first_us = max(first_us, " + last_us +
                                     ") WHERE bucket = " + last_us + " / 900000000 * 900");
    if (!deleted) return fail(deleted.error());
    if (auto counted = add_to_count(-count); !counted) return fail(counted.error());
    if (auto committed = transaction->commit(); !committed) return fail(committed.error());
    return count;
  }

  // Goes on behind the key `after`, and moves it. How many events it looked at.
  Result<std::int64_t> rewrite_step(const Filter& filter, const Change& change, EventUpdater& updater,
                                    std::int64_t& after) {
    auto transaction = Transaction::begin(database_);
    if (!transaction) return fail(transaction.error());
    if (auto noticed = notice_others(); !noticed) return fail(noticed.error());
    const auto condition = event_condition(filter, true, *texts_);
    if (!condition) return fail(condition.error());
    if (condition->impossible) return 0;
    auto next =
        database_.prepare("SELECT " + event_columns() + " FROM events WHERE (" + condition->sql + ") AND key > " +
                          std::to_string(after) + " ORDER BY key LIMIT " + std::to_string(kRewriteStep));
    if (!next) return fail(next.error());
    bind_values(*next, condition->values);
    // All are read before the first is changed: a row that moves could be met twice.
    std::vector<std::pair<std::int64_t, event::Event>> events;
    for (;;) {
      const auto row = next->step();
      if (!row) return fail(row.error());
      if (!*row) break;
      auto event = read_event(*next, *texts_);
      if (!event) return fail(event.error());
      events.emplace_back(next->integer(0), std::move(*event));
    }
    bool any = false;
    for (auto& [key, event] : events) {
      after = key;
      const event::Event before = event;
      if (!change(event)) continue;
      const auto dimensions = updater.update(key, event, *texts_);
      if (!dimensions) return fail(dimensions.error());
      rollups_->add(key, *dimensions, before, -1);
      rollups_->add(key, *dimensions, event);
      any = true;
    }
    if (any) {
      if (auto written = rollups_->write(); !written) return fail(written.error());
      if (auto committed = transaction->commit(); !committed) return fail(committed.error());
    }
    return static_cast<std::int64_t>(events.size());
  }

  Result<void> remove_unused_texts() {
    auto transaction = Transaction::begin(database_);
    if (!transaction) return fail(transaction.error());
    std::string used = "SELECT provider FROM rollups";
    for (const std::string_view column : {"request_model", "response_model", "client", "project"}) {
      used.append(" UNION SELECT ").append(column).append(" FROM rollups");
    }
    used += " UNION SELECT session FROM session_rollups";
    for (const std::string& column : name_columns())
      used.append(" UNION SELECT ").append(column).append(" FROM events");
    // A NULL in the list would make NOT IN unknown for every text.
    auto removed = database_.execute("WITH used (id) AS (" + used +
                                     ") DELETE FROM texts WHERE id NOT IN (SELECT id FROM used WHERE id NOT NULL)");
    texts_->forget();
    if (!removed) return removed;
    return transaction->commit();
  }

  Database database_;
  std::optional<Texts> texts_;
  std::optional<EventInserter> inserter_;  // these two only where it is not read_only
  std::optional<Rollups> rollups_;
  Statement read_progress_;
  Statement data_version_;
  Statement move_cursor_;
  Statement count_events_;
  std::int64_t seen_version_ = 0;
};

}  // namespace

Result<std::unique_ptr<Store>> open(const Options& options) { return SqliteStore::open(options); }

}  // namespace tokometer::store::sqlite
