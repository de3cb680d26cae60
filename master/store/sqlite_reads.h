// The queries, once for readers' connections and once for the writer's. Internal to master/store.
#pragma once

#include "common/sqlite/database.h"
#include "master/store/node_slots.h"
#include "master/store/store.h"

namespace fsdfs::master {

// Base is ReadView or WriteTransaction. Both references outlive it.
template <typename Base>
class SqliteReads : public Base {
 public:
  SqliteReads(sqlite::Database& database, NodeSlots& slots) : database_(database), slots_(slots) {}

  Result<std::optional<Inode>> inode(InodeId id) override;
  Result<std::optional<Entry>> entry(InodeId parent, std::string_view name) override;
  Result<std::optional<Entry>> name_of(InodeId inode) override;
  Result<std::vector<Child>> children(InodeId parent, uint64_t after, size_t limit) override;
  Result<bool> has_children(InodeId parent) override;
  Result<std::vector<ReplicaRecord>> replicas(InodeId inode) override;
  Result<std::optional<ReplicaRecord>> replica(const ReplicaId& id, const NodeId& node) override;
  Result<std::vector<ReplicaRecord>> replicas_on(const NodeId& node, const ReplicaId& after,
                                                 size_t limit) override;
  Result<std::vector<Holding>> holdings_on(const NodeId& node, const ReplicaSpan& span,
                                           size_t limit) override;
  Result<std::vector<ReplicaRecord>> deletions_on(const NodeId& node, const ReplicaId& after,
                                                  size_t limit) override;
  Result<bool> is_tombstone(const ReplicaId& id) override;
  Result<FilePage> files(InodeId after, size_t limit) override;
  Result<PolicyRecord> policy() override;
  Result<Vars> vars(InodeId inode) override;
  Result<std::map<InodeId, Vars>> vars_between(InodeId after, InodeId last) override;
  Result<std::vector<Inode>> inodes(InodeId after, size_t limit) override;
  Result<std::vector<Inode>> directories_with_target() override;
  Result<std::optional<ReadsRecord>> reads(InodeId inode) override;
  Result<std::vector<ReadsRecord>> reads_after(InodeId after, size_t limit) override;
  Result<std::vector<ReadsRecord>> reads_between(InodeId after, InodeId last) override;
  Result<std::vector<NodeRecord>> nodes() override;
  Result<std::optional<NodeRecord>> node(const NodeId& id) override;
  Result<std::optional<SessionRecord>> session(SessionId id) override;
  Result<std::optional<SessionRecord>> session_of(const ReplicaId& replica) override;
  Result<std::vector<SessionRecord>> sessions() override;
  Result<std::optional<TrashRecord>> trash(InodeId inode) override;
  Result<std::optional<TrashRecord>> newest_trash(std::string_view path) override;
  Result<std::vector<Trashed>> trash_below(std::string_view path, const TrashCursor& after,
                                           size_t limit) override;
  Result<std::vector<TrashRecord>> trash_until(FileTime time, size_t limit) override;
  Result<bool> any_quota() override;
  Result<std::optional<QuotaRecord>> quota(InodeId directory) override;
  Result<std::vector<QuotaRecord>> quotas(InodeId after, size_t limit) override;
  Result<Usage> usage_below(InodeId directory) override;
  Result<std::optional<std::string>> remembered_reply(const RequestId& request) override;
  Result<Totals> totals() override;
  Result<Totals> count_totals() override;
  Result<uint64_t> count_names(InodeId inode) override;
  Result<uint64_t> count_subdirectories(InodeId directory) override;
  Result<std::vector<Entry>> entries_after(const EntryCursor& after, size_t limit) override;
  Result<std::vector<std::string>> log_after(uint64_t sequence, size_t limit) override;
  Result<std::string> last_log_entry() override;

 protected:
  sqlite::Database& database_;
  NodeSlots& slots_;

 private:
  Result<std::vector<ReplicaRecord>> replica_rows(sqlite::Statement& statement);
  Result<std::vector<ReplicaRecord>> replicas_after(std::string_view sql, const NodeId& node,
                                                    const ReplicaId& after, size_t limit);
  Result<std::vector<Trashed>> trash_between(std::string_view from, std::string_view to,
                                             const TrashCursor& after, size_t limit);
};

extern template class SqliteReads<ReadView>;
extern template class SqliteReads<WriteTransaction>;

}  // namespace fsdfs::master
