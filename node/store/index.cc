#include "node/store/index.h"

#include <fcntl.h>

#include <array>
#include <cerrno>
#include <cstdio>

#include "common/io/files.h"
#include "common/sqlite/migrations.h"

namespace fsdfs::node {
namespace {

constexpr size_t kScanPortion = 4096;  // rows in one transaction of a scan

constexpr std::array kMigrations{sqlite::Migration{1, R"sql(
  CREATE TABLE replica (
    inode INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    counter INTEGER NOT NULL,
    size INTEGER NOT NULL,
    digest BLOB NOT NULL,
    state INTEGER NOT NULL,        -- HeldState
    verified INTEGER NOT NULL,     -- nanoseconds since 1970
    parent INTEGER NOT NULL,
    name BLOB NOT NULL,
    metadata_counter INTEGER NOT NULL,
    scan INTEGER NOT NULL,         -- the last scan that saw it
    PRIMARY KEY (inode, epoch, counter)
  ) WITHOUT ROWID;
)sql"},
                                 sqlite::Migration{2, R"sql(
  ALTER TABLE replica ADD COLUMN sha256 BLOB;  -- NULL: not known yet
  CREATE INDEX unhashed ON replica (inode, epoch, counter) WHERE sha256 IS NULL AND state = 1;
)sql"}};

constexpr std::string_view kColumns =
    "inode, epoch, counter, size, digest, state, verified, parent, name, metadata_counter, sha256";

void bind_key(sqlite::Statement& statement, int first, const ReplicaId& replica) {
  statement.bind_uint(first, replica.inode.value)
      .bind_uint(first + 1, replica.version.epoch.value)
      .bind_uint(first + 2, replica.version.counter);
}

Result<IndexRow> read_row(const sqlite::Statement& statement) {
  IndexRow row;
  row.held.replica = {InodeId{statement.get_uint(0)}, {Epoch{statement.get_uint(1)}, statement.get_uint(2)}};
  row.held.content.size = statement.get_uint(3);
  FSDFS_ASSIGN(row.held.content.digest, decode_digest(statement.get_blob(4)));
  row.held.state = static_cast<HeldState>(statement.get_int(5));
  row.verified = WallTime(Duration(statement.get_int(6)));
  row.parent = InodeId{statement.get_uint(7)};
  row.name = statement.get_blob(8);
  row.metadata_counter = statement.get_uint(9);
  if (!statement.is_null(10)) {
    FSDFS_ASSIGN(row.sha256, decode_sha256(statement.get_blob(10)));
  }
  return row;
}

Result<std::unique_ptr<sqlite::Database>> open_database(const std::string& path) {
  sqlite::OpenOptions options;
  options.synchronous = sqlite::Synchronous::kOff;
  FSDFS_ASSIGN(auto database, sqlite::Database::open(path, options));
  FSDFS_ASSIGN(auto report, sqlite::migrate(*database, kMigrations));
  (void)report;
  return database;
}

bool exists(const std::string& path) {
  UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  return file.valid();
}

}  // namespace

IndexRow row_of(const Description& description, HeldState state, WallTime verified) {
  IndexRow row;
  row.held = {description.replica, description.content, state};
  row.verified = verified;
  row.parent = description.origin.parent;
  row.name = description.origin.name;
  row.metadata_counter = description.origin.metadata_counter;
  return row;
}

Result<Index::Opened> Index::open(const std::string& path, Logger& logger) {
  Opened opened;
  opened.made_anew = !exists(path);
  auto database = open_database(path);
  if (!database.ok() && database.status().code() == Code::kDataLoss) {
    logger.warning("the index {} is damaged and is made anew from the replicas: {}", path,
                   database.status().message());
    opened.made_anew = true;
    FSDFS_TRY(discard(path));
    database = open_database(path);
  }
  if (!database.ok()) return database.status();
  opened.index.reset(new Index(std::move(*database)));
  return opened;
}

Status Index::discard(const std::string& path) {
  for (const char* suffix : {"-wal", "-shm", "-journal", ""}) {
    std::string file = path + suffix;
    if (std::remove(file.c_str()) != 0 && errno != ENOENT) return status_from_errno(errno, "remove " + file);
  }
  return {};
}

Status Index::check() {
  std::lock_guard lock(mutex_);
  return database_->check_integrity(false);
}

void Index::note(const Status& status) const {
  bool bad = status.code() == Code::kDataLoss || status.reason() == Reason::kReadOnly;
  if (bad && on_failure_) on_failure_(status);
}

Result<std::optional<IndexRow>> Index::find(const ReplicaId& replica) {
  auto row = find_row(replica);
  note(row.status());
  return row;
}

Status Index::put(const IndexRow& row) {
  Status status = put_row(row);
  note(status);
  return status;
}

Result<std::vector<IndexRow>> Index::page(const std::optional<ReplicaId>& after, size_t limit) {
  auto rows = page_of_rows(after, limit);
  note(rows.status());
  return rows;
}

Result<std::vector<HeldReplica>> Index::page_unhashed(const std::optional<ReplicaId>& after, size_t limit) {
  auto held = page_of_unhashed(after, limit);
  note(held.status());
  return held;
}

Status Index::set_verified(const ReplicaId& replica, const Sha256& sha256, WallTime at) {
  Status status = set_row_verified(replica, sha256, at);
  note(status);
  return status;
}

Result<std::optional<IndexRow>> Index::find_row(const ReplicaId& replica) {
  std::lock_guard lock(mutex_);
  static const std::string kSql =
      "SELECT " + std::string(kColumns) + " FROM replica WHERE inode = ? AND epoch = ? AND counter = ?";
  FSDFS_ASSIGN(auto statement, database_->prepare(kSql));
  bind_key(statement, 1, replica);
  FSDFS_ASSIGN(bool found, statement.step());
  if (!found) return std::optional<IndexRow>();
  FSDFS_ASSIGN(IndexRow row, read_row(statement));
  return std::optional<IndexRow>(std::move(row));
}

Status Index::put_row(const IndexRow& row) {
  std::lock_guard lock(mutex_);
  static const std::string kSql = "INSERT OR REPLACE INTO replica (" + std::string(kColumns) +
                                  ", scan) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
  {
    FSDFS_ASSIGN(auto statement, database_->prepare(kSql));
    bind_key(statement, 1, row.held.replica);
    statement.bind_uint(4, row.held.content.size)
        .bind_blob(5, encode_digest(row.held.content.digest))
        .bind_int(6, static_cast<int64_t>(row.held.state))
        .bind_int(7, row.verified.time_since_epoch().count())
        .bind_uint(8, row.parent.value)
        .bind_blob(9, row.name)
        .bind_uint(10, row.metadata_counter)
        .bind_uint(12, scan_number_);
    if (row.sha256) {
      statement.bind_blob(11, encode_sha256(*row.sha256));
    } else {
      statement.bind_null(11);
    }
    FSDFS_TRY(statement.run());
  }
  return commit_portion();
}

Status Index::remove(const ReplicaId& replica) {
  return remove(std::vector{replica});
}

Status Index::remove(const std::vector<ReplicaId>& replicas) {
  Status status = remove_rows(replicas);
  note(status);
  return status;
}

Status Index::remove_rows(const std::vector<ReplicaId>& replicas) {
  std::lock_guard lock(mutex_);
  FSDFS_ASSIGN(auto transaction, sqlite::Transaction::begin(*database_));
  for (const ReplicaId& replica : replicas) {
    FSDFS_ASSIGN(auto statement,
                 database_->prepare("DELETE FROM replica WHERE inode = ? AND epoch = ? AND counter = ?"));
    bind_key(statement, 1, replica);
    FSDFS_TRY(statement.run());
  }
  return transaction.commit();
}

Result<IndexTotals> Index::totals() {
  std::lock_guard lock(mutex_);
  FSDFS_ASSIGN(auto statement, database_->prepare("SELECT count(*), ifnull(sum(size), 0), "
                                                  "ifnull(sum(state <> ?), 0) FROM replica"));
  statement.bind_int(1, static_cast<int64_t>(HeldState::kWhole));
  FSDFS_ASSIGN(bool found, statement.step());
  if (!found) return internal_error("the index gives no totals");
  return IndexTotals{statement.get_uint(0), statement.get_uint(1), statement.get_uint(2)};
}

Result<std::vector<HeldReplica>> Index::page_of_unhashed(const std::optional<ReplicaId>& after,
                                                         size_t limit) {
  std::lock_guard lock(mutex_);
  FSDFS_ASSIGN(auto statement,
               database_->prepare("SELECT inode, epoch, counter, size FROM replica INDEXED BY unhashed WHERE "
                                  "sha256 IS NULL AND state = 1 AND (inode, epoch, counter) > (?, ?, ?) "
                                  "ORDER BY inode, epoch, counter LIMIT ?"));
  bind_key(statement, 1, after.value_or(ReplicaId{}));
  statement.bind_uint(4, limit);
  std::vector<HeldReplica> held;
  while (true) {
    FSDFS_ASSIGN(bool found, statement.step());
    if (!found) return held;
    HeldReplica& row = held.emplace_back();
    row.replica = {InodeId{statement.get_uint(0)}, {Epoch{statement.get_uint(1)}, statement.get_uint(2)}};
    row.content.size = statement.get_uint(3);
  }
}

Status Index::set_row_verified(const ReplicaId& replica, const Sha256& sha256, WallTime at) {
  std::lock_guard lock(mutex_);
  FSDFS_ASSIGN(auto statement,
               database_->prepare("UPDATE replica SET verified = ?, sha256 = ? WHERE inode = ? "
                                  "AND epoch = ? AND counter = ? AND state = 1"));
  statement.bind_int(1, at.time_since_epoch().count()).bind_blob(2, encode_sha256(sha256));
  bind_key(statement, 3, replica);
  return statement.run();
}

Result<std::vector<IndexRow>> Index::page_of_rows(const std::optional<ReplicaId>& after, size_t limit) {
  std::lock_guard lock(mutex_);
  static const std::string kOrder = " ORDER BY inode, epoch, counter LIMIT ?";
  static const std::string kFirst = "SELECT " + std::string(kColumns) + " FROM replica" + kOrder;
  static const std::string kNext =
      "SELECT " + std::string(kColumns) + " FROM replica WHERE (inode, epoch, counter) > (?, ?, ?)" + kOrder;
  FSDFS_ASSIGN(auto statement, database_->prepare(after ? kNext : kFirst));
  if (after) bind_key(statement, 1, *after);
  statement.bind_uint(after ? 4 : 1, limit);
  std::vector<IndexRow> rows;
  while (true) {
    FSDFS_ASSIGN(bool found, statement.step());
    if (!found) return rows;
    FSDFS_ASSIGN(IndexRow row, read_row(statement));
    rows.push_back(std::move(row));
  }
}

Status Index::begin_scan() {
  std::lock_guard lock(mutex_);
  FSDFS_ASSIGN(auto last, database_->query_int("SELECT max(scan) FROM replica"));
  scan_number_ = static_cast<uint64_t>(last.value_or(0)) + 1;
  FSDFS_ASSIGN(auto transaction, sqlite::Transaction::begin(*database_));
  scan_.emplace(std::move(transaction));
  scanned_in_transaction_ = 0;
  return {};
}

Status Index::commit_portion() {
  if (!scan_ || ++scanned_in_transaction_ < kScanPortion) return {};
  scanned_in_transaction_ = 0;
  FSDFS_TRY(scan_->commit());
  scan_.reset();
  FSDFS_ASSIGN(auto transaction, sqlite::Transaction::begin(*database_));
  scan_.emplace(std::move(transaction));
  return {};
}

Status Index::mark_seen(const ReplicaId& replica) {
  std::lock_guard lock(mutex_);
  {
    FSDFS_ASSIGN(
        auto statement,
        database_->prepare("UPDATE replica SET scan = ? WHERE inode = ? AND epoch = ? AND counter = ?"));
    statement.bind_uint(1, scan_number_);
    bind_key(statement, 2, replica);
    FSDFS_TRY(statement.run());
  }
  return commit_portion();
}

Result<uint64_t> Index::end_scan() {
  std::lock_guard lock(mutex_);
  {
    FSDFS_ASSIGN(auto statement, database_->prepare("DELETE FROM replica WHERE scan <> ?"));
    statement.bind_uint(1, scan_number_);
    FSDFS_TRY(statement.run());
  }
  auto dropped = static_cast<uint64_t>(database_->changes());
  FSDFS_TRY(scan_->commit());
  scan_.reset();
  return dropped;
}

Status Index::close() {
  std::lock_guard lock(mutex_);
  FSDFS_TRY(database_->set_synchronous(sqlite::Synchronous::kFull));
  FSDFS_TRY(database_->checkpoint(true));
  database_.reset();
  return {};
}

}  // namespace fsdfs::node
