#include "master/policy/work_list.h"

#include <algorithm>

namespace fsdfs::master {

void WorkList::add(InodeId inode, bool automatic) {
  auto [found, fresh] = singles_.try_emplace(inode, automatic);
  if (!automatic) found->second = false;
  if (singles_.size() <= kSinglesMax) return;
  singles_.clear();
  add_all(files_);
}

void WorkList::add_tree(InodeId directory) {
  trees_.push_front({directory, 0});
  if (trees_.size() <= kTreesMax) return;
  trees_.clear();
  add_all(files_);
}

void WorkList::add_all(uint64_t files) {
  all_ = true;
  cursor_ = InodeId{};
  done_ = 0;
  files_ = files;
}

Result<WorkList::Batch> WorkList::take(ReadView& view, size_t limit) {
  Batch batch;
  // Half for what somebody waits for, half for the long way, so that neither keeps the other waiting.
  FSDFS_TRY(take_singles(view, std::max<size_t>(1, limit / 2), batch));
  size_t left = limit - std::min(limit, batch.files.size());
  if (left == 0) return batch;
  FSDFS_TRY(trees_.empty() ? take_all(view, left, batch) : take_tree(view, left, batch));
  return batch;
}

Status WorkList::take_singles(ReadView& view, size_t limit, Batch& batch) {
  while (!singles_.empty() && batch.files.size() < limit) {
    auto first = singles_.begin();
    FSDFS_ASSIGN(auto inode, view.inode(first->first));
    if (inode && inode->type == FileType::kDirectory) add_tree(inode->id);
    if (inode && inode->type == FileType::kRegular) batch.files.push_back({std::move(*inode), first->second});
    singles_.erase(first);
  }
  return {};
}

// Depth first, so that what is remembered stays small.
Status WorkList::take_tree(ReadView& view, size_t limit, Batch& batch) {
  Place place = trees_.back();
  FSDFS_ASSIGN(auto children, view.children(place.directory, place.after, limit));
  trees_.pop_back();
  if (children.size() == limit) trees_.push_back({place.directory, children.back().entry.cookie});
  for (Child& child : children) {
    if (child.inode.type == FileType::kDirectory) trees_.push_back({child.inode.id, 0});
    if (child.inode.type == FileType::kRegular) batch.files.push_back({std::move(child.inode), false});
  }
  if (trees_.size() > kTreesMax) {
    trees_.clear();
    add_all(files_);
  }
  return {};
}

Status WorkList::take_all(ReadView& view, size_t limit, Batch& batch) {
  if (!all_) return {};
  FSDFS_ASSIGN(auto inodes, view.inodes(cursor_, limit));
  all_ = inodes.size() == limit;
  if (inodes.empty()) return {};
  batch.after = cursor_;
  batch.last = cursor_ = inodes.back().id;
  for (Inode& inode : inodes) {
    if (inode.type != FileType::kRegular) continue;
    ++done_;
    batch.files.push_back({std::move(inode), false});
  }
  return {};
}

}  // namespace fsdfs::master
