// Outbox: order failures on their way to the master. Bounded: when it is full the oldest go, because a master
// that hears nothing of an order asks again. Thread-safe.
#pragma once

#include <deque>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "node/link/wake.h"
#include "node/transfer/copy_order.h"

namespace fsdfs::node {

class Outbox {
 public:
  static constexpr size_t kFailuresMax = 65536;

  explicit Outbox(std::shared_ptr<Wake> wake) : wake_(std::move(wake)) {}

  void put(OrderFailure failure) {
    {
      std::lock_guard lock(mutex_);
      failures_.push_back(std::move(failure));
      if (failures_.size() > kFailuresMax) failures_.pop_front();
    }
    wake_->signal();
  }
  // All that wait, oldest first.
  std::deque<OrderFailure> take() {
    std::lock_guard lock(mutex_);
    return std::exchange(failures_, {});
  }

 private:
  const std::shared_ptr<Wake> wake_;  // shared with the change log's listener
  std::mutex mutex_;
  std::deque<OrderFailure> failures_;  // guarded by mutex_
};

}  // namespace fsdfs::node
