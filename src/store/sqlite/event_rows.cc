#include "store/sqlite/event_rows.h"

#include <algorithm>
#include <cstring>
#include <deque>
#include <utility>
#include <vector>

#include "event/fields.h"
#include "json/document.h"
#include "json/writer.h"

namespace tokometer::store::sqlite {
namespace {

using event::Event;
using event::Field;
using event::Form;
using ToolCalls = std::vector<std::pair<std::string, std::int64_t>>;

// started_at is the key.
constexpr std::string_view kTimeField = "started_at";

std::string column_name(const Field& field) {
  std::string name(field.name);
  if (field.form == Form::kMilliseconds) name.replace(name.size() - 2, 2, "us");
  if (field.form == Form::kUsd) name = "cost_picodollars";
  return name;
}

// Past the keys of its own microsecond an event may go into those of the second behind it.
constexpr std::int64_t kWidestSpread = kKeysPerMicrosecond << 20U;
constexpr int kTriesBeforeWidening = 2;

// Where an event may stand, try by try: keys that its id picks, at first among those of its microsecond, then among
// twice as many, and so on. So however many events there are of one time, each is stored and found again within a
// number of tries that grows with the logarithm of theirs; the next free key after a taken one would take all of them.
class KeySearch {
 public:
  KeySearch(UtcTime time, const Uuid& id) : first_(first_key(time)) {
    for (const std::uint8_t byte : id.bytes) seed_ = mixed(seed_ ^ byte);
    key_ = first_ + ((id.bytes[14] << 8 | id.bytes[15]) & (kKeysPerMicrosecond - 1));
  }

  std::int64_t key() const { return key_; }
  void next() {
    if (++tries_ % kTriesBeforeWidening == 0 && spread_ < kWidestSpread) spread_ *= 2;
    seed_ = mixed(seed_);
    key_ = first_ + static_cast<std::int64_t>(seed_ & static_cast<std::uint64_t>(spread_ - 1));
  }

 private:
  // The step of SplitMix64: a permutation of 64 bits that leaves no pattern.
  static std::uint64_t mixed(std::uint64_t value) {
    value += 0x9e3779b97f4a7c15U;
    value = (value ^ value >> 30U) * 0xbf58476d1ce4e5b9U;
    value = (value ^ value >> 27U) * 0x94d049bb133111ebU;
    return value ^ value >> 31U;
  }

  std::int64_t first_;
  std::int64_t key_ = 0;
  std::int64_t spread_ = kKeysPerMicrosecond;
  std::uint64_t seed_ = 0;
  int tries_ = 0;
};

std::string_view as_bytes(const Uuid& id) { return {reinterpret_cast<const char*>(id.bytes.data()), id.bytes.size()}; }

std::string tags_json(const std::vector<std::string>& tags) {
  if (tags.empty()) return {};
  std::string text;
  json::Writer writer(text);
  writer.begin_array();
  for (const std::string& tag : tags) writer.string(tag);
  writer.end_array();
  return text;
}

std::string tool_calls_json(const ToolCalls& calls) {
  if (calls.empty()) return {};
  std::string text;
  json::Writer writer(text);
  writer.begin_object();
  for (const auto& [name, count] : calls) writer.member(name, count);
  writer.end_object();
  return text;
}

// Binds an event's fields to the parameters 2, 3, …; texts that it makes live as long as it does.
class Binder {
 public:
  Binder(Statement& statement, Texts& texts) : statement_(statement), texts_(texts) {}

  const std::optional<Error>& error() const { return error_; }
  const Dimensions& dimensions() const { return dimensions_; }

  void operator()(const Field&, UtcTime) {}
  void operator()(const Field&, const Uuid& id) { statement_.bind_blob(++parameter_, as_bytes(id)); }
  void operator()(const Field&, bool value) { statement_.bind(++parameter_, std::int64_t{value}); }
  void operator()(const Field&, int value) { statement_.bind(++parameter_, std::int64_t{value}); }
  void operator()(const Field&, std::int64_t value) { statement_.bind(++parameter_, value); }
  void operator()(const Field&, meter::UsageSource source) {
    statement_.bind(++parameter_, static_cast<std::int64_t>(source));
  }
  void operator()(const Field&, meter::UsageStep step) { choice(static_cast<std::int64_t>(step)); }
  void operator()(const Field&, meter::EstimatedCounts counts) { choice(static_cast<std::int64_t>(counts)); }
  void operator()(const Field&, const std::optional<std::int64_t>& value) {
    ++parameter_;
    value ? statement_.bind(parameter_, *value) : statement_.bind_null(parameter_);
  }
  void operator()(const Field& field, const std::string& text) {
    field.form == Form::kName ? name(field, text) : plain(text);
  }
  void operator()(const Field& field, const std::vector<std::string>& tags) { name(field, tags_json(tags)); }
  void operator()(const Field&, const ToolCalls& calls) { plain(made_.emplace_back(tool_calls_json(calls))); }

