#include "master/scheduler/leftovers.h"

#include <algorithm>

namespace fsdfs::master {

Leftovers::List* Leftovers::find(uint64_t inode) {
  auto it = lists_.find(inode);
  return it == lists_.end() ? nullptr : &it->second;
}

const Leftovers::List* Leftovers::find(uint64_t inode) const {
  auto it = lists_.find(inode);
  return it == lists_.end() ? nullptr : &it->second;
}

Leftover* Leftovers::find(uint64_t inode, uint64_t version, NodeIndex node) {
  List* list = find(inode);
  if (list == nullptr) return nullptr;
  auto it = std::find_if(list->begin(), list->end(), [&](const Leftover& leftover) {
    return leftover.version == version && leftover.node == node;
  });
  return it == list->end() ? nullptr : &*it;
}

void Leftovers::add(uint64_t inode, const Leftover& leftover) {
  lists_[inode].push_back(leftover);
  ++size_;
}

bool Leftovers::erase(uint64_t inode, uint64_t version, NodeIndex node) {
  auto it = lists_.find(inode);
  if (it == lists_.end()) return false;
  size_ -= std::erase_if(it->second, [&](const Leftover& leftover) {
    return leftover.version == version && leftover.node == node;
  });
  if (!it->second.empty()) return false;
  lists_.erase(it);
  return true;
}

std::vector<uint64_t> Leftovers::inodes() const {
  std::vector<uint64_t> inodes;
  inodes.reserve(lists_.size());
  for (const auto& [inode, list] : lists_) inodes.push_back(inode);
  std::sort(inodes.begin(), inodes.end());
  return inodes;
}

size_t Leftovers::resident_bytes() const {
  return lists_.bucket_count() * sizeof(void*) + lists_.size() * (sizeof(List) + 32) +
         size_ * sizeof(Leftover);
}

}  // namespace fsdfs::master
