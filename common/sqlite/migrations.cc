#include "common/sqlite/migrations.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <memory>

#include "common/io/files.h"
#include "common/io/posix_disk.h"

namespace fsdfs::sqlite {
namespace {

constexpr int kPagesPerPortion = 1024;

Result<int> read_version(Database& database) {
  FSDFS_ASSIGN(auto version, database.query_int("PRAGMA user_version"));
  return static_cast<int>(version.value_or(0));
}

Status check_numbers(std::span<const Migration> migrations) {
  for (size_t i = 0; i < migrations.size(); ++i) {
    if (migrations[i].version != static_cast<int>(i) + 1) {
      return internal_error(fmt::format("migration {} stands where {} is due: a defect of this program",
                                        migrations[i].version, i + 1));
    }
  }
  return Status();
}

Status check_foreign_keys(Database& database) {
  FSDFS_ASSIGN(auto broken, database.query_text("PRAGMA foreign_key_check"));
  if (!broken) return Status();
  return failed_precondition(fmt::format("rows of table {} refer to rows that are not there", *broken));
}

Status apply(Database& database, const Migration& migration) {
  FSDFS_ASSIGN(auto transaction, Transaction::begin(database));
  FSDFS_ASSIGN(int version, read_version(database));
  if (version >= migration.version) return Status();  // another process did it meanwhile
  FSDFS_TRY(database.execute(std::string(migration.sql)));
  if (!database.in_transaction()) return internal_error("it ends its transaction: a defect of this program");
  FSDFS_TRY(check_foreign_keys(database));
  FSDFS_TRY(database.execute(fmt::format("PRAGMA user_version = {}", migration.version)));
  return transaction.commit();
}

// Sets a pragma for as long as it lives: migrations rebuild tables, which foreign keys would forbid half-way,
// and each must be on the disk before the next.
class PragmaGuard {
 public:
  static Result<PragmaGuard> set(Database& database, std::string_view name, int value) {
    FSDFS_ASSIGN(auto before, database.query_int(fmt::format("PRAGMA {}", name)));
    FSDFS_TRY(database.execute(fmt::format("PRAGMA {} = {}", name, value)));
    return PragmaGuard(database, fmt::format("PRAGMA {} = {}", name, before.value_or(0)));
  }
  PragmaGuard(PragmaGuard&& other) noexcept
      : database_(std::exchange(other.database_, nullptr)), restore_(std::move(other.restore_)) {}
  PragmaGuard& operator=(PragmaGuard&&) = delete;
  ~PragmaGuard() {
    if (database_ != nullptr) (void)database_->execute(restore_);
  }

 private:
  PragmaGuard(Database& database, std::string restore) : database_(&database), restore_(std::move(restore)) {}
  Database* database_;
  std::string restore_;
};

struct FinishBackup {
  void operator()(sqlite3_backup* backup) const { sqlite3_backup_finish(backup); }
};

Status copy_pages(Database& source, Database& target,
                  const std::function<bool(const CopyProgress&)>& progress) {
  std::unique_ptr<sqlite3_backup, FinishBackup> backup(
      sqlite3_backup_init(target.handle(), "main", source.handle(), "main"));
  if (backup == nullptr) return target.error(sqlite3_extended_errcode(target.handle()), "start a copy");
  while (true) {
    int code = sqlite3_backup_step(backup.get(), kPagesPerPortion);
    if (code == SQLITE_DONE) break;
    if (code != SQLITE_OK) return target.error(code, "copy pages of " + source.path());
    CopyProgress now{sqlite3_backup_remaining(backup.get()), sqlite3_backup_pagecount(backup.get())};
    if (progress && !progress(now)) {
      return {Code::kCancelled, "the copy of database " + source.path() + " was stopped"};
    }
  }
  int code = sqlite3_backup_finish(backup.release());
  return code == SQLITE_OK ? Status() : target.error(code, "finish a copy");
}

Status write_stage(Database& source, const std::string& stage,
                   const std::function<bool(const CopyProgress&)>& progress) {
  // The read transaction holds one snapshot over all portions; without it every foreign write starts them
  // over.
  FSDFS_ASSIGN(auto snapshot, Transaction::begin(source, Transaction::Kind::kDeferred));
  FSDFS_TRY(source.query_int("SELECT count(*) FROM sqlite_master").status());
  OpenOptions options;
  options.journal = false;  // the stage is thrown away if anything fails
  options.synchronous = Synchronous::kOff;
  FSDFS_ASSIGN(auto target, Database::open(stage, options));
  return copy_pages(source, *target, progress);
}

Status sync_file(Disk& disk, const std::string& path) {
  FSDFS_ASSIGN(auto file, disk.open(path, Disk::Access::kReadWrite));
  FSDFS_TRY(file->sync());
  return file->close();
}

}  // namespace

Result<MigrationReport> migrate(Database& database, std::span<const Migration> migrations) {
  FSDFS_TRY(check_numbers(migrations));
  if (database.in_transaction()) return internal_error("migrate() inside a transaction: " + database.path());
  MigrationReport report;
  FSDFS_ASSIGN(report.from, read_version(database));
  report.to = static_cast<int>(migrations.size());
  if (report.from > report.to) {
    return failed_precondition(
        fmt::format("database {} has schema version {}, and this program knows versions up to {}: run the "
                    "newer fsdfs that "
                    "wrote it, or go back to a copy from before the upgrade ({}.before-v{}, if it is there)",
                    database.path(), report.from, report.to, database.path(), report.to + 1));
  }
  if (report.from == report.to) return report;
  FSDFS_ASSIGN(auto tables, database.query_int("SELECT count(*) FROM sqlite_master"));
  if (tables.value_or(0) > 0 && database.path() != ":memory:") {
    report.backup = fmt::format("{}.before-v{}", database.path(), report.from + 1);
    FSDFS_TRY(copy_database(database, report.backup).with_context("copy before the migration"));
  }
  FSDFS_ASSIGN(auto foreign_keys_off, PragmaGuard::set(database, "foreign_keys", 0));
  FSDFS_ASSIGN(auto full_sync, PragmaGuard::set(database, "synchronous", 2));
  for (const Migration& migration : migrations.subspan(static_cast<size_t>(report.from))) {
    FSDFS_TRY(apply(database, migration)
                  .with_context(fmt::format("migrate {} to version {}", database.path(), migration.version)));
  }
  return report;
}

Status copy_database(Database& source, const std::string& target,
                     const std::function<bool(const CopyProgress&)>& progress) {
  if (source.in_transaction()) {
    return internal_error("copy_database() inside a transaction: " + source.path());
  }
  PosixDisk disk;
  const std::string stage = target + ".tmp";
  FSDFS_TRY(remove_tree(disk, stage));
  Status status = write_stage(source, stage, progress);
  if (status.ok()) status = sync_file(disk, stage);
  if (status.ok()) status = disk.rename(stage, target);
  if (!status.ok()) {
    (void)disk.unlink(stage);  // the first failure is the one to tell
    return status;
  }
  return disk.sync_directory(parent_directory(target));
}

}  // namespace fsdfs::sqlite
