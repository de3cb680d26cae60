// Claims: one thread at a time decides about one replica (placing, removing, quarantining it), while others
// go on with other replicas. Not a mutex, because it is held while disks sync: whoever waits, waits for that
// one replica. And, per replica, the arrivals under way, so that a deletion reaches those that have not
// ended. Thread-safe.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <unordered_set>
#include <utility>

#include "common/ids.h"

namespace fsdfs::node {

class Claims {
 public:
  class Claim {
   public:
    Claim(Claim&& other) noexcept : owner_(std::exchange(other.owner_, nullptr)), replica_(other.replica_) {}
    Claim& operator=(Claim&&) = delete;
    ~Claim() {
      if (owner_ != nullptr) owner_->give_back(replica_);
    }

   private:
    friend class Claims;
    Claim(Claims& owner, const ReplicaId& replica) : owner_(&owner), replica_(replica) {}
    Claims* owner_;
    ReplicaId replica_;
  };

  // Waits until nobody else has it. Whoever takes several takes them in ascending order.
  Claim take(const ReplicaId& replica) {
    std::unique_lock lock(mutex_);
    freed_.wait(lock, [&] { return !taken_.contains(replica); });
    taken_.insert(replica);
    return {*this, replica};
  }

 private:
  void give_back(const ReplicaId& replica) {
    {
      std::lock_guard lock(mutex_);
      taken_.erase(replica);
    }
    freed_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable freed_;
  std::unordered_set<ReplicaId> taken_;  // guarded by mutex_
};

// Set once a deletion has overtaken an arrival; shared by the arrival and the register.
using Doom = std::shared_ptr<std::atomic<bool>>;

class ArrivalRegister {
 public:
  static constexpr size_t kDeletedMax = 1 << 16;

  Doom enter(const ReplicaId& replica) {
    auto doom = std::make_shared<std::atomic<bool>>(false);
    std::lock_guard lock(mutex_);
    arriving_.emplace(replica, doom);
    return doom;
  }
  void leave(const ReplicaId& replica, const Doom& doom) {
    std::lock_guard lock(mutex_);
    auto [begin, end] = arriving_.equal_range(replica);
    for (auto it = begin; it != end; ++it) {
      if (it->second == doom) {
        arriving_.erase(it);
        return;
      }
    }
  }
  // The replica's deletion is ordered: what is under way must not end in its place.
  void doom(const ReplicaId& replica) {
    std::lock_guard lock(mutex_);
    auto [begin, end] = arriving_.equal_range(replica);
    for (auto it = begin; it != end; ++it) it->second->store(true);
    if (!deleted_.insert(replica).second) return;
    deleted_order_.push_back(replica);
    if (deleted_order_.size() > kDeletedMax) {
      deleted_.erase(deleted_order_.front());
      deleted_order_.pop_front();
    }
  }
  // Whether its deletion was ordered lately: a session that still wants to write it has ended.
  bool was_deleted(const ReplicaId& replica) const {
    std::lock_guard lock(mutex_);
    return deleted_.contains(replica);
  }
  size_t arriving() const {
    std::lock_guard lock(mutex_);
    return arriving_.size();
  }

 private:
  mutable std::mutex mutex_;  // guards all below
  std::multimap<ReplicaId, Doom> arriving_;
  std::unordered_set<ReplicaId> deleted_;
  std::deque<ReplicaId> deleted_order_;  // the members of deleted_, oldest first
};

}  // namespace fsdfs::node
