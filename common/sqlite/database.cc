#include "common/sqlite/database.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <limits>
#include <utility>

namespace fsdfs::sqlite {
namespace {

constexpr size_t kShownSqlBytes = 200;

std::string_view synchronous_name(Synchronous level) {
  switch (level) {
    case Synchronous::kOff:
      return "OFF";
    case Synchronous::kNormal:
      return "NORMAL";
    case Synchronous::kFull:
      break;
  }
  return "FULL";
}

std::string shown(std::string_view sql) {
  return sql.size() <= kShownSqlBytes ? std::string(sql) : std::string(sql.substr(0, kShownSqlBytes)) + "...";
}

Status status_of(int code, std::string message) {
  switch (code & 0xFF) {
    case SQLITE_FULL:
      return no_space(std::move(message));
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_IOERR:
      return data_loss(std::move(message), Reason::kNone);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return unavailable(std::move(message));
    case SQLITE_CONSTRAINT:
      if (code == SQLITE_CONSTRAINT_UNIQUE || code == SQLITE_CONSTRAINT_PRIMARYKEY ||
          code == SQLITE_CONSTRAINT_ROWID) {
        return already_exists(std::move(message));
      }
      return failed_precondition(std::move(message));
    case SQLITE_INTERRUPT:
      return {Code::kCancelled, std::move(message)};
    case SQLITE_READONLY:
      return failed_precondition(std::move(message), Reason::kReadOnly);
    case SQLITE_CANTOPEN:
      return failed_precondition(std::move(message));
    case SQLITE_PERM:
    case SQLITE_AUTH:
      return permission_denied(std::move(message));
    default:
      return internal_error(std::move(message));
  }
}

bool in_memory(const std::string& path) {
  return path == ":memory:";
}

// SQLite would make the file readable by everybody; names of files are nobody else's business. An empty file
// is a valid fresh database, and SQLite gives its log the same mode.
Status create_private(const std::string& path) {
  int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return status_from_errno(errno, "create database " + path);
  ::close(fd);
  return Status();
}

Status check_present(const std::string& path) {
  struct stat stat = {};
  if (::stat(path.c_str(), &stat) != 0) return status_from_errno(errno, "open database " + path);
  return Status();
}

int open_flags(OpenOptions::Mode mode) {
  switch (mode) {
    case OpenOptions::Mode::kCreate:
      return SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    case OpenOptions::Mode::kReadWrite:
      return SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX;
    case OpenOptions::Mode::kReadOnly:
      break;
  }
  return SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX;
}

bool is_blank(std::string_view text) {
  return text.find_first_not_of(" \t\r\n;") == std::string_view::npos;
}

}  // namespace

Result<std::unique_ptr<Database>> Database::open(const std::string& path, const OpenOptions& options) {
  if (!in_memory(path)) {
    FSDFS_TRY(options.mode == OpenOptions::Mode::kCreate ? create_private(path) : check_present(path));
  }
  sqlite3* handle = nullptr;
  int code = sqlite3_open_v2(path.c_str(), &handle, open_flags(options.mode), nullptr);
  if (handle == nullptr) return internal_error("no memory to open database " + path);
  std::unique_ptr<Database> database(new Database(path, handle, options.statements_max));
  if (code != SQLITE_OK) return database->error(code, "open");
  FSDFS_TRY(database->configure(options));
  return database;
}

Database::Database(std::string path, sqlite3* handle, size_t statements_max)
    : path_(std::move(path)), handle_(handle), statements_max_(statements_max) {}

Database::~Database() {
  for (auto& [sql, statement] : idle_) sqlite3_finalize(statement);
  sqlite3_close_v2(handle_);
}

Status Database::configure(const OpenOptions& options) {
  sqlite3_extended_result_codes(handle_, 1);
  auto timeout = std::chrono::duration_cast<std::chrono::milliseconds>(options.busy_timeout).count();
  sqlite3_busy_timeout(handle_,
                       static_cast<int>(std::min<int64_t>(timeout, std::numeric_limits<int>::max())));
  FSDFS_TRY(execute(fmt::format("PRAGMA cache_size = -{}; PRAGMA mmap_size = {}; PRAGMA foreign_keys = {};",
                                std::max<int64_t>(options.cache_bytes / 1024, 1), options.mmap_bytes,
                                options.foreign_keys ? "ON" : "OFF")));
  // The first access to the file: what is not a database is found here.
  FSDFS_TRY(query_int("PRAGMA schema_version").status());
  if (!options.journal) {
    FSDFS_TRY(execute("PRAGMA journal_mode = OFF"));
  } else if (options.mode != OpenOptions::Mode::kReadOnly && !in_memory(path_)) {
    FSDFS_ASSIGN(auto journal, query_text("PRAGMA journal_mode = WAL"));
    if (journal != "wal") {
      return failed_precondition(
          fmt::format("database {}: its filesystem has no shared memory for SQLite's write-ahead log; put it "
                      "on a local disk",
                      path_));
    }
  }
  return set_synchronous(options.synchronous);
}

Result<Statement> Database::prepare(std::string_view sql) {
  if (auto idle = idle_.find(sql); idle != idle_.end()) {
    sqlite3_stmt* statement = idle->second;
    idle_.erase(idle);
    return Statement(*this, statement);
  }
  sqlite3_stmt* statement = nullptr;
  const char* tail = nullptr;
  int code = sqlite3_prepare_v3(handle_, sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT,
                                &statement, &tail);
  if (code != SQLITE_OK) return error(code, sql);
  Statement prepared(*this, statement);
  if (statement == nullptr) return internal_error("an empty SQL statement: " + shown(sql));
  if (!is_blank(sql.substr(static_cast<size_t>(tail - sql.data())))) {
    return internal_error("more than one SQL statement where one is expected: " + shown(sql));
  }
  return prepared;
}

void Database::keep(sqlite3_stmt* statement) {
  if (statements_max_ == 0) {
    sqlite3_finalize(statement);
    return;
  }
  if (idle_.size() >= statements_max_) {
    sqlite3_finalize(idle_.begin()->second);
    idle_.erase(idle_.begin());
  }
  idle_.emplace(sqlite3_sql(statement), statement);
}

Status Database::execute(const std::string& sql) {
  int code = sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr);
  return code == SQLITE_OK ? Status() : error(code, sql);
}

