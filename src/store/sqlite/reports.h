// Reports from the kept sums, and from single events where no sum fits exactly:
// at the ends of a stretch of time that cuts through a bucket, and for
// combinations that no sum is kept by.
#pragma once

#include <vector>

#include "base/error.h"
#include "store/sqlite/database.h"
#include "store/sqlite/texts.h"
#include "store/store.h"

namespace tokometer::store::sqlite {

// The SQL condition that `filter` means for `events`, with one parameter for each of `values`; nothing can match
// where `impossible`.
struct Condition {
  std::string sql = "1";
  std::vector<std::int64_t> values;
  bool impossible = false;
};
// `with_time`: since and until count, too.
Result<Condition> event_condition(const Filter& filter, bool with_time, Texts& texts);
void bind_values(Statement& statement, const std::vector<std::int64_t>& values, int first = 1);

// Within a read transaction, so that all sums are of the same moment.
Result<std::vector<ReportRow>> report(const ReportQuery& query, Database& database, Texts& texts);

}  // namespace tokometer::store::sqlite
