// SQLite behind our own names: a connection, prepared statements, transactions,
// and its errors as Results. No other file of the project includes sqlite3.h.
//
//   auto statement = database.prepare("SELECT id FROM texts WHERE text = ?");
//   statement->bind(1, "gpt-5");
//   auto row = statement->step();
//   if (row && *row) use(statement->integer(0));
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/error.h"

struct sqlite3;
struct sqlite3_stmt;

namespace tokometer::store::sqlite {

// A prepared statement. Views that are bound must live until reset() or the next step() after a change.
class Statement {
 public:
  Statement() = default;
  Statement(Statement&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  Statement& operator=(Statement&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  ~Statement();

  // Parameters count from 1. They keep their values over reset().
  void bind(int parameter, std::int64_t value);
  void bind(int parameter, double value);
  void bind(int parameter, std::string_view text);
  void bind_blob(int parameter, std::string_view bytes);
  void bind_null(int parameter);

  // The next row: false where there is none; the statement is then reset.
  Result<bool> step();
  void reset();

  // Columns count from 0. Views live until the next step() or reset().
  std::int64_t integer(int column) const;  // 0 for NULL
  double real(int column) const;           // the same
  std::string_view text(int column) const;
  std::string_view blob(int column) const;
  bool is_null(int column) const;

 private:
  friend class Database;
  explicit Statement(sqlite3_stmt* handle) : handle_(handle) {}

  sqlite3_stmt* handle_ = nullptr;
};

class Database {
 public:
  enum class Mode { kReadOnly, kReadWrite };

  // Opens `file`; kReadWrite makes it, with mode 0600, if it is not there.
  // Waits up to `busy` whenever somebody else holds a lock.
  static Result<Database> open(const std::filesystem::path& file, Mode mode, std::chrono::milliseconds busy);
  Database(Database&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  Database& operator=(Database&&) = delete;
  ~Database();

  Result<Statement> prepare(std::string_view sql);
  // Runs one or more statements whose rows do not matter.
  Result<void> execute(const std::string& sql);
  // The first column of the first row; 0 if there is none.
  Result<std::int64_t> integer(std::string_view sql);

  // Rows that the last statement changed.
  std::int64_t changes() const;

 private:
  explicit Database(sqlite3* handle) : handle_(handle) {}

  sqlite3* handle_ = nullptr;
};

// A write transaction: rolled back where it is not committed.
class Transaction {
 public:
  static Result<Transaction> begin(Database& database);
  Transaction(Transaction&& other) noexcept : database_(std::exchange(other.database_, nullptr)) {}
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction();

  Result<void> commit();

 private:
  explicit Transaction(Database& database) : database_(&database) {}

  Database* database_ = nullptr;  // null: done
};

}  // namespace tokometer::store::sqlite
