#include "node/store/open_replica.h"

#include <algorithm>

#include "common/checksum.h"

namespace fsdfs::node {

Status OpenReplica::read(uint64_t offset, std::span<char> into) const {
  uint64_t end = offset + into.size();
  if (offset % kBlockSize != 0 || end > size() || (end % kBlockSize != 0 && end != size())) {
    return {Code::kOutOfRange, "bytes " + std::to_string(offset) + " to " + std::to_string(end) + " of " +
                                   id().to_string() + " are not whole blocks of its " +
                                   std::to_string(size()) + " bytes"};
  }
  FSDFS_ASSIGN(size_t count, file_->pread(into, offset));
  if (count != into.size()) {
    return data_loss("replica " + id().to_string() + " ends at byte " + std::to_string(offset + count) +
                     " of " + std::to_string(size()));
  }
  std::string_view rest(into.data(), into.size());
  for (uint64_t block = offset / kBlockSize; !rest.empty(); ++block) {
    size_t length = std::min(rest.size(), kBlockSize);
    if (block_sum(rest.substr(0, length)) != description_.sums[block]) {
      return verify_block(rest.substr(0, length), block, description_.sums[block],
                          "replica " + id().to_string());
    }
    rest.remove_prefix(length);
  }
  return {};
}

std::shared_ptr<const OpenReplica> OpenReplicaCache::find(const ReplicaId& replica) {
  std::lock_guard lock(mutex_);
  auto found = places_.find(replica);
  if (found == places_.end()) return nullptr;
  order_.splice(order_.begin(), order_, found->second);
  return order_.front();
}

uint64_t OpenReplicaCache::generation() const {
  std::lock_guard lock(mutex_);
  return generation_;
}

void OpenReplicaCache::keep(const std::shared_ptr<const OpenReplica>& replica, uint64_t generation) {
  std::lock_guard lock(mutex_);
  if (generation != generation_ || places_.contains(replica->id())) return;
  order_.push_front(replica);
  places_[replica->id()] = order_.begin();
  sums_ += replica->description().sums.size();
  while (order_.size() > replicas_max_ || (sums_ > sums_max_ && order_.size() > 1)) drop_last();
}

void OpenReplicaCache::drop_last() {
  sums_ -= order_.back()->description().sums.size();
  places_.erase(order_.back()->id());
  order_.pop_back();
}

void OpenReplicaCache::forget(const ReplicaId& replica) {
  std::lock_guard lock(mutex_);
  ++generation_;
  auto found = places_.find(replica);
  if (found == places_.end()) return;
  sums_ -= (*found->second)->description().sums.size();
  order_.erase(found->second);
  places_.erase(found);
}

}  // namespace fsdfs::node
