#include "master/namespace/origin.h"

namespace fsdfs::master {

Result<ReplicaOrigin> origin_of(ReadView& view, const Inode& inode) {
  ReplicaOrigin origin;
  origin.metadata_counter = inode.metadata_counter;
  origin.target = inode.target;
  origin.mode = inode.mode;
  origin.uid = inode.uid;
  origin.gid = inode.gid;
  origin.modified = inode.modified;
  if (inode.in_trash()) {
    FSDFS_ASSIGN(auto trash, view.trash(inode.id));
    if (trash) origin.name = std::move(trash->path);
    origin.deleted = inode.changed;
    return origin;
  }
  FSDFS_ASSIGN(auto entry, view.name_of(inode.id));
  if (entry) {
    origin.parent = entry->parent;
    origin.name = std::move(entry->name);
  }
  return origin;
}

}  // namespace fsdfs::master