 private:
  // 0 says nothing.
  void choice(std::int64_t value) {
    ++parameter_;
    value != 0 ? statement_.bind(parameter_, value) : statement_.bind_null(parameter_);
  }
  void plain(std::string_view text) {
    ++parameter_;
    text.empty() ? statement_.bind_null(parameter_) : statement_.bind(parameter_, text);
  }
  void name(const Field& field, std::string_view text) {
    ++parameter_;
    if (text.empty()) return statement_.bind_null(parameter_);
    const auto number = texts_.intern(text);
    if (!number) {
      error_ = number.error();
      return;
    }
    statement_.bind(parameter_, *number);
    if (field.name == "provider") dimensions_.provider = *number;
    if (field.name == "request_model") dimensions_.request_model = *number;
    if (field.name == "response_model") dimensions_.response_model = *number;
    if (field.name == "client") dimensions_.client = *number;
    if (field.name == "project") dimensions_.project = *number;
    if (field.name == "session_id") dimensions_.session = *number;
  }

  Statement& statement_;
  Texts& texts_;
  int parameter_ = 1;
  std::deque<std::string> made_;
  Dimensions dimensions_;
  std::optional<Error> error_;
};

// Reads an event's fields from the columns 1, 2, …
class Loader {
 public:
  Loader(const Statement& row, Texts& texts) : row_(row), texts_(texts) {}
  const std::optional<Error>& error() const { return error_; }

  void operator()(const Field&, UtcTime& time) { time = key_time(row_.integer(0)); }
  void operator()(const Field&, Uuid& id) {
    const std::string_view bytes = row_.blob(++column_);
    if (bytes.size() == id.bytes.size()) std::memcpy(id.bytes.data(), bytes.data(), bytes.size());
  }
  void operator()(const Field&, bool& value) { value = row_.integer(++column_) != 0; }
  void operator()(const Field&, int& value) { value = static_cast<int>(row_.integer(++column_)); }
  void operator()(const Field&, std::int64_t& value) { value = row_.integer(++column_); }
  void operator()(const Field&, meter::UsageSource& source) {
    source = static_cast<meter::UsageSource>(std::clamp<std::int64_t>(row_.integer(++column_), 0, 2));
  }
  void operator()(const Field&, meter::UsageStep& step) {
    step = static_cast<meter::UsageStep>(std::clamp<std::int64_t>(row_.integer(++column_), 0, 5));
  }
  void operator()(const Field&, meter::EstimatedCounts& counts) {
    counts = static_cast<meter::EstimatedCounts>(std::clamp<std::int64_t>(row_.integer(++column_), 0, 3));
  }
  void operator()(const Field&, std::optional<std::int64_t>& value) {
    if (!row_.is_null(++column_)) value = row_.integer(column_);
  }
  void operator()(const Field& field, std::string& text) {
    ++column_;
    text = field.form == Form::kName ? name() : std::string(row_.text(column_));
  }
  void operator()(const Field&, std::vector<std::string>& tags) {
    ++column_;
    const auto document = json::Document::parse(name());
    if (!document) return;
    for (const json::Node tag : document->root().elements()) tags.emplace_back(tag.string().value_or(""));
  }
  void operator()(const Field&, ToolCalls& calls) {
    const auto document = json::Document::parse(std::string(row_.text(++column_)));
    if (!document) return;
    for (const auto [tool, count] : document->root().members()) calls.emplace_back(tool, count.int64().value_or(0));
  }

 private:
  std::string name() {
    auto text = texts_.text(row_.integer(column_));
    if (text) return std::move(*text);
    error_ = text.error();
    return {};
  }

