#include "store/sqlite/schema.h"

#include <array>
#include <string>

namespace tokometer::store::sqlite {
namespace {

// "TOKM", by which a file says that it is ours (PRAGMA application_id).
constexpr std::int64_t kApplicationId = 0x544f4b4d;

constexpr std::array<std::string_view, 7> kMigrations = {
    R"sql(
CREATE TABLE texts (
  id INTEGER PRIMARY KEY,
  text TEXT NOT NULL UNIQUE
);
CREATE TABLE events (
  key INTEGER PRIMARY KEY,  -- started_at in microseconds * 1024 + a part of the id
  id BLOB NOT NULL,
  duration_us INTEGER,
  time_to_first_byte_us INTEGER,
  time_to_first_chunk_us INTEGER,
  provider INTEGER,  -- REFERENCES texts, as all names are
  operation INTEGER,
  method INTEGER,
  host INTEGER,
  path INTEGER,
  request_model INTEGER,
  response_model INTEGER,
  response_id TEXT,
  stream INTEGER,
  status_code INTEGER,
  error_type INTEGER,
  finish_reason INTEGER,
  input_tokens INTEGER,
  cache_read_input_tokens INTEGER,
  cache_creation_input_tokens INTEGER,
  cache_creation_1h_input_tokens INTEGER,
  output_tokens INTEGER,
  reasoning_output_tokens INTEGER,
  audio_input_tokens INTEGER,
  cache_read_audio_input_tokens INTEGER,
  audio_output_tokens INTEGER,
  image_input_tokens INTEGER,
  image_output_tokens INTEGER,
  billed_input_tokens INTEGER,
  billed_output_tokens INTEGER,
  tool_use_prompt_tokens INTEGER,
  total_tokens INTEGER,
  usage_source INTEGER,
  usage_details TEXT,
  tool_calls TEXT,
  service_tier INTEGER,
  provider_cost_usd TEXT,
  cost_picodollars INTEGER,
  cost_details TEXT,
  price_ref INTEGER,
  client INTEGER,
  client_version INTEGER,
  session_id INTEGER,
  thread_id INTEGER,
  agent_id INTEGER,
  project INTEGER,
  program INTEGER,
  user INTEGER,
  tags INTEGER,
  request_bytes INTEGER,
  response_bytes INTEGER,
  truncated INTEGER,
  complete INTEGER,
  billable INTEGER,
  capture_ref TEXT,
  source_id TEXT
);
CREATE TABLE rollups (
  span INTEGER NOT NULL,    -- seconds: 900, 3600 or 86400
  bucket INTEGER NOT NULL,  -- where it begins, in seconds since 1970
  provider INTEGER NOT NULL,
  request_model INTEGER NOT NULL,
  response_model INTEGER NOT NULL,
  client INTEGER NOT NULL,
  project INTEGER NOT NULL,
  calls INTEGER NOT NULL,
  errors INTEGER NOT NULL,
  estimated INTEGER NOT NULL,
  cost_missing INTEGER NOT NULL,
  input_tokens INTEGER NOT NULL,
  cache_read_input_tokens INTEGER NOT NULL,
  cache_creation_input_tokens INTEGER NOT NULL,
  output_tokens INTEGER NOT NULL,
  reasoning_output_tokens INTEGER NOT NULL,
  total_tokens INTEGER NOT NULL,
  duration_us INTEGER NOT NULL,
  cost_micros INTEGER NOT NULL,
  cost_picos INTEGER NOT NULL,
  PRIMARY KEY (span, bucket, provider, request_model, response_model, client, project)
) WITHOUT ROWID;
CREATE TABLE session_rollups (
  bucket INTEGER NOT NULL,  -- as above, of 900 seconds
  session INTEGER NOT NULL,
  first_us INTEGER NOT NULL,
  last_us INTEGER NOT NULL,
  calls INTEGER NOT NULL,
  errors INTEGER NOT NULL,
  estimated INTEGER NOT NULL,
  cost_missing INTEGER NOT NULL,
  input_tokens INTEGER NOT NULL,
  cache_read_input_tokens INTEGER NOT NULL,
  cache_creation_input_tokens INTEGER NOT NULL,
  output_tokens INTEGER NOT NULL,
  reasoning_output_tokens INTEGER NOT NULL,
  total_tokens INTEGER NOT NULL,
  duration_us INTEGER NOT NULL,
  cost_micros INTEGER NOT NULL,
  cost_picos INTEGER NOT NULL,
  PRIMARY KEY (bucket, session)
) WITHOUT ROWID;
CREATE TABLE progress (
  only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
  events INTEGER NOT NULL,   -- rows in the table of that name
  segment INTEGER NOT NULL,  -- of the journal: where the next event is to be read
  position INTEGER NOT NULL
);
INSERT INTO progress VALUES (1, 0, 0, 0);
)sql",
    // How many calls stated each count, so that a sum which nobody stated is absent; and calls that broke off count
    // as of unknown cost even where a price applied to what they had said. Both read from the events that are there.
    R"sql(
ALTER TABLE rollups ADD COLUMN input_calls INTEGER NOT NULL DEFAULT 0;
ALTER TABLE rollups ADD COLUMN cache_read_calls INTEGER NOT NULL DEFAULT 0;
ALTER TABLE rollups ADD COLUMN cache_creation_calls INTEGER NOT NULL DEFAULT 0;
ALTER TABLE rollups ADD COLUMN output_calls INTEGER NOT NULL DEFAULT 0;
ALTER TABLE rollups ADD COLUMN reasoning_calls INTEGER NOT NULL DEFAULT 0;
ALTER TABLE session_rollups ADD COLUMN input_calls INTEGER NOT NULL DEFAULT 0;
ALTER TABLE session_rollups ADD COLUMN cache_read_calls INTEGER NOT NULL DEFAULT 0;
ALTER TABLE session_rollups ADD COLUMN cache_creation_calls INTEGER NOT NULL DEFAULT 0;
ALTER TABLE session_rollups ADD COLUMN output_calls INTEGER NOT NULL DEFAULT 0;
ALTER TABLE session_rollups ADD COLUMN reasoning_calls INTEGER NOT NULL DEFAULT 0;
CREATE TEMP VIEW stated AS SELECT
  key / 1024 / 1000000 AS seconds, provider, request_model, response_model, client, project, session_id,
  input_tokens IS NOT NULL AS input_calls,
  cache_read_input_tokens IS NOT NULL AS cache_read_calls,
  cache_creation_input_tokens IS NOT NULL AS cache_creation_calls,
  output_tokens IS NOT NULL AS output_calls,
  reasoning_output_tokens IS NOT NULL AS reasoning_calls,
  cost_picodollars IS NOT NULL AND usage_source = 1 AND NOT complete AND finish_reason IS NULL
    AND status_code BETWEEN 200 AND 299 AS partial
FROM events WHERE billable;
UPDATE rollups SET
  cost_missing = cost_missing + sums.partial,
  input_calls = sums.input_calls,
  cache_read_calls = sums.cache_read_calls,
  cache_creation_calls = sums.cache_creation_calls,
  output_calls = sums.output_calls,
  reasoning_calls = sums.reasoning_calls
FROM (
  SELECT spans.span AS span, seconds - seconds % spans.span AS bucket, coalesce(provider, 0) AS provider,
    coalesce(request_model, 0) AS request_model, coalesce(response_model, 0) AS response_model,
    coalesce(client, 0) AS client, coalesce(project, 0) AS project, sum(partial) AS partial,
    sum(input_calls) AS input_calls,
    sum(cache_read_calls) AS cache_read_calls,
    sum(cache_creation_calls) AS cache_creation_calls,
    sum(output_calls) AS output_calls,
    sum(reasoning_calls) AS reasoning_calls
  FROM stated, (SELECT 900 AS span UNION ALL SELECT 3600 UNION ALL SELECT 86400) AS spans
  GROUP BY 1, 2, 3, 4, 5, 6, 7
) AS sums
WHERE (rollups.span, rollups.bucket, rollups.provider, rollups.request_model, rollups.response_model, rollups.client,
       rollups.project) = (sums.span, sums.bucket, sums.provider, sums.request_model, sums.response_model, sums.client,
                           sums.project);
UPDATE session_rollups SET
  cost_missing = cost_missing + sums.partial,
  input_calls = sums.input_calls,
  cache_read_calls = sums.cache_read_calls,
  cache_creation_calls = sums.cache_creation_calls,
  output_calls = sums.output_calls,
  reasoning_calls = sums.reasoning_calls
FROM (
  SELECT seconds - seconds % 900 AS bucket, coalesce(session_id, 0) AS session, sum(partial) AS partial,
    sum(input_calls) AS input_calls,
    sum(cache_read_calls) AS cache_read_calls,
    sum(cache_creation_calls) AS cache_creation_calls,
    sum(output_calls) AS output_calls,
    sum(reasoning_calls) AS reasoning_calls
  FROM stated GROUP BY 1, 2
) AS sums
WHERE (session_rollups.bucket, session_rollups.session) = (sums.bucket, sums.session);
DROP VIEW stated;
)sql",
    // The newest snapshot of each quota.
    R"sql(
CREATE TABLE quotas (
  provider TEXT NOT NULL,
  account TEXT NOT NULL,  -- a fingerprint
  name TEXT NOT NULL,
  model TEXT NOT NULL,
  label TEXT NOT NULL,
  status TEXT NOT NULL,
  quota_limit REAL,
  remaining REAL,
  used_fraction REAL,
  window_seconds INTEGER,
  resets_at_us INTEGER,
  seen_at_us INTEGER NOT NULL,
  PRIMARY KEY (provider, account, name, model)
) WITHOUT ROWID;
)sql",
    // Which step gave the counts. Of older events nobody knows.
    R"sql(
