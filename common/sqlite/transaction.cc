#include <utility>

#include "common/sqlite/database.h"

namespace fsdfs::sqlite {
namespace {

Status run_cached(Database& database, std::string_view sql) {
  FSDFS_ASSIGN(auto statement, database.prepare(sql));
  return statement.run();
}

}  // namespace

Result<Transaction> Transaction::begin(Database& database, Kind kind) {
  FSDFS_TRY(run_cached(database, kind == Kind::kImmediate ? "BEGIN IMMEDIATE" : "BEGIN DEFERRED"));
  return Transaction(database);
}

Transaction::Transaction(Transaction&& other) noexcept : database_(std::exchange(other.database_, nullptr)) {}

Transaction::~Transaction() {
  rollback();
}

Status Transaction::commit() {
  if (database_ == nullptr) return internal_error("commit of a transaction that has ended");
  if (!database_->in_transaction()) {
    // SQLite rolls back by itself after a full disk and the like; COMMIT would then say something misleading.
    return aborted("database " + std::exchange(database_, nullptr)->path() +
                   ": an earlier failure has rolled the transaction back");
  }
  Status status = run_cached(*database_, "COMMIT");
  if (!status.ok()) rollback();
  database_ = nullptr;
  return status;
}

void Transaction::rollback() {
  if (database_ == nullptr) return;
  Database& database = *std::exchange(database_, nullptr);
  // A failing ROLLBACK leaves nothing to do: closing the connection, or the next start, rolls back.
  if (database.in_transaction()) (void)run_cached(database, "ROLLBACK");
}

// All savepoints share one name: SQLite means the innermost by it.
Result<Savepoint> Savepoint::begin(Database& database) {
  if (!database.in_transaction()) {
    return internal_error("database " + database.path() + ": a savepoint outside a transaction");
  }
  FSDFS_TRY(run_cached(database, "SAVEPOINT part"));
  return Savepoint(database);
}

Savepoint::Savepoint(Savepoint&& other) noexcept : database_(std::exchange(other.database_, nullptr)) {}

Savepoint::~Savepoint() {
  rollback();
}

Status Savepoint::release() {
  if (database_ == nullptr) return internal_error("release of a savepoint that has ended");
  FSDFS_TRY(run_cached(*database_, "RELEASE part"));
  database_ = nullptr;
  return Status();
}

void Savepoint::rollback() {
  if (database_ == nullptr) return;
  Database& database = *std::exchange(database_, nullptr);
  if (!database.in_transaction()) return;  // an earlier failure has rolled everything back
  (void)run_cached(database, "ROLLBACK TO part");
  (void)run_cached(database, "RELEASE part");
}

}  // namespace fsdfs::sqlite
