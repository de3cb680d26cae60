#include "master/namespace/inode_path.h"

#include "common/path.h"

namespace fsdfs::master {
namespace {

// A path has no more names than this; whoever climbs higher runs in a circle.
constexpr int kDepthMax = static_cast<int>(kPathBytesMax) / 2 + 1;

}  // namespace

Result<std::string> InodePaths::path(InodeId inode) {
  if (inode == kRootInode) return std::string("/");
  FSDFS_ASSIGN(auto entry, view_.name_of(inode));
  if (!entry) return std::string();
  FSDFS_ASSIGN(std::string parent, directory(entry->parent, 0));
  return parent.empty() ? parent : join_path(parent, entry->name);
}

Result<std::string> InodePaths::directory(InodeId inode, int depth) {
  if (inode == kRootInode) return std::string("/");
  if (auto known = directories_.find(inode); known != directories_.end()) return known->second;
  if (depth > kDepthMax) return std::string();
  FSDFS_ASSIGN(auto entry, view_.name_of(inode));
  std::string path;
  if (entry) {
    FSDFS_ASSIGN(std::string parent, directory(entry->parent, depth + 1));
    if (!parent.empty()) path = join_path(parent, entry->name);
  }
  directories_[inode] = path;
  return path;
}

}  // namespace fsdfs::master
