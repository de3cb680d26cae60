#include "master/store/sqlite_transaction.h"

#include <fmt/format.h>

#include "master/store/sqlite_rows.h"

namespace fsdfs::master {
namespace {

constexpr std::string_view kInsertInode =
    "INSERT INTO inodes (id, type, mode, uid, gid, links, accessed_s, accessed_ns, modified_s, modified_ns, "
    "changed_s, changed_ns, version_epoch, version_counter, size, digest, target, link_target, device, "
    "metadata_counter, parent, own_target, target_source) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
constexpr std::string_view kUpsertInode =
    "INSERT INTO inodes (id, type, mode, uid, gid, links, accessed_s, accessed_ns, modified_s, modified_ns, "
    "changed_s, changed_ns, version_epoch, version_counter, size, digest, target, link_target, device, "
    "metadata_counter, parent, own_target, target_source) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
    "ON CONFLICT (id) DO UPDATE SET type = excluded.type, mode = excluded.mode, uid = excluded.uid, "
    "gid = excluded.gid, links = excluded.links, accessed_s = excluded.accessed_s, "
    "accessed_ns = excluded.accessed_ns, modified_s = excluded.modified_s, modified_ns = "
    "excluded.modified_ns, "
    "changed_s = excluded.changed_s, changed_ns = excluded.changed_ns, version_epoch = "
    "excluded.version_epoch, "
    "version_counter = excluded.version_counter, size = excluded.size, digest = excluded.digest, "
    "target = excluded.target, link_target = excluded.link_target, device = excluded.device, "
    "metadata_counter = excluded.metadata_counter, parent = excluded.parent, "
    "own_target = excluded.own_target, target_source = excluded.target_source";
constexpr std::string_view kUpsertReplica =
    "INSERT INTO replicas (inode, version_epoch, version_counter, node, state, size, verified_s, "
    "verified_ns) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (inode, version_epoch, version_counter, node) DO UPDATE SET "
    "state = excluded.state, size = excluded.size, verified_s = excluded.verified_s, "
    "verified_ns = excluded.verified_ns";
constexpr std::string_view kUpsertNode =
    "INSERT INTO nodes (slot, id, address, zone, host, admin_state, quota, incarnation, key) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (slot) DO UPDATE SET address = excluded.address, "
    "zone = excluded.zone, host = excluded.host, admin_state = excluded.admin_state, quota = excluded.quota, "
    "incarnation = excluded.incarnation, key = excluded.key";
constexpr std::string_view kUpsertSession =
    "INSERT INTO sessions (id, inode, version_epoch, version_counter, parent, name, creates, no_replace, "
    "size, mode, "
    "uid, gid, target, wanted_members, chain) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
    "ON CONFLICT (id) DO UPDATE SET size = excluded.size, chain = excluded.chain";

constexpr std::string_view kUpsertQuota =
    "INSERT INTO quotas (directory, bytes_limit, files_limit, bytes_used, files_used) VALUES (?, ?, ?, ?, ?) "
    "ON CONFLICT (directory) DO UPDATE SET bytes_limit = excluded.bytes_limit, "
    "files_limit = excluded.files_limit, bytes_used = excluded.bytes_used, files_used = excluded.files_used";

}  // namespace

void SqliteTransaction::count(const Inode& inode, int64_t times) {
  if (inode.type == FileType::kDirectory) delta_.directories += times;
  if (inode.type != FileType::kRegular) return;
  (inode.in_trash() ? delta_.trash_files : delta_.files) += times;
  (inode.in_trash() ? delta_.trash_bytes : delta_.bytes) += times * static_cast<int64_t>(inode.content.size);
}

Status SqliteTransaction::write_inode(std::string_view sql, const Inode& inode) {
  FSDFS_ASSIGN(auto statement, database_.prepare(sql));
  bind_inode(statement, inode);
  FSDFS_TRY(statement.run());
  count(inode, 1);
  records_.emplace_back(InodeChanged{inode});
  return {};
}

Status SqliteTransaction::add_inode(const Inode& inode) {
  return write_inode(kInsertInode, inode);
}

Status SqliteTransaction::update_inode(const Inode& before, const Inode& after) {
  count(before, -1);
  return write_inode(kUpsertInode, after);
}

Status SqliteTransaction::remove_inode(const Inode& inode) {
  FSDFS_ASSIGN(auto statement, database_.prepare("DELETE FROM inodes WHERE id = ?"));
  FSDFS_TRY(statement.bind_uint(1, inode.id.value).run());
  FSDFS_TRY(remove_vars(inode.id));
  FSDFS_TRY(remove_reads(inode.id));
  count(inode, -1);
  records_.emplace_back(InodeRemoved{inode.id});
  return {};
}

Status SqliteTransaction::add_entry(const Entry& entry) {
  FSDFS_ASSIGN(auto statement,
               database_.prepare("INSERT INTO entries (parent, cookie, name, inode) VALUES (?, ?, ?, ?)"));
  statement.bind_uint(1, entry.parent.value)
      .bind_uint(2, entry.cookie)
      .bind_blob(3, entry.name)
      .bind_uint(4, entry.inode.value);
  FSDFS_TRY(statement.run());
  records_.emplace_back(EntryAdded{entry});
  return {};
}

Status SqliteTransaction::remove_entry(const Entry& entry) {
  FSDFS_ASSIGN(auto statement, database_.prepare("DELETE FROM entries WHERE parent = ? AND cookie = ?"));
  FSDFS_TRY(statement.bind_uint(1, entry.parent.value).bind_uint(2, entry.cookie).run());
  records_.emplace_back(EntryRemoved{entry.parent, entry.name, entry.inode});
  return {};
}

Status SqliteTransaction::put_replica(const ReplicaRecord& replica) {
  auto slot = slots_.find(replica.node);
  if (!slot) {
    return internal_error(fmt::format("replica {} is said to be on node {}, which never joined",
                                      replica.replica.to_string(), to_string(replica.node)));
  }
  FSDFS_ASSIGN(auto statement, database_.prepare(kUpsertReplica));
  bind_replica_id(statement, 1, replica.replica);
  statement.bind_int(4, *slot)
      .bind_int(5, static_cast<int64_t>(replica.state))
      .bind_uint(6, replica.size)
      .bind_int(7, replica.verified.seconds)
      .bind_int(8, replica.verified.nanoseconds);
  FSDFS_TRY(statement.run());
  records_.emplace_back(ReplicaChanged{replica});
  return {};
}

Status SqliteTransaction::set_verified(const ReplicaId& id, const NodeId& node, FileTime at) {
  auto slot = slots_.find(node);
  if (!slot) return {};
  FSDFS_ASSIGN(auto statement,
               database_.prepare("UPDATE replicas SET verified_s = ?, verified_ns = ? WHERE inode = ? AND "
                                 "version_epoch = ? AND version_counter = ? AND node = ?"));
  statement.bind_int(1, at.seconds).bind_int(2, at.nanoseconds);
  bind_replica_id(statement, 3, id);
  return statement.bind_int(6, *slot).run();
}

Status SqliteTransaction::remove_replica(const ReplicaId& id, const NodeId& node) {
  auto slot = slots_.find(node);
  if (!slot) return {};
  FSDFS_ASSIGN(auto statement,
               database_.prepare("DELETE FROM replicas WHERE inode = ? AND version_epoch = ? AND "
                                 "version_counter = ? AND node = ?"));
  bind_replica_id(statement, 1, id);
  FSDFS_TRY(statement.bind_int(4, *slot).run());
  records_.emplace_back(ReplicaRemoved{id, node});
  return {};
}

Status SqliteTransaction::add_tombstone(const ReplicaId& id) {
  FSDFS_ASSIGN(auto statement,
               database_.prepare("INSERT INTO tombstones (inode, version_epoch, version_counter, removed_s) "
                                 "VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING"));
  bind_replica_id(statement, 1, id);
  return statement.bind_int(4, now_.seconds).run();
}

Status SqliteTransaction::adjust_totals(const TotalsDrift& drift) {
  delta_.add({drift.files, drift.directories, drift.bytes, drift.trash_files, drift.trash_bytes});
  return {};
}

Status SqliteTransaction::add_trash(const TrashRecord& record) {
  FSDFS_ASSIGN(
      auto statement,
      database_.prepare("INSERT INTO trash (inode, deleted_s, deleted_ns, path) VALUES (?, ?, ?, ?)"));
  bind_trash(statement, record);
  FSDFS_TRY(statement.run());
  records_.emplace_back(TrashAdded{record});
  return {};
}

Status SqliteTransaction::remove_trash(InodeId inode) {
  FSDFS_ASSIGN(auto statement, database_.prepare("DELETE FROM trash WHERE inode = ?"));
  FSDFS_TRY(statement.bind_uint(1, inode.value).run());
  records_.emplace_back(TrashRemoved{inode});
  return {};
}

Status SqliteTransaction::put_quota(const QuotaRecord& quota) {
  FSDFS_ASSIGN(auto statement, database_.prepare(kUpsertQuota));
  bind_quota(statement, quota);
  FSDFS_TRY(statement.run());
  records_.emplace_back(QuotaChanged{quota});
  return {};
}

Status SqliteTransaction::remove_quota(InodeId directory) {
  FSDFS_ASSIGN(auto statement, database_.prepare("DELETE FROM quotas WHERE directory = ?"));
  FSDFS_TRY(statement.bind_uint(1, directory.value).run());
  records_.emplace_back(QuotaRemoved{directory});
  return {};
}

// --- what computes N ---

Status SqliteTransaction::put_policy(const PolicyRecord& policy) {
  FSDFS_TRY(database_.execute("DELETE FROM policy"));
  FSDFS_ASSIGN(auto insert,
               database_.prepare("INSERT INTO policy (revision, rules, python) VALUES (?, ?, ?)"));
  FSDFS_TRY(
      insert.bind_uint(1, policy.revision).bind_text(2, policy.rules).bind_text(3, policy.python).run());
  records_.emplace_back(PolicyChanged{policy});
  return {};
}

Status SqliteTransaction::remove_vars(InodeId inode) {
  FSDFS_ASSIGN(auto remove, database_.prepare("DELETE FROM vars WHERE inode = ?"));
  return remove.bind_uint(1, inode.value).run();
}

Status SqliteTransaction::put_vars(InodeId inode, const Vars& vars) {
  FSDFS_TRY(remove_vars(inode));
  for (const auto& [name, value] : vars) {
    FSDFS_ASSIGN(auto insert, database_.prepare("INSERT INTO vars (inode, name, value) VALUES (?, ?, ?)"));
    FSDFS_TRY(insert.bind_uint(1, inode.value).bind_text(2, name).bind_double(3, value).run());
  }
  records_.emplace_back(VarsChanged{inode, vars});
  return {};
}

Status SqliteTransaction::put_reads(const ReadsRecord& reads) {
  FSDFS_ASSIGN(auto upsert,
               database_.prepare("INSERT INTO reads (inode, weight, seen) VALUES (?, ?, ?) ON CONFLICT "
                                 "(inode) DO UPDATE SET weight = excluded.weight, seen = excluded.seen"));
  return upsert.bind_uint(1, reads.inode.value)
      .bind_double(2, static_cast<double>(reads.weight))
      .bind_double(3, reads.seen)
      .run();
}

Status SqliteTransaction::remove_reads(InodeId inode) {
  FSDFS_ASSIGN(auto remove, database_.prepare("DELETE FROM reads WHERE inode = ?"));
  return remove.bind_uint(1, inode.value).run();
}

Status SqliteTransaction::put_node(const NodeRecord& node) {
  FSDFS_ASSIGN(auto statement, database_.prepare(kUpsertNode));
  statement.bind_int(1, slots_.find_or_give(node.id))
      .bind_blob(2, bytes_view(node.id.bytes))
      .bind_text(3, node.address)
      .bind_text(4, node.zone)
      .bind_text(5, node.host)
      .bind_int(6, static_cast<int64_t>(node.admin_state))
      .bind_uint(7, node.quota)
      .bind_uint(8, node.incarnation.value)
      .bind_blob(9, bytes_view(node.key.bytes));
  FSDFS_TRY(statement.run());
  records_.emplace_back(NodeChanged{node});
  return {};
}

Status SqliteTransaction::remove_node(const NodeId& id) {
  FSDFS_ASSIGN(auto statement, database_.prepare("DELETE FROM nodes WHERE id = ?"));
  FSDFS_TRY(statement.bind_blob(1, bytes_view(id.bytes)).run());
  records_.emplace_back(NodeRemoved{id});
  return {};
}

Status SqliteTransaction::write_session(const SessionRecord& session) {
  FSDFS_ASSIGN(auto statement, database_.prepare(kUpsertSession));
  bind_session(statement, session);
  return statement.run();
}

Status SqliteTransaction::add_session(const SessionRecord& session) {
  FSDFS_TRY(write_session(session));
  records_.emplace_back(SessionOpened{session});
  return {};
}

Status SqliteTransaction::update_session(const SessionRecord& session) {
  return add_session(session);
}

Status SqliteTransaction::remove_session(SessionId id, bool committed) {
  FSDFS_ASSIGN(auto statement, database_.prepare("DELETE FROM sessions WHERE id = ?"));
  FSDFS_TRY(statement.bind_uint(1, id.value).run());
  records_.emplace_back(SessionClosed{id, committed});
  return {};
}

}  // namespace fsdfs::master
