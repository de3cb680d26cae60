// SqliteTransaction: one operation's changes within a group's transaction, and the records that they leave in
// the log. Internal to master/store: made by the writer, once for each operation.
#pragma once

#include "master/store/id_source.h"
#include "master/store/sqlite_reads.h"

namespace fsdfs::master {

// By how much an operation changes the counters of the swarm.
struct TotalsDelta {
  int64_t files = 0;
  int64_t directories = 0;
  int64_t bytes = 0;
  int64_t trash_files = 0;
  int64_t trash_bytes = 0;
  void add(const TotalsDelta& other) {
    files += other.files;
    directories += other.directories;
    bytes += other.bytes;
    trash_files += other.trash_files;
    trash_bytes += other.trash_bytes;
  }
};

class SqliteTransaction final : public SqliteReads<WriteTransaction> {
 public:
  SqliteTransaction(sqlite::Database& database, NodeSlots& slots, IdSource& ids, FileTime now)
      : SqliteReads(database, slots), ids_(ids), now_(now) {}

  FileTime now() const override { return now_; }
  InodeId new_inode_id() override { return ids_.inode(); }
  SessionId new_session_id() override { return ids_.session(); }
  Version new_version() override { return ids_.version(); }
  uint64_t new_cookie() override { return ids_.cookie(); }

  Status add_inode(const Inode& inode) override;
  Status update_inode(const Inode& before, const Inode& after) override;
  Status remove_inode(const Inode& inode) override;
  Status add_entry(const Entry& entry) override;
  Status remove_entry(const Entry& entry) override;
  Status put_replica(const ReplicaRecord& replica) override;
  Status set_verified(const ReplicaId& id, const NodeId& node, FileTime at) override;
  Status remove_replica(const ReplicaId& id, const NodeId& node) override;
  Status add_tombstone(const ReplicaId& id) override;
  Status adjust_totals(const TotalsDrift& drift) override;
  Status add_trash(const TrashRecord& record) override;
  Status remove_trash(InodeId inode) override;
  Status put_quota(const QuotaRecord& quota) override;
  Status remove_quota(InodeId directory) override;
  Status put_policy(const PolicyRecord& policy) override;
  Status put_vars(InodeId inode, const Vars& vars) override;
  Status put_reads(const ReadsRecord& reads) override;
  Status remove_reads(InodeId inode) override;
  Status put_node(const NodeRecord& node) override;
  Status remove_node(const NodeId& id) override;
  Status add_session(const SessionRecord& session) override;
  Status update_session(const SessionRecord& session) override;
  Status remove_session(SessionId id, bool committed) override;

  // For the writer, after the operation.
  std::vector<LogRecord>& records() { return records_; }
  const TotalsDelta& delta() const { return delta_; }

 private:
  Status write_inode(std::string_view sql, const Inode& inode);
  Status remove_vars(InodeId inode);
  Status write_session(const SessionRecord& session);
  void count(const Inode& inode, int64_t times);

  IdSource& ids_;
  const FileTime now_;
  std::vector<LogRecord> records_;
  TotalsDelta delta_;
};

}  // namespace fsdfs::master
