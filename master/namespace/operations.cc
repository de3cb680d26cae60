#include "master/namespace/operations.h"

#include <fmt/format.h>

#include <algorithm>

#include "common/path.h"
#include "master/namespace/quota.h"

namespace fsdfs::master {
namespace {

constexpr uint32_t kNanosecondsMax = 999'999'999;

Status check_time(const std::optional<FileTime>& time) {
  if (!time || time->nanoseconds <= kNanosecondsMax) return {};
  return invalid_argument(
      fmt::format("a time has {} nanoseconds; they stay below 1000000000", time->nanoseconds));
}

// The directory `name` in `parent`, made or, with `content_if_there`, found.
Result<Inode> make_or_enter(WriteTransaction& transaction, Inode& parent, const std::string& name,
                            const std::string& shown, const NewInode& attributes, bool content_if_there) {
  FSDFS_ASSIGN(auto entry, transaction.entry(parent.id, name));
  if (entry) {
    if (!content_if_there) return already_exists("already exists: " + shown);
    FSDFS_ASSIGN(auto found, inode_of(transaction, *entry));
    if (found.type != FileType::kDirectory) return not_a_directory(shown);
    return found;
  }
  if (parent.links >= kLinksMax) {
    return failed_precondition(
        fmt::format("{} would be one directory too many: {} are the most that one can hold", shown,
                    kLinksMax - 2),
        Reason::kTooManyLinks);
  }
  Inode directory = newborn(transaction, parent, FileType::kDirectory, attributes);
  FSDFS_TRY(transaction.add_inode(directory));
  FSDFS_TRY(add_name(transaction, parent, name, directory));
  return directory;
}

}  // namespace

Inode newborn(WriteTransaction& transaction, const Inode& parent, FileType type, const NewInode& attributes) {
  Inode inode;
  inode.id = transaction.new_inode_id();
  inode.type = type;
  inode.mode = attributes.mode & kModeMask;
  inode.uid = attributes.uid;
  inode.gid = attributes.gid;
  inode.links = type == FileType::kDirectory ? 2 : 1;
  inode.accessed = inode.modified = inode.changed = transaction.now();
  inode.metadata_counter = 1;
  if (type == FileType::kDirectory) inode.parent = parent.id;
  if ((parent.mode & kSetGroupId) != 0) {
    inode.gid = parent.gid;
    if (type == FileType::kDirectory) inode.mode |= kSetGroupId;
  }
  return inode;
}

Result<Located> lookup(ReadView& view, const PathAt& place) {
  return resolve(view, place);
}

Result<DirectoryPage> read_directory(ReadView& view, const PathAt& place, uint64_t after, size_t limit) {
  FSDFS_ASSIGN(auto located, resolve(view, place));
  if (located.inode.type != FileType::kDirectory) return not_a_directory(located.shown);
  size_t page = limit == 0 ? kDirectoryPageMax : std::min(limit, kDirectoryPageMax);
  // One more than asked for tells whether this is the end.
  FSDFS_ASSIGN(auto children, view.children(located.inode.id, after, page + 1));
  bool end = children.size() <= page;
  if (!end) children.pop_back();
  return DirectoryPage{std::move(located.inode), std::move(children), end};
}

Result<Inode> make_directory(WriteTransaction& transaction, const PathAt& place, const NewInode& attributes,
                             bool parents) {
  if (!parents) {
    FSDFS_ASSIGN(auto slot, resolve_slot(transaction, place));
    return make_or_enter(transaction, slot.parent, slot.name, slot.shown, attributes, false);
  }
  FSDFS_ASSIGN(auto names, place_names(place));
  FSDFS_ASSIGN(auto start, resolve(transaction, PathAt{place.directory, {}}));
  Inode directory = std::move(start.inode);
  if (directory.type != FileType::kDirectory) return not_a_directory(start.shown);
  for (size_t i = 0; i < names.size(); ++i) {
    std::string shown = display(join_names(std::span(names).first(i + 1)));
    FSDFS_ASSIGN(auto next, make_or_enter(transaction, directory, names[i], shown, attributes, true));
    directory = std::move(next);
  }
  return directory;
}

Result<Inode> remove(WriteTransaction& transaction, const PathAt& place, RemoveKind kind, LastName last) {
  FSDFS_ASSIGN(auto slot, resolve_slot(transaction, place));
  if (!slot.entry) return no_such_path(slot.shown);
  FSDFS_ASSIGN(auto inode, inode_of(transaction, *slot.entry));
  bool is_directory = inode.type == FileType::kDirectory;
  if (is_directory && kind == RemoveKind::kFile) return is_a_directory(slot.shown);
  if (!is_directory && kind == RemoveKind::kDirectory) return not_a_directory(slot.shown);
  if (is_directory) {
    FSDFS_ASSIGN(bool occupied, transaction.has_children(inode.id));
    if (occupied) return failed_precondition("directory not empty: " + slot.shown, Reason::kNotEmpty);
  }
  FSDFS_TRY(remove_name(transaction, slot.parent, *slot.entry, inode));
  FSDFS_TRY(charge(transaction, taken_from(slot.parent.id, inode)));
  FSDFS_TRY(drop_link(transaction, *slot.entry, inode, last));
  return inode;
}

Result<Located> set_attributes(WriteTransaction& transaction, const PathAt& place,
                               const AttributeChange& change) {
  FSDFS_TRY(check_time(change.accessed));
  FSDFS_TRY(check_time(change.modified));
  if (change.mode && *change.mode > kModeMask) {
    return invalid_argument(fmt::format("mode {:o} has bits beyond 7777", *change.mode));
  }
  FSDFS_ASSIGN(auto located, resolve(transaction, place));
  Inode after = located.inode;
  after.mode = change.mode.value_or(after.mode);
  after.uid = change.uid.value_or(after.uid);
  after.gid = change.gid.value_or(after.gid);
  after.accessed = change.accessed.value_or(after.accessed);
  after.modified = change.modified.value_or(after.modified);
  after.changed = transaction.now();
  ++after.metadata_counter;
  FSDFS_TRY(transaction.update_inode(located.inode, after));
  located.inode = std::move(after);
  return located;
}

}  // namespace fsdfs::master
