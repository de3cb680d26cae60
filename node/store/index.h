// Index: what a node holds, one row a replica, in SQLite (DATA/index.db), and up to where in the master's log
// the disk's sidecars and directory records are.
//
// The replicas' own sidecars are the truth; the index only spares a start the reading of millions of them. So
// nothing is synced while it runs: DATA/index.clean is removed durably before the first change and made again
// after close(), and where it is missing the store reconciles the index with a scan (recovery.h). A file that
// is damaged is made anew.
//
// Thread safety: all methods; one mutex over one connection. No call syncs a disk but close().
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/log.h"
#include "common/security/sha256.h"
#include "common/sqlite/database.h"
#include "common/status.h"
#include "node/store/records.h"
#include "node/store/replica.h"

namespace fsdfs::node {

struct IndexRow {
  HeldReplica held;
  WallTime verified;  // when its bytes were last checked against their sums
  InodeId parent;     // of its origin
  std::string name;
  uint64_t metadata_counter = 0;
  std::optional<Sha256> sha256 = {};  // once the scrubber has read it whole
  bool current = false;               // the master said that this version is the file's content
};

IndexRow row_of(const Description& description, HeldState state, WallTime verified);

struct IndexTotals {
  uint64_t replicas = 0;  // whole and quarantined
  uint64_t bytes = 0;     // of both
  uint64_t quarantined = 0;
};

class Index {
 public:
  struct Opened {
    std::unique_ptr<Index> index;
    bool made_anew = false;  // it was missing or damaged
  };
  static Result<Opened> open(const std::string& path, Logger& logger);
  static Status discard(const std::string& path);  // removes the files of a closed index

  // Called with what a call fails with when the disk, or the database on it, is no good any more. Set before
  // other threads call.
  void watch(std::function<void(const Status&)> on_failure) { on_failure_ = std::move(on_failure); }

  // kDataLoss: the database says that it is damaged.
  Status check();

  Result<std::optional<IndexRow>> find(const ReplicaId& replica);
  Status put(const IndexRow& row);
  Status remove(const ReplicaId& replica);
  Status remove(const std::vector<ReplicaId>& replicas);  // in one transaction
  Result<IndexTotals> totals();
  // Up to `limit` rows in key order after `after`; from the start when there is none.
  Result<std::vector<IndexRow>> page(const std::optional<ReplicaId>& after, size_t limit);

  // Of those, the whole ones whose SHA-256 is not known yet, without their names.
  Result<std::vector<HeldReplica>> page_unhashed(const std::optional<ReplicaId>& after, size_t limit);
  // Nothing where there is no such row, or it is quarantined.
  Status set_verified(const ReplicaId& replica, const Sha256& sha256, WallTime at);

  // --- what the master's log says ---
  // Sets the row's parent, name, counter and whether it is current. Nothing where there is no such row.
  Status set_place(const IndexRow& row);
  // Whole current replicas whose origin is this: one, where nothing is under way.
  Result<std::vector<IndexRow>> at_place(InodeId parent, std::string_view name);
  // None: from the start.
  Result<LogPosition> followed();
  Status set_followed(const LogPosition& position);

  // A reconciliation: begin, put or mark_seen what the disk has, then end drops every row that was neither.
  // Meanwhile no one else writes. A crash in between leaves an index that the next start reconciles again.
  Status begin_scan();
  Status mark_seen(const ReplicaId& replica);
  Result<uint64_t> end_scan();  // rows dropped

  // Everything in the database file, synced. No other call may follow.
  Status close();

 private:
  explicit Index(std::unique_ptr<sqlite::Database> database) : database_(std::move(database)) {}
  Result<std::optional<IndexRow>> find_row(const ReplicaId& replica);
  Status put_row(const IndexRow& row);
  Status remove_rows(const std::vector<ReplicaId>& replicas);
  Result<std::vector<IndexRow>> page_of_rows(const std::optional<ReplicaId>& after, size_t limit);
  Result<std::vector<HeldReplica>> page_of_unhashed(const std::optional<ReplicaId>& after, size_t limit);
  Status set_row_verified(const ReplicaId& replica, const Sha256& sha256, WallTime at);
  Status set_row_place(const IndexRow& row);
  Status put_followed(const LogPosition& position);
  Status commit_portion();
  // Tells of a status that speaks against the disk; without the lock.
  void note(const Status& status) const;

  std::function<void(const Status&)> on_failure_;
  std::mutex mutex_;
  std::unique_ptr<sqlite::Database> database_;  // guarded by mutex_
  // Guarded by mutex_: of the scan that goes on, if one does.
  std::optional<sqlite::Transaction> scan_;
  uint64_t scan_number_ = 0;
  size_t scanned_in_transaction_ = 0;
};

}  // namespace fsdfs::node
