#include "master/namespace/resolve.h"

#include <fmt/format.h>

#include <span>

#include "common/path.h"

namespace fsdfs::master {
namespace {

// How a path is shown in messages: below the root as it is, else with the directory it starts from.
std::string show(const PathAt& place, std::span<const std::string> names) {
  std::string path = display(join_names(names));
  if (place.directory.value == 0 || place.directory == kRootInode) return path;
  if (names.empty()) return fmt::format("inode {}", place.directory.value);
  return fmt::format("{} (below inode {})", path.substr(1), place.directory.value);
}

Result<Inode> starting_inode(ReadView& view, const PathAt& place) {
  InodeId id = place.directory.value == 0 ? kRootInode : place.directory;
  FSDFS_ASSIGN(auto inode, view.inode(id));
  if (!inode || inode->in_trash()) {
    return not_found(fmt::format("no such inode: {} (it was removed, or never was)", id.value));
  }
  return std::move(*inode);
}

}  // namespace

Status no_such_path(const std::string& shown) {
  return not_found("no such file or directory: " + shown);
}

Status not_a_directory(const std::string& shown) {
  return failed_precondition("not a directory: " + shown, Reason::kNotDirectory);
}

Status is_a_directory(const std::string& shown) {
  return failed_precondition("is a directory: " + shown, Reason::kIsDirectory);
}

Result<std::string> path_of(ReadView& view, InodeId parent, std::string_view name) {
  std::string path(name);
  while (parent != kRootInode) {
    FSDFS_ASSIGN(auto entry, view.name_of(parent));
    if (!entry) {
      return data_loss(fmt::format("directory {} has no name: run fsdfs fsck", parent.value), Reason::kNone);
    }
    path = entry->name + "/" + path;
    parent = entry->parent;
  }
  return "/" + path;
}

Result<std::string> path_of(ReadView& view, InodeId directory) {
  if (directory == kRootInode) return std::string("/");
  FSDFS_ASSIGN(auto entry, view.name_of(directory));
  if (!entry) return not_found(fmt::format("inode {} has no name", directory.value));
  return path_of(view, entry->parent, entry->name);
}

Result<std::vector<std::string>> place_names(const PathAt& place) {
  if (place.path.empty()) return std::vector<std::string>();
  return split_path(place.path.front() == '/' ? place.path : "/" + place.path);
}

Result<Inode> inode_of(ReadView& view, const Entry& entry) {
  FSDFS_ASSIGN(auto inode, view.inode(entry.inode));
  if (!inode) {
    return data_loss(
        fmt::format("the name '{}' in directory {} leads to inode {}, which is not there: run fsdfs fsck",
                    display(entry.name), entry.parent.value, entry.inode.value),
        Reason::kNone);
  }
  return std::move(*inode);
}

Result<Located> resolve(ReadView& view, const PathAt& place) {
  FSDFS_ASSIGN(auto names, place_names(place));
  FSDFS_ASSIGN(auto inode, starting_inode(view, place));
  Located located{std::move(inode), std::nullopt, show(place, names)};
  for (size_t i = 0; i < names.size(); ++i) {
    auto so_far = std::span(names).first(i);
    if (located.inode.type != FileType::kDirectory) return not_a_directory(show(place, so_far));
    FSDFS_ASSIGN(auto entry, view.entry(located.inode.id, names[i]));
    if (!entry) {
      Status missing = no_such_path(located.shown);
      if (i + 1 == names.size()) return missing;
      return not_found(
          fmt::format("{} ({} is missing)", missing.message(), show(place, std::span(names).first(i + 1))));
    }
    FSDFS_ASSIGN(located.inode, inode_of(view, *entry));
    located.entry = std::move(entry);
  }
  return located;
}

Result<NameSlot> resolve_slot(ReadView& view, const PathAt& place) {
  FSDFS_ASSIGN(auto names, place_names(place));
  std::string shown = show(place, names);
  if (names.empty()) {
    return invalid_argument(
        fmt::format("{} has no name of its own that could be made, replaced or removed", shown));
  }
  std::string last = std::move(names.back());
  names.pop_back();
  auto parent = resolve(view, PathAt{place.directory, join_names(names)});
  if (!parent.ok()) {
    if (parent.status().code() != Code::kNotFound) return parent.status();
    return not_found(fmt::format("{} (needed for {})", parent.status().message(), shown));
  }
  if (parent->inode.type != FileType::kDirectory) return not_a_directory(show(place, names));
  FSDFS_ASSIGN(auto entry, view.entry(parent->inode.id, last));
  return NameSlot{std::move(parent->inode), std::move(last), std::move(entry), std::move(shown)};
}

}  // namespace fsdfs::master
