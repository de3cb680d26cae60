#include "master/scheduler/copy_jobs.h"

#include <algorithm>

namespace fsdfs::master {

CopyJob& CopyJobs::add(const CopyJob& job) {
  uint64_t id = next_id_++;
  CopyJob& added = jobs_.emplace_hint(jobs_.end(), id, job)->second;
  added.id = id;
  by_inode_[job.inode].push_back(id);
  return added;
}

CopyJob* CopyJobs::find(uint64_t id) {
  auto it = jobs_.find(id);
  return it == jobs_.end() ? nullptr : &it->second;
}

const CopyJob* CopyJobs::find(uint64_t id) const {
  auto it = jobs_.find(id);
  return it == jobs_.end() ? nullptr : &it->second;
}

void CopyJobs::erase(uint64_t id) {
  auto it = jobs_.find(id);
  if (it == jobs_.end()) return;
  auto of_inode = by_inode_.find(it->second.inode);
  std::erase(of_inode->second, id);
  if (of_inode->second.empty()) by_inode_.erase(of_inode);
  jobs_.erase(it);
}

const std::vector<uint64_t>* CopyJobs::of_inode(uint64_t inode) const {
  auto it = by_inode_.find(inode);
  return it == by_inode_.end() ? nullptr : &it->second;
}

size_t CopyJobs::resident_bytes() const {
  return jobs_.size() * (sizeof(CopyJob) + 48) + by_inode_.size() * 80;
}

}  // namespace fsdfs::master