Result<std::optional<int64_t>> Database::query_int(std::string_view sql) {
  FSDFS_ASSIGN(auto statement, prepare(sql));
  FSDFS_ASSIGN(bool row, statement.step());
  if (!row || statement.is_null(0)) return std::optional<int64_t>();
  return std::optional<int64_t>(statement.get_int(0));
}

Result<std::optional<std::string>> Database::query_text(std::string_view sql) {
  FSDFS_ASSIGN(auto statement, prepare(sql));
  FSDFS_ASSIGN(bool row, statement.step());
  if (!row || statement.is_null(0)) return std::optional<std::string>();
  return std::optional<std::string>(statement.get_text(0));
}

int64_t Database::changes() const {
  return sqlite3_changes64(handle_);
}

int64_t Database::last_insert_id() const {
  return sqlite3_last_insert_rowid(handle_);
}

bool Database::in_transaction() const {
  return sqlite3_get_autocommit(handle_) == 0;
}

Status Database::set_synchronous(Synchronous level) {
  if (in_transaction()) {
    return failed_precondition("database " + path_ + ": synchronous cannot change inside a transaction");
  }
  return execute(fmt::format("PRAGMA synchronous = {}", synchronous_name(level)));
}

Status Database::checkpoint(bool truncate) {
  int mode = truncate ? SQLITE_CHECKPOINT_TRUNCATE : SQLITE_CHECKPOINT_PASSIVE;
  int code = sqlite3_wal_checkpoint_v2(handle_, nullptr, mode, nullptr, nullptr);
  return code == SQLITE_OK ? Status() : error(code, "checkpoint");
}

Status Database::check_integrity(bool quick) {
  FSDFS_ASSIGN(auto findings, query_text(quick ? "PRAGMA quick_check(3)" : "PRAGMA integrity_check(3)"));
  if (findings == "ok") return Status();
  return data_loss(
      fmt::format("database {} is damaged: {}; restore a backup", path_, findings.value_or("(nothing said)")),
      Reason::kNone);
}

