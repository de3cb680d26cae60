// Wake: one thread waits, others tell it that there is something to do. Thread-safe.
#pragma once

#include <condition_variable>
#include <mutex>

#include "common/clock.h"

namespace fsdfs::node {

class Wake {
 public:
  void signal() {
    {
      std::lock_guard lock(mutex_);
      signalled_ = true;
    }
    condition_.notify_all();
  }
  // True when there was a signal since the last call that returned true. The time is the steady clock's.
  bool wait_until(MonotonicTime deadline) {
    std::unique_lock lock(mutex_);
    bool woken = condition_.wait_until(lock, deadline, [&] { return signalled_; });
    signalled_ = false;
    return woken;
  }

 private:
  std::mutex mutex_;
  std::condition_variable condition_;
  bool signalled_ = false;  // guarded by mutex_
};

}  // namespace fsdfs::node
