// VerifiedLog: when replicas were last read whole and found right, on its way to the master. Soft: when
// nobody takes it away the oldest go, and what was taken and lost is not sent again. Thread-safe.
#pragma once

#include <algorithm>
#include <deque>
#include <mutex>
#include <vector>

#include "common/clock.h"
#include "common/ids.h"

namespace fsdfs::node {

struct Verified {
  ReplicaId replica;
  WallTime at;
};

class VerifiedLog {
 public:
  static constexpr size_t kKept = 65536;

  void add(const Verified& verified) {
    std::lock_guard lock(mutex_);
    waiting_.push_back(verified);
    if (waiting_.size() > kKept) waiting_.pop_front();
  }
  // The oldest, at most `limit`.
  std::vector<Verified> take(size_t limit) {
    std::lock_guard lock(mutex_);
    auto end = waiting_.begin() + static_cast<std::ptrdiff_t>(std::min(limit, waiting_.size()));
    std::vector<Verified> taken(waiting_.begin(), end);
    waiting_.erase(waiting_.begin(), end);
    return taken;
  }

 private:
  std::mutex mutex_;
  std::deque<Verified> waiting_;  // guarded by mutex_
};

}  // namespace fsdfs::node
