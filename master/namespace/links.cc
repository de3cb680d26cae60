#include "master/namespace/links.h"

#include "master/namespace/quota.h"
#include "master/namespace/trash.h"

namespace fsdfs::master {
namespace {

Status touch_directory(WriteTransaction& transaction, Inode& directory, int32_t links) {
  Inode after = directory;
  after.links = static_cast<uint32_t>(static_cast<int32_t>(after.links) + links);
  after.modified = after.changed = transaction.now();
  ++after.metadata_counter;
  FSDFS_TRY(transaction.update_inode(directory, after));
  directory = std::move(after);
  return {};
}

}  // namespace

Status add_name(WriteTransaction& transaction, Inode& parent, const std::string& name, const Inode& child) {
  FSDFS_TRY(transaction.add_entry({parent.id, name, transaction.new_cookie(), child.id}));
  return touch_directory(transaction, parent, child.type == FileType::kDirectory ? 1 : 0);
}

Status remove_name(WriteTransaction& transaction, Inode& parent, const Entry& entry, const Inode& child) {
  FSDFS_TRY(transaction.remove_entry(entry));
  return touch_directory(transaction, parent, child.type == FileType::kDirectory ? -1 : 0);
}

Status drop_link(WriteTransaction& transaction, const Entry& entry, const Inode& inode, LastName last) {
  if (inode.type != FileType::kDirectory && inode.links > 1) {
    Inode after = inode;
    --after.links;
    after.changed = transaction.now();
    ++after.metadata_counter;
    return transaction.update_inode(inode, after);
  }
  if (inode.type == FileType::kDirectory) FSDFS_TRY(forget_quota(transaction, inode.id));
  bool has_content = inode.type == FileType::kRegular && !inode.version.none();
  if (has_content && last == LastName::kTrash) return move_to_trash(transaction, entry, inode);
  return end_inode(transaction, inode);
}

Status end_inode(WriteTransaction& transaction, const Inode& inode) {
  if (inode.type == FileType::kRegular) {
    FSDFS_ASSIGN(auto replicas, transaction.replicas(inode.id));
    for (const ReplicaRecord& replica : replicas) {
      if (replica.state == ReplicaState::kDeleting) continue;
      FSDFS_TRY(condemn_replica(transaction, replica.replica, replica.node, replica.size));
    }
    FSDFS_TRY(transaction.add_tombstone({inode.id, Version{}}));
  }
  return transaction.remove_inode(inode);
}

Status condemn_replica(WriteTransaction& transaction, const ReplicaId& replica, const NodeId& node,
                       uint64_t size) {
  return transaction.put_replica({replica, node, ReplicaState::kDeleting, size, transaction.now()});
}

}  // namespace fsdfs::master
