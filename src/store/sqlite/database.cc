#include "store/sqlite/database.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <tuple>

namespace tokometer::store::sqlite {
namespace {

Error sqlite_error(sqlite3* handle, int code) {
  const int primary = code & 0xff;
  const bool corrupt = primary == SQLITE_CORRUPT || primary == SQLITE_NOTADB;
  std::string message = "store";
  if (const char* const file = handle != nullptr ? sqlite3_db_filename(handle, "main") : nullptr) {
    message += std::string(" ") + file;
  }
  message += ": ";
  message += handle != nullptr && sqlite3_extended_errcode(handle) != SQLITE_OK ? sqlite3_errmsg(handle)
                                                                                : sqlite3_errstr(code);
  return {corrupt ? ErrorCode::kCorrupt : ErrorCode::kIo, std::move(message)};
}

}  // namespace

Statement::~Statement() { sqlite3_finalize(handle_); }

// Binding fails only for a parameter that the statement does not have, which
// step() then shows as wrong data in every test.
void Statement::bind(int parameter, std::int64_t value) { (void)sqlite3_bind_int64(handle_, parameter, value); }
void Statement::bind(int parameter, double value) { (void)sqlite3_bind_double(handle_, parameter, value); }
void Statement::bind(int parameter, std::string_view text) {
  // A view of nothing may have a null pointer, which would bind NULL.
  const char* const data = text.empty() ? "" : text.data();
  (void)sqlite3_bind_text64(handle_, parameter, data, text.size(), SQLITE_STATIC, SQLITE_UTF8);
}
void Statement::bind_blob(int parameter, std::string_view bytes) {
  (void)sqlite3_bind_blob64(handle_, parameter, bytes.data(), bytes.size(), SQLITE_STATIC);
}
void Statement::bind_null(int parameter) { (void)sqlite3_bind_null(handle_, parameter); }

Result<bool> Statement::step() {
  const int code = sqlite3_step(handle_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) {
    (void)sqlite3_reset(handle_);
    return false;
  }
  Error error = sqlite_error(sqlite3_db_handle(handle_), code);
  (void)sqlite3_reset(handle_);
  return fail(std::move(error));
}

void Statement::reset() { (void)sqlite3_reset(handle_); }

std::int64_t Statement::integer(int column) const { return sqlite3_column_int64(handle_, column); }
double Statement::real(int column) const { return sqlite3_column_double(handle_, column); }
std::string_view Statement::text(int column) const {
  const auto* const data = reinterpret_cast<const char*>(sqlite3_column_text(handle_, column));
  if (data == nullptr) return {};
  return {data, static_cast<std::size_t>(sqlite3_column_bytes(handle_, column))};
}
std::string_view Statement::blob(int column) const {
  const auto* const data = static_cast<const char*>(sqlite3_column_blob(handle_, column));
  if (data == nullptr) return {};
  return {data, static_cast<std::size_t>(sqlite3_column_bytes(handle_, column))};
}
bool Statement::is_null(int column) const { return sqlite3_column_type(handle_, column) == SQLITE_NULL; }

Result<Database> Database::open(const std::filesystem::path& file, Mode mode, std::chrono::milliseconds busy) {
  if (mode == Mode::kReadWrite) {
    // SQLite gives its -wal and -shm files the mode of the main one, which it would make readable by others.
    const int fd = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) return fail(io_error("store: open " + file.string(), errno));
    ::close(fd);
  } else if (::access(file.c_str(), F_OK) != 0) {
    return fail(ErrorCode::kNotFound, "store: " + file.string() + " is not there");
  }
  const int flags = SQLITE_OPEN_NOMUTEX | (mode == Mode::kReadOnly ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE);
  sqlite3* handle = nullptr;
  const int code = sqlite3_open_v2(file.c_str(), &handle, flags, nullptr);
  Database database(handle);
  if (code != SQLITE_OK) return fail(sqlite_error(handle, code));
  (void)sqlite3_extended_result_codes(handle, 1);
  (void)sqlite3_busy_timeout(handle, static_cast<int>(std::min<std::int64_t>(busy.count(), 3'600'000)));
  return database;
}

Database::~Database() { (void)sqlite3_close_v2(handle_); }

Result<Statement> Database::prepare(std::string_view sql) {
  sqlite3_stmt* handle = nullptr;
  const int code = sqlite3_prepare_v3(handle_, sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT,
                                      &handle, nullptr);
  if (code != SQLITE_OK) return fail(sqlite_error(handle_, code));
  return Statement(handle);
}

Result<void> Database::execute(const std::string& sql) {
  const int code = sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return fail(sqlite_error(handle_, code));
  return {};
}

Result<std::int64_t> Database::integer(std::string_view sql) {
  auto statement = prepare(sql);
  if (!statement) return fail(statement.error());
  const auto row = statement->step();
  if (!row) return fail(row.error());
  return *row ? statement->integer(0) : 0;
}

std::int64_t Database::changes() const { return sqlite3_changes64(handle_); }

Result<Transaction> Transaction::begin(Database& database) {
  // Immediate: the write lock is taken now, so that what is read within is what is changed.
  if (auto begun = database.execute("BEGIN IMMEDIATE"); !begun) return fail(begun.error());
  return Transaction(database);
}

Transaction::~Transaction() {
  // What cannot be rolled back was by SQLite itself.
  if (database_ != nullptr) std::ignore = database_->execute("ROLLBACK");
}

Result<void> Transaction::commit() {
  auto committed = database_->execute("COMMIT");
  if (committed) database_ = nullptr;
  return committed;
}

}  // namespace tokometer::store::sqlite
