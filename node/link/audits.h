// Audits: the master's questions what this node holds, until the sender of the stream answers them. Bounded:
// when it is full the oldest go, and who asked gives up. Thread-safe.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "fsdfs/registry.pb.h"
#include "node/link/wake.h"
#include "node/store/store.h"

namespace fsdfs::node {

class Audits {
 public:
  static constexpr size_t kWaitingMax = 64;
  static constexpr size_t kPage = 4096;

  void put(v1::AuditOrder order) {
    std::lock_guard lock(mutex_);
    waiting_.push_back(std::move(order));
    if (waiting_.size() > kWaitingMax) waiting_.pop_front();
  }
  // All that wait, oldest first.
  std::deque<v1::AuditOrder> take() {
    std::lock_guard lock(mutex_);
    return std::exchange(waiting_, {});
  }

 private:
  std::mutex mutex_;
  std::deque<v1::AuditOrder> waiting_;  // guarded by mutex_
};

// What the store says to one question.
Result<v1::AuditPage> answer_audit(ReplicaStore& store, const v1::AuditOrder& order);

}  // namespace fsdfs::node
