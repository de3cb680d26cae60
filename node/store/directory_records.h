// DirectoryRecords: the directories above the files on one data disk, in SQLite (DATA/directories.db). With
// the sidecars they make the disk readable by itself: `sqlite3 directories.db 'SELECT * FROM directory'`.
//
// Unlike the index they cannot be made anew from the disk, so every change is synced. Each row has a sum of
// its own; one that fails it is as if it were not there. Which directories these are only grows, but for
// those that are removed: one that no file lies below any more does no harm.
//
// Used by DiskStore. Thread safety: all methods; one mutex over one connection, held while apply() syncs.
// Crash: apply() has happened as a whole or not at all, and survives a power cut once it returned ok.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "common/log.h"
#include "common/sqlite/database.h"
#include "common/status.h"
#include "node/store/records.h"

namespace fsdfs::node {

class DirectoryRecords {
 public:
  struct Opened {
    std::unique_ptr<DirectoryRecords> records;
    bool made_anew = false;  // it was missing, or damaged: the master has to tell it all again
  };
  static Result<Opened> open(const std::string& path, Logger& logger);

  // As Index::watch.
  void watch(std::function<void(const Status&)> on_failure) { on_failure_ = std::move(on_failure); }

  // Keeps those that are needed, as they are said to be now, and forgets those that are gone. Needed is what
  // is known already, what holds files, and what is above those, as far as it is among `directories`. Syncs
  // only where that changes something.
  Status apply(const std::vector<DirectoryRecord>& directories, const std::vector<InodeId>& gone,
               const std::set<InodeId>& holding_files);

  Result<std::optional<DirectoryRecord>> find(InodeId directory);
  // Directories that are called so there; one, where nothing is under way.
  Result<std::vector<InodeId>> named(InodeId parent, std::string_view name);
  // "/a/b", of the root "/"; empty: not all above it is known.
  Result<std::string> path_of(InodeId directory);

  Status close();  // no other call may follow

 private:
  explicit DirectoryRecords(std::unique_ptr<sqlite::Database> database) : database_(std::move(database)) {}
  static Result<std::unique_ptr<DirectoryRecords>> open_checked(const std::string& path);
  Status apply_all(const std::vector<DirectoryRecord>& directories, const std::vector<InodeId>& gone,
                   const std::set<InodeId>& holding_files);
  Status put(const DirectoryRecord& directory);
  Status remove(InodeId directory);
  Result<std::optional<DirectoryRecord>> find_row(InodeId directory);
  Status check_rows();
  Result<std::string> climb(InodeId directory);
  void note(const Status& status) const;

  std::function<void(const Status&)> on_failure_;
  std::mutex mutex_;
  std::unique_ptr<sqlite::Database> database_;  // guarded by mutex_
};

}  // namespace fsdfs::node
