#include "master/namespace/trash.h"

#include <fmt/format.h>

#include <algorithm>

#include "common/path.h"
#include "master/namespace/links.h"
#include "master/namespace/quota.h"

namespace fsdfs::master {
namespace {

Status not_in_trash(const TrashChoice& choice) {
  const auto* path = std::get_if<std::string>(&choice);
  return not_found(fmt::format(
      "not in the trash: {} (never deleted, restored, or purged)",
      path != nullptr ? display(*path) : fmt::format("inode {}", std::get<InodeId>(choice).value)));
}

Result<TrashRecord> newest(ReadView& view, const TrashChoice& choice) {
  std::optional<TrashRecord> found;
  if (const auto* path = std::get_if<std::string>(&choice)) {
    FSDFS_ASSIGN(std::string normal, trash_path(*path));
    FSDFS_ASSIGN(found, view.newest_trash(normal));
  } else {
    FSDFS_ASSIGN(found, view.trash(std::get<InodeId>(choice)));
  }
  if (!found) return not_in_trash(choice);
  return std::move(*found);
}

// The inode of a record; kDataLoss when the database contradicts itself.
Result<Inode> inode_in_trash(ReadView& view, InodeId id) {
  FSDFS_ASSIGN(auto inode, view.inode(id));
  if (!inode || !inode->in_trash()) {
    return data_loss(fmt::format("the trash names inode {}, which is not in it: run fsdfs fsck", id.value),
                     Reason::kNone);
  }
  return std::move(*inode);
}

Status check_copies(ReadView& view, const Inode& inode, const std::string& path) {
  FSDFS_ASSIGN(auto replicas, view.replicas(inode.id));
  bool any = std::any_of(replicas.begin(), replicas.end(), [&](const ReplicaRecord& replica) {
    return replica.replica.version == inode.version && replica.state == ReplicaState::kWhole;
  });
  if (any) return {};
  return data_loss("no server holds a copy any more: " + display(path), Reason::kNone);
}

Result<NameSlot> free_slot(WriteTransaction& transaction, const std::string& path,
                           const NewInode& directories) {
  size_t slash = path.rfind('/');
  if (slash != 0 && slash != std::string::npos) {
    FSDFS_TRY(make_directory(transaction, {kRootInode, path.substr(0, slash)}, directories, true).status());
  }
  FSDFS_ASSIGN(auto slot, resolve_slot(transaction, {kRootInode, path}));
  if (slot.entry) {
    return already_exists(
        fmt::format("already exists: {} (move it away, or restore with --to PATH)", slot.shown));
  }
  return slot;
}

}  // namespace

Status move_to_trash(WriteTransaction& transaction, const Entry& entry, const Inode& inode) {
  FSDFS_ASSIGN(std::string path, path_of(transaction, entry.parent, entry.name));
  Inode after = inode;
  after.links = 0;
  after.changed = transaction.now();
  ++after.metadata_counter;
  FSDFS_TRY(transaction.update_inode(inode, after));
  return transaction.add_trash({inode.id, after.changed, std::move(path)});
}

Result<Restored> restore_trash(WriteTransaction& transaction, const TrashChoice& choice,
                               const std::optional<std::string>& to, const NewInode& directories) {
  FSDFS_ASSIGN(auto record, newest(transaction, choice));
  FSDFS_ASSIGN(auto before, inode_in_trash(transaction, record.inode));
  FSDFS_TRY(check_copies(transaction, before, record.path));
  std::string path = std::move(record.path);
  if (to) {
    FSDFS_ASSIGN(std::string place, trash_path(*to));
    path = to->ends_with('/') ? join_path(place, path.substr(path.rfind('/') + 1)) : place;
  }
  FSDFS_ASSIGN(auto slot, free_slot(transaction, path, directories));
  Inode after = before;
  after.links = 1;
  after.changed = transaction.now();
  ++after.metadata_counter;
  FSDFS_TRY(charge(transaction, brought_to(slot.parent.id, after)));
  FSDFS_TRY(transaction.remove_trash(before.id));
  FSDFS_TRY(transaction.update_inode(before, after));
  FSDFS_TRY(add_name(transaction, slot.parent, slot.name, after));
  return Restored{std::move(after), slot.parent.id, std::move(path)};
}

Result<Purged> purge_trash(WriteTransaction& transaction, std::span<const InodeId> inodes) {
  Purged purged;
  for (InodeId id : inodes) {
    FSDFS_ASSIGN(auto record, transaction.trash(id));
    if (!record) continue;
    FSDFS_TRY(transaction.remove_trash(id));
    FSDFS_ASSIGN(auto inode, transaction.inode(id));
    // A record that contradicts the inodes must not keep the others from going.
    if (!inode || !inode->in_trash()) continue;
    FSDFS_TRY(end_inode(transaction, *inode));
    ++purged.files;
    purged.bytes += inode->content.size;
  }
  return purged;
}

Result<Purged> purge_trash(WriteTransaction& transaction, const TrashChoice& choice) {
  if (const auto* inode = std::get_if<InodeId>(&choice)) {
    FSDFS_TRY(newest(transaction, choice).status());
    return purge_trash(transaction, std::span(inode, 1));
  }
  FSDFS_ASSIGN(std::string path, trash_path(std::get<std::string>(choice)));
  FSDFS_ASSIGN(auto found, transaction.trash_below(path, {}, kPurgeBatch + 1));
  std::erase_if(found, [&path](const Trashed& trashed) { return trashed.record.path != path; });
  if (found.empty()) return not_in_trash(choice);
  std::vector<InodeId> inodes;
  for (const Trashed& trashed : found) inodes.push_back(trashed.inode.id);
  bool more = inodes.size() > kPurgeBatch;
  FSDFS_ASSIGN(auto purged,
               purge_trash(transaction, std::span(inodes).first(inodes.size() - (more ? 1 : 0))));
  purged.more = more;
  return purged;
}

Result<Purged> purge_trash_until(WriteTransaction& transaction, FileTime time) {
  FSDFS_ASSIGN(auto due, transaction.trash_until(time, kPurgeBatch));
  std::vector<InodeId> inodes;
  for (const TrashRecord& record : due) inodes.push_back(record.inode);
  FSDFS_ASSIGN(auto purged, purge_trash(transaction, inodes));
  purged.more = due.size() == kPurgeBatch;
  return purged;
}

Result<std::string> trash_path(std::string_view path) {
  if (path.empty() || path.front() != '/') {
    return invalid_argument(fmt::format("a path of the swarm begins with '/': '{}'", display(path)));
  }
  return normalize_path(path);
}

}  // namespace fsdfs::master
