// Awaited: a value that another thread gives, or never gives, and one thread waits for. Thread-safe; shared
// by both, since either may be gone first.
#pragma once

#include <condition_variable>
#include <mutex>
#include <optional>
#include <utility>

#include "common/clock.h"

namespace fsdfs::master {

template <typename Value>
class Awaited {
 public:
  void set(Value value) {
    {
      std::lock_guard lock(mutex_);
      value_ = std::move(value);
    }
    filled_.notify_all();
  }
  // None: it was not given in time.
  std::optional<Value> take(Duration at_most) {
    std::unique_lock lock(mutex_);
    filled_.wait_for(lock, at_most, [&] { return value_.has_value(); });
    return std::exchange(value_, std::nullopt);
  }

 private:
  std::mutex mutex_;
  std::condition_variable filled_;
  std::optional<Value> value_;  // guarded by mutex_
};

}  // namespace fsdfs::master
