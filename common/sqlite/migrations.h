// Schema migrations and online copies of a database.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "common/sqlite/database.h"

namespace fsdfs::sqlite {

// One step of a schema's history. Append-only: a step that was released is never changed.
struct Migration {
  int version;           // 1, 2, 3, ... without gaps
  std::string_view sql;  // a script; no BEGIN or COMMIT in it
};

struct MigrationReport {
  int from = 0;  // 0: the database was fresh
  int to = 0;
  std::string backup;  // the copy made of an older database; empty when none was needed
};

// Brings the database to the last of `migrations`. The version that it has is kept in PRAGMA user_version.
//   - Each step runs in a transaction of its own, with foreign keys checked at its end: after a crash or an
//   error the
//     database is at the last step that was whole, and the next call goes on from there.
//   - A database that already has content is copied first, to FILE.before-vN (N: the first step that is
//   missing),
//     durably. A copy that an interrupted run left is replaced.
//   - kFailedPrecondition when the database is newer than `migrations`, naming both versions.
Result<MigrationReport> migrate(Database& database, std::span<const Migration> migrations);

struct CopyProgress {
  int pages_left = 0;
  int pages_total = 0;
};

// Copies the database as it is now to the file `target` while others go on reading and writing it. After ok
// the copy is whole and survives a power cut; after an error `target` is as it was. `progress` is called
// between portions and stops the copy (kCancelled) by returning false. The connection is in a read
// transaction meanwhile.
Status copy_database(Database& source, const std::string& target,
                     const std::function<bool(const CopyProgress&)>& progress = {});

}  // namespace fsdfs::sqlite
