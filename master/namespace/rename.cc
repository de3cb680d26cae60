#include <fmt/format.h>

#include "master/namespace/operations.h"
#include "master/namespace/quota.h"

namespace fsdfs::master {
namespace {

// One end of a rename: a slot and what stands in it.
struct End {
  NameSlot slot;
  std::optional<Inode> inode;
};

Result<End> find_end(ReadView& view, const PathAt& place) {
  FSDFS_ASSIGN(auto slot, resolve_slot(view, place));
  End end{std::move(slot), std::nullopt};
  if (end.slot.entry) {
    FSDFS_ASSIGN(end.inode, inode_of(view, *end.slot.entry));
  }
  return end;
}

// kInvalidArgument/kLoop when `directory` is `moved` or lies below it.
Status refuse_loop(ReadView& view, const Inode& moved, Inode directory, const End& from, const End& to) {
  if (moved.type != FileType::kDirectory) return {};
  while (true) {
    if (directory.id == moved.id) {
      return invalid_argument(
          fmt::format("a directory cannot be moved into itself: {} to {}", from.slot.shown, to.slot.shown),
          Reason::kLoop);
    }
    if (directory.id == kRootInode) return {};
    FSDFS_ASSIGN(auto up, view.inode(directory.parent));
    if (!up) {
      return data_loss(fmt::format("directory {} has no parent: run fsdfs fsck", directory.id.value),
                       Reason::kNone);
    }
    directory = std::move(*up);
  }
}

Status refuse_replacement(ReadView& view, const Inode& moved, const Inode& replaced,
                          const std::string& shown) {
  bool moves_directory = moved.type == FileType::kDirectory;
  bool replaces_directory = replaced.type == FileType::kDirectory;
  if (moves_directory && !replaces_directory) return not_a_directory(shown);
  if (!moves_directory && replaces_directory) return is_a_directory(shown);
  if (!replaces_directory) return {};
  FSDFS_ASSIGN(bool occupied, view.has_children(replaced.id));
  if (occupied) return failed_precondition("directory not empty: " + shown, Reason::kNotEmpty);
  return {};
}

// The directory as the changes so far have left it: both ends may be the same one.
Result<Inode> fresh(ReadView& view, InodeId id) {
  FSDFS_ASSIGN(auto inode, view.inode(id));
  if (!inode)
    return data_loss(fmt::format("inode {} vanished in the middle of a rename", id.value), Reason::kNone);
  return std::move(*inode);
}

Status detach(WriteTransaction& transaction, const Entry& entry, const Inode& child) {
  FSDFS_ASSIGN(auto parent, fresh(transaction, entry.parent));
  return remove_name(transaction, parent, entry, child);
}

// Gives the inode its new name and notes the move in it.
Result<Inode> attach(WriteTransaction& transaction, const NameSlot& slot, const Inode& child) {
  FSDFS_ASSIGN(auto parent, fresh(transaction, slot.parent.id));
  FSDFS_TRY(add_name(transaction, parent, slot.name, child));
  Inode after = child;
  after.changed = transaction.now();
  ++after.metadata_counter;
  if (after.type == FileType::kDirectory) after.parent = slot.parent.id;
  FSDFS_TRY(transaction.update_inode(child, after));
  return after;
}

Result<Inode> exchange_ends(WriteTransaction& transaction, const End& from, const End& to) {
  if (!to.inode) return no_such_path(to.slot.shown);
  FSDFS_TRY(refuse_loop(transaction, *from.inode, to.slot.parent, from, to));
  FSDFS_TRY(refuse_loop(transaction, *to.inode, from.slot.parent, to, from));
  if (from.inode->id == to.inode->id) return *from.inode;
  InodeId left = from.slot.parent.id, right = to.slot.parent.id;
  FSDFS_ASSIGN(auto changes, moved_between(transaction, left, right, *from.inode));
  FSDFS_ASSIGN(auto back, moved_between(transaction, right, left, *to.inode));
  changes.insert(changes.end(), back.begin(), back.end());
  FSDFS_TRY(charge(transaction, changes));
  FSDFS_TRY(detach(transaction, *from.slot.entry, *from.inode));
  FSDFS_TRY(detach(transaction, *to.slot.entry, *to.inode));
  FSDFS_TRY(attach(transaction, from.slot, *to.inode).status());
  return attach(transaction, to.slot, *from.inode);
}

}  // namespace

Result<Inode> rename(WriteTransaction& transaction, const PathAt& from_place, const PathAt& to_place,
                     RenameFlags flags, LastName last) {
  if (flags.no_replace && flags.exchange) {
    return invalid_argument("a rename either exchanges two names or refuses to replace one, not both");
  }
  FSDFS_ASSIGN(auto from, find_end(transaction, from_place));
  if (!from.inode) return no_such_path(from.slot.shown);
  FSDFS_ASSIGN(auto to, find_end(transaction, to_place));
  if (flags.exchange) return exchange_ends(transaction, from, to);

  FSDFS_TRY(refuse_loop(transaction, *from.inode, to.slot.parent, from, to));
  FSDFS_ASSIGN(auto changes, moved_between(transaction, from.slot.parent.id, to.slot.parent.id, *from.inode));
  if (to.inode) {
    if (flags.no_replace) return already_exists("already exists: " + to.slot.shown);
    // Two names of one inode: rename(2) does nothing.
    if (from.inode->id == to.inode->id) return *from.inode;
    FSDFS_TRY(refuse_replacement(transaction, *from.inode, *to.inode, to.slot.shown));
    FSDFS_TRY(detach(transaction, *to.slot.entry, *to.inode));
    FSDFS_TRY(drop_link(transaction, *to.slot.entry, *to.inode, last));
    changes.push_back(taken_from(to.slot.parent.id, *to.inode));
  }
  FSDFS_TRY(charge(transaction, changes));
  FSDFS_TRY(detach(transaction, *from.slot.entry, *from.inode));
  return attach(transaction, to.slot, *from.inode);
}

}  // namespace fsdfs::master
