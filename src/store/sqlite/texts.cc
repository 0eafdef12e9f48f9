#include "store/sqlite/texts.h"

#include <utility>

namespace tokometer::store::sqlite {
namespace {

// Both ways; past it, what is remembered starts anew. Some megabytes at worst.
constexpr std::size_t kMaxRemembered = 20'000;

// "RUN.…" is all from "RUN." to before "RUN/", the next character.
constexpr const char* kFindRuns =
    "SELECT id FROM texts WHERE text = ?1 UNION ALL SELECT id FROM texts WHERE text > ?1 || '.' AND text < ?1 || '/'";

}  // namespace

Result<Texts> Texts::open(Database& database) {
  Texts texts;
  for (auto [statement, sql] :
       {std::pair{&texts.find_, "SELECT id FROM texts WHERE text = ?"}, std::pair{&texts.find_runs_, kFindRuns},
        std::pair{&texts.insert_, "INSERT INTO texts (text) VALUES (?) RETURNING id"},
        std::pair{&texts.text_, "SELECT text FROM texts WHERE id = ?"}}) {
    auto prepared = database.prepare(sql);
    if (!prepared) return fail(prepared.error());
    *statement = std::move(*prepared);
  }
  return texts;
}

Result<std::optional<std::int64_t>> Texts::find(std::string_view text) {
  if (text.empty()) return 0;
  if (const auto known = numbers_.find(text); known != numbers_.end()) return known->second;
  find_.bind(1, text);
  const auto row = find_.step();
  if (!row) return fail(row.error());
  if (!*row) return std::nullopt;
  const std::int64_t number = find_.integer(0);
  find_.reset();
  if (numbers_.size() >= kMaxRemembered) numbers_.clear();
  numbers_.emplace(text, number);
  return number;
}

Result<std::vector<std::int64_t>> Texts::find_runs(std::string_view run) {
  std::vector<std::int64_t> numbers;
  find_runs_.bind(1, run);
  for (;;) {
    const auto row = find_runs_.step();
    if (!row) return fail(row.error());
    if (!*row) return numbers;
    numbers.push_back(find_runs_.integer(0));
  }
}

Result<std::int64_t> Texts::intern(std::string_view text) {
  const auto found = find(text);
  if (!found) return fail(found.error());
  if (*found) return **found;
  insert_.bind(1, text);
  const auto row = insert_.step();
  if (!row) return fail(row.error());
  const std::int64_t number = insert_.integer(0);
  insert_.reset();
  numbers_.emplace(text, number);
  return number;
}

Result<std::string> Texts::text(std::int64_t number) {
  if (number == 0) return std::string();
  if (const auto known = texts_.find(number); known != texts_.end()) return known->second;
  text_.bind(1, number);
  const auto row = text_.step();
  if (!row) return fail(row.error());
  std::string text(*row ? text_.text(0) : std::string_view());
  text_.reset();
  if (texts_.size() >= kMaxRemembered) texts_.clear();
  texts_.emplace(number, text);
  return text;
}

void Texts::forget() {
  numbers_.clear();
  texts_.clear();
}

}  // namespace tokometer::store::sqlite