void Database::interrupt() {
  sqlite3_interrupt(handle_);
}

Status Database::error(int code, std::string_view doing) const {
  // The connection's message is that of its last failure, which may be of another code than this one.
  bool latest = sqlite3_extended_errcode(handle_) == code || sqlite3_errcode(handle_) == code;
  const char* said = latest ? sqlite3_errmsg(handle_) : sqlite3_errstr(code);
  return status_of(code, fmt::format("database {}: {} (code {}, in: {})", path_, said, code, shown(doing)));
}

Statement::Statement(Statement&& other) noexcept
    : database_(other.database_),
      handle_(std::exchange(other.handle_, nullptr)),
      failed_bind_(std::move(other.failed_bind_)) {}

Statement& Statement::operator=(Statement&& other) noexcept {
  if (this == &other) return *this;
  give_back();
  database_ = other.database_;
  handle_ = std::exchange(other.handle_, nullptr);
  failed_bind_ = std::move(other.failed_bind_);
  return *this;
}

Statement::~Statement() {
  give_back();
}

void Statement::give_back() {
  if (handle_ == nullptr) return;
  sqlite3_reset(handle_);
  sqlite3_clear_bindings(handle_);
  database_->keep(std::exchange(handle_, nullptr));
}

void Statement::remember(int code) {
  if (code != SQLITE_OK && failed_bind_.ok()) failed_bind_ = database_->error(code, sqlite3_sql(handle_));
}

Statement& Statement::bind_int(int index, int64_t value) {
  remember(sqlite3_bind_int64(handle_, index, value));
  return *this;
}

Statement& Statement::bind_uint(int index, uint64_t value) {
  return bind_int(index, static_cast<int64_t>(value));
}

Statement& Statement::bind_double(int index, double value) {
  remember(sqlite3_bind_double(handle_, index, value));
  return *this;
}

// An empty view may have a null pointer, which SQLite would bind as NULL.
Statement& Statement::bind_text(int index, std::string_view value) {
  const char* data = value.data() == nullptr ? "" : value.data();
  remember(sqlite3_bind_text64(handle_, index, data, value.size(), SQLITE_TRANSIENT, SQLITE_UTF8));
  return *this;
}

Statement& Statement::bind_blob(int index, std::string_view value) {
  const char* data = value.data() == nullptr ? "" : value.data();
  remember(sqlite3_bind_blob64(handle_, index, data, value.size(), SQLITE_TRANSIENT));
  return *this;
}

Statement& Statement::bind_null(int index) {
  remember(sqlite3_bind_null(handle_, index));
  return *this;
}

Result<bool> Statement::step() {
  if (!failed_bind_.ok()) return failed_bind_;
  int code = sqlite3_step(handle_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  Status status = database_->error(code, sqlite3_sql(handle_));
  sqlite3_reset(handle_);  // a failed statement must not hold its locks until somebody destroys it
  return status;
}

Status Statement::run() {
  while (true) {
    FSDFS_ASSIGN(bool row, step());
    if (row) continue;
    reset();
    return Status();
  }
}

void Statement::reset() {
  sqlite3_reset(handle_);
}

int Statement::columns() const {
  return sqlite3_column_count(handle_);
}

bool Statement::is_null(int column) const {
  return sqlite3_column_type(handle_, column) == SQLITE_NULL;
}

int64_t Statement::get_int(int column) const {
  return sqlite3_column_int64(handle_, column);
}

uint64_t Statement::get_uint(int column) const {
  return static_cast<uint64_t>(get_int(column));
}

double Statement::get_double(int column) const {
  return sqlite3_column_double(handle_, column);
}

std::string_view Statement::get_text(int column) const {
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(handle_, column));
  if (text == nullptr) return {};
  return {text, static_cast<size_t>(sqlite3_column_bytes(handle_, column))};
}

std::string_view Statement::get_blob(int column) const {
  const auto* blob = static_cast<const char*>(sqlite3_column_blob(handle_, column));
  if (blob == nullptr) return {};
  return {blob, static_cast<size_t>(sqlite3_column_bytes(handle_, column))};
}

}  // namespace fsdfs::sqlite
