// Compares the kept sums with those of the events themselves.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "store/sqlite/database.h"

namespace tokometer::store::sqlite {

// Adds a line to `problems` for every day whose sums are wrong, at most 20. Reads every event, in order, a day's
// worth of sums in memory. Within a read transaction.
Result<void> check_sums(Database& database, std::vector<std::string>& problems);

}  // namespace tokometer::store::sqlite
