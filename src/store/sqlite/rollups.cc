#include "store/sqlite/rollups.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace tokometer::store::sqlite {
namespace {

constexpr std::int64_t kMicrosecondsPerSecond = 1'000'000;

std::string additions() {
  std::string text;
  const Totals totals;
  Totals::visit(totals, [&](std::string_view name, std::int64_t) {
    text +=
        (text.empty() ? "" : ", ") + std::string(name) + " = " + std::string(name) + " + excluded." + std::string(name);
  });
  return text;
}

std::string question_marks(std::size_t count) {
  std::string text = "?";
  for (std::size_t i = 1; i < count; ++i) text += ", ?";
  return text;
}

int bind_totals(Statement& statement, int parameter, const Totals& totals) {
  Totals::visit(totals, [&](std::string_view, std::int64_t sum) { statement.bind(parameter++, sum); });
  return parameter;
}

Result<void> run(Statement& statement) {
  const auto done = statement.step();
  if (!done) return fail(done.error());
  return {};
}

}  // namespace

std::string totals_columns(std::string_view before, std::string_view after) {
  std::string text;
  const Totals totals;
  Totals::visit(totals, [&](std::string_view name, std::int64_t) {
    if (!text.empty()) text += ", ";
    text.append(before).append(name).append(after);
  });
  return text;
}

Totals read_totals(const Statement& row, int first) {
  Totals totals;
  Totals::visit(totals, [&](std::string_view, std::int64_t& sum) { sum = row.integer(first++); });
  return totals;
}

Result<Rollups> Rollups::open(Database& database) {
  Rollups rollups;
  constexpr std::string_view kKey = "span, bucket, provider, request_model, response_model, client, project";
  constexpr std::string_view kSessionKey = "bucket, session";
  const std::string sums = totals_columns();
  const std::string add = additions();
  const std::pair<Statement*, std::string> statements[] = {
      {&rollups.upsert_, fmt::format("INSERT INTO rollups ({0}, {1}) VALUES ({2}) ON CONFLICT ({0}) DO UPDATE SET {3}",
                                     kKey, sums, question_marks(7 + Totals::kCount), add)},
      {&rollups.upsert_session_,
       fmt::format("INSERT INTO session_rollups ({0}, first_us, last_us, {1}) VALUES ({2}) ON CONFLICT ({0}) "
                   "DO UPDATE SET first_us = min(first_us, excluded.first_us), "
                   "last_us = max(last_us, excluded.last_us), {3}",
                   kSessionKey, sums, question_marks(4 + Totals::kCount), add)},
      {&rollups.remove_empty_,
       fmt::format("DELETE FROM rollups WHERE ({}) = ({}) AND calls = 0", kKey, question_marks(7))},
      {&rollups.remove_empty_session_,
       fmt::format("DELETE FROM session_rollups WHERE ({}) = ({}) AND calls = 0", kSessionKey, question_marks(2))},
  };
  for (const auto& [statement, sql] : statements) {
    auto prepared = database.prepare(sql);
    if (!prepared) return fail(prepared.error());
    *statement = std::move(*prepared);
  }
  return rollups;
}

void Rollups::add(std::int64_t key, const Dimensions& dimensions, const event::Event& event, int sign) {
  Totals totals;
  totals.add(event);
  if (totals.calls == 0) return;
  const std::int64_t time_us = key / kKeysPerMicrosecond;
  const std::int64_t seconds = time_us / kMicrosecondsPerSecond;
  const auto count = [&](Totals& sum) { sign < 0 ? sum.subtract(totals) : sum.add(totals); };
  for (const std::int64_t span : kSpans) {
    count(pending_[{.span = span,
                    .bucket = seconds - seconds % span,
                    .provider = dimensions.provider,
                    .request_model = dimensions.request_model,
                    .response_model = dimensions.response_model,
                    .client = dimensions.client,
                    .project = dimensions.project}]);
  }
  const auto [session, is_new] =
      sessions_.try_emplace({.bucket = seconds - seconds % kSessionSpans[0], .session = dimensions.session},
                            SessionTotals{.first_us = time_us, .last_us = time_us, .totals = {}});
  session->second.first_us = std::min(session->second.first_us, time_us);
  session->second.last_us = std::max(session->second.last_us, time_us);
  count(session->second.totals);
}

Result<void> Rollups::write() {
  for (const auto& [key, totals] : pending_) {
    int parameter = 1;
    for (const std::int64_t part :
         {key.span, key.bucket, key.provider, key.request_model, key.response_model, key.client, key.project}) {
      upsert_.bind(parameter, part);
      remove_empty_.bind(parameter++, part);
    }
    bind_totals(upsert_, parameter, totals);
    if (auto done = run(upsert_); !done) return done;
    if (totals.calls > 0) continue;
    if (auto done = run(remove_empty_); !done) return done;
  }
  for (const auto& [key, sums] : sessions_) {
    int parameter = 1;
    for (const std::int64_t part : {key.bucket, key.session}) {
      upsert_session_.bind(parameter, part);
      remove_empty_session_.bind(parameter++, part);
    }
    upsert_session_.bind(parameter++, sums.first_us);
    upsert_session_.bind(parameter++, sums.last_us);
    bind_totals(upsert_session_, parameter, sums.totals);
    if (auto done = run(upsert_session_); !done) return done;
    if (sums.totals.calls > 0) continue;
    if (auto done = run(remove_empty_session_); !done) return done;
  }
  clear();
  return {};
}

void Rollups::clear() {
  pending_.clear();
  sessions_.clear();
}

}  // namespace tokometer::store::sqlite