ALTER TABLE events ADD COLUMN usage_step INTEGER;
)sql",
    // The calls of one run of a program are few among many: they have an index, which calls of no run stay out of.
    R"sql(
ALTER TABLE events ADD COLUMN run INTEGER;
CREATE INDEX events_run ON events (run) WHERE run IS NOT NULL;
)sql",
    // Which of input and output were counted by us. Of older events nobody knows.
    R"sql(
ALTER TABLE events ADD COLUMN usage_estimated INTEGER;
)sql",
    // Of events with the exact usage of a call that was counted without it.
    R"sql(
ALTER TABLE events ADD COLUMN replaces TEXT;
)sql",
};

}  // namespace

std::span<const std::string_view> migrations() { return kMigrations; }

Result<std::int64_t> schema_version(Database& database) {
  const auto application = database.integer("PRAGMA application_id");
  if (!application) return fail(application.error());
  const auto tables = database.integer("SELECT count(*) FROM sqlite_master");
  if (!tables) return fail(tables.error());
  if (*tables > 0 && *application != kApplicationId) {
    return fail(ErrorCode::kCorrupt, "store: the database belongs to another program");
  }
  return database.integer("PRAGMA user_version");
}

Result<void> migrate(Database& database, std::span<const std::string_view> steps) {
  const auto last = static_cast<std::int64_t>(steps.size());
  for (;;) {
    auto version = schema_version(database);
    if (version && *version == last) return {};
    auto transaction = Transaction::begin(database);
    if (!transaction) return fail(transaction.error());
    // Again, now that nobody else can be migrating it.
    version = schema_version(database);
    if (!version) return fail(version.error());
    if (*version > last) {
      return fail(ErrorCode::kUnsupported, "store: its schema has version " + std::to_string(*version) +
                                               ", this program knows up to " + std::to_string(last));
    }
    if (*version == last) return {};
    const std::string sql = std::string(steps[static_cast<std::size_t>(*version)]) +
                            "PRAGMA application_id = " + std::to_string(kApplicationId) +
                            "; PRAGMA user_version = " + std::to_string(*version + 1);
    if (auto done = database.execute(sql); !done) return done;
    if (auto committed = transaction->commit(); !committed) return committed;
  }
}

}  // namespace tokometer::store::sqlite
