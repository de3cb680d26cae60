// How domain records lie in columns. Internal to master/store.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "common/sqlite/database.h"
#include "master/store/node_slots.h"
#include "master/store/records.h"

namespace fsdfs::master {

inline constexpr std::string_view kInodeColumns =
    "i.id, i.type, i.mode, i.uid, i.gid, i.links, i.accessed_s, i.accessed_ns, i.modified_s, i.modified_ns, "
    "i.changed_s, i.changed_ns, i.version_epoch, i.version_counter, i.size, i.digest, i.target, "
    "i.link_target, "
    "i.device, i.metadata_counter, i.parent, i.own_target, i.target_source";
inline constexpr int kInodeColumnCount = 23;
inline constexpr std::string_view kEntryColumns = "e.parent, e.cookie, e.name, e.inode";
inline constexpr int kEntryColumnCount = 4;
inline constexpr std::string_view kReplicaColumns =
    "r.inode, r.version_epoch, r.version_counter, r.node, r.state, r.size, r.verified_s, r.verified_ns";
inline constexpr int kReplicaColumnCount = 8;
inline constexpr std::string_view kNodeColumns =
    "n.slot, n.id, n.address, n.zone, n.host, n.admin_state, n.quota, n.incarnation, n.key";
inline constexpr std::string_view kSessionColumns =
    "s.id, s.inode, s.version_epoch, s.version_counter, s.parent, s.name, s.creates, s.no_replace, s.size, "
    "s.mode, "
    "s.uid, s.gid, s.target, s.wanted_members, s.chain";

inline constexpr std::string_view kTrashColumns = "t.inode, t.deleted_s, t.deleted_ns, t.path";
inline constexpr int kTrashColumnCount = 4;
inline constexpr std::string_view kQuotaColumns =
    "q.directory, q.bytes_limit, q.files_limit, q.bytes_used, q.files_used";

// From the columns above, which start at `first`.
Inode inode_from_row(const sqlite::Statement& row, int first = 0);
Entry entry_from_row(const sqlite::Statement& row, int first = 0);
ReplicaRecord replica_from_row(const sqlite::Statement& row, const NodeSlots& slots);
// Size and digest; none where they are null.
std::optional<Content> content_from_row(const sqlite::Statement& row, int first);
NodeRecord node_from_row(const sqlite::Statement& row);
SessionRecord session_from_row(const sqlite::Statement& row);
TrashRecord trash_from_row(const sqlite::Statement& row);
QuotaRecord quota_from_row(const sqlite::Statement& row);

// Bind all columns in the order above, from parameter 1.
void bind_inode(sqlite::Statement& statement, const Inode& inode);
void bind_session(sqlite::Statement& statement, const SessionRecord& session);
void bind_trash(sqlite::Statement& statement, const TrashRecord& record);
void bind_quota(sqlite::Statement& statement, const QuotaRecord& quota);
// inode, version_epoch, version_counter from parameter `first`.
void bind_replica_id(sqlite::Statement& statement, int first, const ReplicaId& id);

template <size_t size>
std::string_view bytes_view(const std::array<uint8_t, size>& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), size};
}

}  // namespace fsdfs::master
