#include "node/store/directory_records.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <array>
#include <map>

#include "common/checksum.h"
#include "common/io/files.h"
#include "common/path.h"
#include "common/sqlite/migrations.h"
#include "node/store/index.h"

namespace fsdfs::node {
namespace {

constexpr std::array kDirectoryMigrations{sqlite::Migration{1, R"sql(
  CREATE TABLE directory (
    inode INTEGER PRIMARY KEY,
    parent INTEGER NOT NULL,       -- of the root, 1: itself
    name BLOB NOT NULL,
    metadata_counter INTEGER NOT NULL,
    target DOUBLE PRECISION,       -- its own
    mode INTEGER NOT NULL,
    uid INTEGER NOT NULL,
    gid INTEGER NOT NULL,
    modified_s INTEGER NOT NULL,
    modified_ns INTEGER NOT NULL,
    sum INTEGER NOT NULL);         -- XXH3-64 of the rest, see directory_sum
  CREATE INDEX directory_names ON directory (parent, name);
)sql"}};

// A path has no more names than this; whoever climbs higher runs in a circle.
constexpr size_t kClimbMax = kPathBytesMax / 2 + 1;

uint64_t directory_sum(const DirectoryRecord& record) {
  std::string target = record.target ? fmt::format("{}", *record.target) : std::string();
  return block_sum(fmt::format("{} {} {} {} {} {} {} {} {} {}", record.inode.value, record.parent.value,
                               record.metadata_counter, target, record.mode, record.uid, record.gid,
                               record.modified.seconds, record.modified.nanoseconds, record.name));
}

constexpr std::string_view kSelect =
    "SELECT inode, parent, name, metadata_counter, target, mode, uid, gid, modified_s, modified_ns, sum FROM "
    "directory";

// None: it fails its sum.
std::optional<DirectoryRecord> read_record(const sqlite::Statement& row) {
  DirectoryRecord record;
  record.inode = InodeId{row.get_uint(0)};
  record.parent = InodeId{row.get_uint(1)};
  record.name = row.get_blob(2);
  record.metadata_counter = row.get_uint(3);
  if (!row.is_null(4)) record.target = row.get_double(4);
  record.mode = static_cast<uint32_t>(row.get_uint(5));
  record.uid = static_cast<uint32_t>(row.get_uint(6));
  record.gid = static_cast<uint32_t>(row.get_uint(7));
  record.modified = {row.get_int(8), static_cast<uint32_t>(row.get_uint(9))};
  if (row.get_uint(10) != directory_sum(record)) return std::nullopt;
  return record;
}

Result<std::unique_ptr<sqlite::Database>> open_records(const std::string& path) {
  sqlite::OpenOptions options;
  options.synchronous = sqlite::Synchronous::kFull;
  FSDFS_ASSIGN(auto database, sqlite::Database::open(path, options));
  FSDFS_ASSIGN(auto report, sqlite::migrate(*database, kDirectoryMigrations));
  (void)report;
  return database;
}

}  // namespace

Result<DirectoryRecords::Opened> DirectoryRecords::open(const std::string& path, Logger& logger) {
  Opened opened;
  opened.made_anew = !UniqueFd(::open(path.c_str(), O_RDONLY | O_CLOEXEC)).valid();
  auto whole = open_checked(path);
  if (whole.status().code() == Code::kDataLoss) {
    logger.warning("the records of directories in {} are damaged and are asked of the master anew: {}", path,
                   whole.status().message());
    opened.made_anew = true;
    FSDFS_TRY(Index::discard(path));
    whole = open_checked(path);
  }
  if (!whole.ok()) return whole.status();
  opened.records = std::move(*whole);
  return opened;
}

Result<std::unique_ptr<DirectoryRecords>> DirectoryRecords::open_checked(const std::string& path) {
  FSDFS_ASSIGN(auto database, open_records(path));
  std::unique_ptr<DirectoryRecords> records(new DirectoryRecords(std::move(database)));
  FSDFS_TRY(records->check_rows());
  return records;
}

void DirectoryRecords::note(const Status& status) const {
  bool bad = status.code() == Code::kDataLoss || status.reason() == Reason::kReadOnly;
  if (bad && on_failure_) on_failure_(status);
}

Status DirectoryRecords::apply(const std::vector<DirectoryRecord>& directories,
                               const std::vector<InodeId>& gone, const std::set<InodeId>& holding_files) {
  Status status = apply_all(directories, gone, holding_files);
  note(status);
  return status;
}

Status DirectoryRecords::apply_all(const std::vector<DirectoryRecord>& directories,
                                   const std::vector<InodeId>& gone, const std::set<InodeId>& holding_files) {
  std::lock_guard lock(mutex_);
  std::map<InodeId, const DirectoryRecord*> told;
  for (const DirectoryRecord& directory : directories) told[directory.inode] = &directory;
  std::set<InodeId> seen;
  std::vector<const DirectoryRecord*> news;
  for (const DirectoryRecord& start : directories) {
    FSDFS_ASSIGN(auto known, find_row(start.inode));
    if (!known && !holding_files.contains(start.inode)) continue;
    for (auto next = told.find(start.inode); next != told.end() && seen.insert(next->first).second;
         next = told.find(next->second->parent)) {
      FSDFS_ASSIGN(auto before, find_row(next->first));
      if (!before || *before != *next->second) news.push_back(next->second);
    }
  }
  std::vector<InodeId> leaving;
  for (InodeId id : gone) {
    FSDFS_ASSIGN(auto known, find_row(id));
    if (known) leaving.push_back(id);
  }
  if (news.empty() && leaving.empty()) return {};
  FSDFS_ASSIGN(auto transaction, sqlite::Transaction::begin(*database_));
  for (const DirectoryRecord* directory : news) FSDFS_TRY(put(*directory));
  for (InodeId id : leaving) FSDFS_TRY(remove(id));
  return transaction.commit();
}

Status DirectoryRecords::put(const DirectoryRecord& record) {
  FSDFS_ASSIGN(auto statement,
               database_->prepare("INSERT OR REPLACE INTO directory (inode, parent, name, metadata_counter, "
                                  "target, mode, uid, gid, modified_s, modified_ns, sum) "
                                  "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"));
  statement.bind_uint(1, record.inode.value)
      .bind_uint(2, record.parent.value)
      .bind_blob(3, record.name)
      .bind_uint(4, record.metadata_counter);
  if (record.target) {
    statement.bind_double(5, *record.target);
  } else {
    statement.bind_null(5);
  }
  return statement.bind_uint(6, record.mode)
      .bind_uint(7, record.uid)
      .bind_uint(8, record.gid)
      .bind_int(9, record.modified.seconds)
      .bind_uint(10, record.modified.nanoseconds)
      .bind_uint(11, directory_sum(record))
      .run();
}

Status DirectoryRecords::remove(InodeId directory) {
  FSDFS_ASSIGN(auto statement, database_->prepare("DELETE FROM directory WHERE inode = ?"));
  return statement.bind_uint(1, directory.value).run();
}

Result<std::optional<DirectoryRecord>> DirectoryRecords::find(InodeId directory) {
  auto row = [&] {
    std::lock_guard lock(mutex_);
    return find_row(directory);
  }();
  note(row.status());
  return row;
}

Result<std::optional<DirectoryRecord>> DirectoryRecords::find_row(InodeId directory) {
  static const std::string kSql = std::string(kSelect) + " WHERE inode = ?";
  FSDFS_ASSIGN(auto statement, database_->prepare(kSql));
  FSDFS_ASSIGN(bool found, statement.bind_uint(1, directory.value).step());
  return found ? read_record(statement) : std::optional<DirectoryRecord>();
}

Status DirectoryRecords::check_rows() {
  FSDFS_TRY(database_->check_integrity(true));
  FSDFS_ASSIGN(auto statement, database_->prepare(kSelect));
  while (true) {
    FSDFS_ASSIGN(bool found, statement.step());
    if (!found) return {};
    if (!read_record(statement)) {
      return data_loss(fmt::format("directory {} fails its sum", statement.get_uint(0)));
    }
  }
}

Result<std::vector<InodeId>> DirectoryRecords::named(InodeId parent, std::string_view name) {
  std::lock_guard lock(mutex_);
  FSDFS_ASSIGN(auto statement,
               database_->prepare("SELECT inode FROM directory WHERE parent = ? AND name = ?"));
  statement.bind_uint(1, parent.value).bind_blob(2, name);
  std::vector<InodeId> found;
  while (true) {
    FSDFS_ASSIGN(bool more, statement.step());
    if (!more) return found;
    found.push_back(InodeId{statement.get_uint(0)});
  }
}

Result<std::string> DirectoryRecords::path_of(InodeId directory) {
  auto path = [&] {
    std::lock_guard lock(mutex_);
    return climb(directory);
  }();
  note(path.status());
  return path;
}

Result<std::string> DirectoryRecords::climb(InodeId directory) {
  std::string path;
  for (size_t height = 0; directory != kRootInode; ++height) {
    if (height > kClimbMax) return std::string();
    FSDFS_ASSIGN(auto record, find_row(directory));
    if (!record || record->name.empty()) return std::string();
    path.insert(0, "/" + record->name);
    directory = record->parent;
  }
  return path.empty() ? std::string("/") : path;
}

Status DirectoryRecords::close() {
  std::lock_guard lock(mutex_);
  FSDFS_TRY(database_->checkpoint(true));
  database_.reset();
  return {};
}

}  // namespace fsdfs::node
