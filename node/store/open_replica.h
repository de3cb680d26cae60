// OpenReplica: a whole replica open for reading, with its sums in memory; and the few that are kept open.
//
// Thread safety: an OpenReplica is constant, its file may be read by many threads; OpenReplicaCache is
// thread-safe. A replica that is removed while it is open stays readable, whole, to those who hold it.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <span>
#include <unordered_map>

#include "common/io/disk.h"
#include "node/store/replica.h"

namespace fsdfs::node {

class OpenReplica {
 public:
  // `owner`: whoever opened it, to be told from others; not used otherwise.
  OpenReplica(std::unique_ptr<DiskFile> file, Description description, const void* owner)
      : file_(std::move(file)), description_(std::move(description)), owner_(owner) {}

  const void* owner() const { return owner_; }

  const Description& description() const { return description_; }
  const ReplicaId& id() const { return description_.replica; }
  uint64_t size() const { return description_.content.size; }

  // Fills `into` with whole blocks from `offset` (a multiple of the block size; the last one may end with the
  // file), each verified against its sum. kDataLoss: a block is bad, missing or unreadable. kOutOfRange: not
  // whole blocks.
  Status read(uint64_t offset, std::span<char> into) const;
  // As DiskFile says.
  void forget_cached(uint64_t offset, uint64_t length) const { file_->forget_cached(offset, length); }

 private:
  const std::unique_ptr<DiskFile> file_;
  const Description description_;
  const void* const owner_;
};

class OpenReplicaCache {
 public:
  OpenReplicaCache(size_t replicas_max, size_t sums_max) : replicas_max_(replicas_max), sums_max_(sums_max) {}

  std::shared_ptr<const OpenReplica> find(const ReplicaId& replica);  // null when it is not there
  // `generation` as it was before the replica was opened: one that was forgotten since is not kept.
  void keep(const std::shared_ptr<const OpenReplica>& replica, uint64_t generation);
  uint64_t generation() const;
  void forget(const ReplicaId& replica);

 private:
  void drop_last();

  const size_t replicas_max_;
  const size_t sums_max_;     // block sums in all
  mutable std::mutex mutex_;  // guards all below
  uint64_t generation_ = 0;   // grows with each forget()
  // Shared with those who read: they may hold it longer. The one used last comes first.
  std::list<std::shared_ptr<const OpenReplica>> order_;
  std::unordered_map<ReplicaId, std::list<std::shared_ptr<const OpenReplica>>::iterator> places_;
  size_t sums_ = 0;
};

}  // namespace fsdfs::node
