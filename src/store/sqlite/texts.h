// The dictionary of names: each text that recurs is stored once, and rows hold
// its number. 0 is the empty text, which is not stored.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/error.h"
#include "store/sqlite/database.h"

namespace tokometer::store::sqlite {

class Texts {
 public:
  // `database` must outlive the Texts.
  static Result<Texts> open(Database& database);

  // The number of `text`, which is stored if it is new. Within a write transaction.
  Result<std::int64_t> intern(std::string_view text);
  // The number of `text`, if it is stored.
  Result<std::optional<std::int64_t>> find(std::string_view text);
  // The numbers of a run's id and of the ids of those within it (client/call_context.h), as far as they are stored.
  Result<std::vector<std::int64_t>> find_runs(std::string_view run);
  // The text of a number; empty for 0 and for one that is not stored.
  Result<std::string> text(std::int64_t number);

  // Drops what is remembered of the table: after a rollback, or when others may have deleted from it.
  void forget();

 private:
  Texts() = default;

  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };

  Statement find_;
  Statement find_runs_;
  Statement insert_;
  Statement text_;
  std::unordered_map<std::string, std::int64_t, Hash, std::equal_to<>> numbers_;
  std::unordered_map<std::int64_t, std::string> texts_;
};

}  // namespace tokometer::store::sqlite
