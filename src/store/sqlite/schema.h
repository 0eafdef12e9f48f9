// The tables of the SQLite store and how they came to be: a list of migrations,
// the first of which makes version 1. docs/store.md explains the tables.
//
// To change the schema: append a migration, never edit one that was released.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "base/error.h"
#include "store/sqlite/database.h"

namespace tokometer::store::sqlite {

// The SQL that leads from version i to i + 1, for every i.
std::span<const std::string_view> migrations();

// The version of `database`: 0 for an empty one. kCorrupt where it is some other program's.
Result<std::int64_t> schema_version(Database& database);

// Brings `database` to the version that the end of `steps` makes, each step whole or not at all. kUnsupported where
// it is of a later version.
Result<void> migrate(Database& database, std::span<const std::string_view> steps);

}  // namespace tokometer::store::sqlite