  const Statement& row_;
  Texts& texts_;
  int column_ = 0;
  std::optional<Error> error_;
};

}  // namespace

std::int64_t first_key(UtcTime time) {
  constexpr std::int64_t kLatest = (std::int64_t{1} << 53) - 1 - kWidestSpread / kKeysPerMicrosecond;
  return std::clamp<std::int64_t>(time.time_since_epoch().count(), 0, kLatest) * kKeysPerMicrosecond;
}

UtcTime key_time(std::int64_t key) { return UtcTime(std::chrono::microseconds(key / kKeysPerMicrosecond)); }

std::string event_columns() {
  std::string columns = "key";
  const Event event;
  event::for_each_field(event, [&](const Field& field, const auto&) {
    if (field.name != kTimeField) columns += ", " + column_name(field);
  });
  return columns;
}

std::vector<std::string> name_columns() {
  std::vector<std::string> columns;
  const Event event;
  event::for_each_field(event, [&](const Field& field, const auto&) {
    if (field.form == Form::kName) columns.push_back(column_name(field));
  });
  return columns;
}

Result<Event> read_event(const Statement& row, Texts& texts) {
  Event event;
  Loader loader(row, texts);
  event::for_each_field(event, loader);
  if (loader.error()) return fail(*loader.error());
  return event;
}

std::string summary_columns() {
  return "key, provider, request_model, response_model, client, project, session_id, status_code, error_type, "
         "operation, billable, usage_source, input_tokens, cache_read_input_tokens, cache_creation_input_tokens, "
         "output_tokens, reasoning_output_tokens, total_tokens, duration_us, cost_picodollars, complete, finish_reason";
}

Summary read_summary(const Statement& row) {
  const auto count = [&row](int column) {
    return row.is_null(column) ? meter::Count() : meter::Count(row.integer(column));
  };
  Summary summary;
  summary.key = row.integer(0);
  summary.dimensions = {.provider = row.integer(1),
                        .request_model = row.integer(2),
                        .response_model = row.integer(3),
                        .client = row.integer(4),
                        .project = row.integer(5),
                        .session = row.integer(6)};
  Event& event = summary.event;
  event.status_code = static_cast<int>(row.integer(7));
  // Which error, operation or reason does not matter to sums, only whether there is one.
  if (!row.is_null(8)) event.error_type = "?";
  if (!row.is_null(9)) event.operation = "?";
  event.billable = row.integer(10) != 0;
  event.usage.source = static_cast<meter::UsageSource>(std::clamp<std::int64_t>(row.integer(11), 0, 2));
  event.usage.input_tokens = count(12);
  event.usage.cache_read_input_tokens = count(13);
  event.usage.cache_creation_input_tokens = count(14);
  event.usage.output_tokens = count(15);
  event.usage.reasoning_output_tokens = count(16);
  event.usage.total_tokens = count(17);
  event.duration_us = row.integer(18);
  event.cost_picodollars = count(19);
  event.complete = row.integer(20) != 0;
  if (!row.is_null(21)) event.finish_reason = "?";
  return summary;
}

Result<EventInserter> EventInserter::open(Database& database) {
  EventInserter inserter(database);
  const std::string columns = event_columns();
  std::string parameters = "?";
  for (const char c : columns) {
    if (c == ',') parameters += ",?";
  }
  auto insert = database.prepare("INSERT OR IGNORE INTO events (" + columns + ") VALUES (" + parameters + ")");
  if (!insert) return fail(insert.error());
  auto id_at = database.prepare("SELECT id FROM events WHERE key = ?");
  if (!id_at) return fail(id_at.error());
  inserter.insert_ = std::move(*insert);
  inserter.id_at_ = std::move(*id_at);
  return inserter;
}

Result<std::optional<EventInserter::Inserted>> EventInserter::insert(const Event& event, Texts& texts) {
  Binder binder(insert_, texts);
  event::for_each_field(event, binder);
  if (binder.error()) return fail(*binder.error());
  // A taken key is this very event, or another's: then the next of the search is ours, if it is free. The search for
  // an event that is stored takes the same way, so that it is always found.
  for (KeySearch search(event.started_at, event.id);; search.next()) {
    const std::int64_t key = search.key();
    insert_.bind(1, key);
    const auto done = insert_.step();
    if (!done) return fail(done.error());
    if (database_->changes() > 0) return Inserted{key, binder.dimensions()};
    id_at_.bind(1, key);
    const auto row = id_at_.step();
    if (!row) return fail(row.error());
    const bool same = *row && id_at_.blob(0) == as_bytes(event.id);
    id_at_.reset();
    if (same) return std::nullopt;
  }
}

Result<EventUpdater> EventUpdater::open(Database& database) {
  std::string columns = event_columns();
  columns.erase(0, columns.find(',') + 2);  // all but the key
  std::string parameters = "?2";
  int parameter = 2;
  for (const char c : columns) {
    if (c == ',') parameters += ", ?" + std::to_string(++parameter);
  }
  auto update = database.prepare("UPDATE events SET (" + columns + ") = (" + parameters + ") WHERE key = ?1");
  if (!update) return fail(update.error());
  EventUpdater updater;
  updater.update_ = std::move(*update);
  return updater;
}

Result<Dimensions> EventUpdater::update(std::int64_t key, const Event& event, Texts& texts) {
  Binder binder(update_, texts);
  event::for_each_field(event, binder);
  if (binder.error()) return fail(*binder.error());
  update_.bind(1, key);
  if (const auto done = update_.step(); !done) return fail(done.error());
  return binder.dimensions();
}

}  // namespace tokometer::store::sqlite
