// Clock: time comes in through constructors, so that tests and the simulator can turn it.
// Implementations are thread-safe.
#pragma once

#include <chrono>
#include <mutex>

namespace fsdfs {

using Duration = std::chrono::nanoseconds;
using MonotonicTime =
    std::chrono::time_point<std::chrono::steady_clock,
                            Duration>;  // never goes back; means nothing outside the process
using WallTime =
    std::chrono::time_point<std::chrono::system_clock, Duration>;  // may jump; only for people and file times

class Clock {
 public:
  virtual ~Clock() = default;
  virtual MonotonicTime now() const = 0;
  virtual WallTime wall() const = 0;
};

class SystemClock final : public Clock {
 public:
  MonotonicTime now() const override { return std::chrono::steady_clock::now(); }
  WallTime wall() const override { return std::chrono::system_clock::now(); }
};

// Stands still until told otherwise.
class ManualClock final : public Clock {
 public:
  MonotonicTime now() const override {
    std::lock_guard lock(mutex_);
    return now_;
  }
  WallTime wall() const override {
    std::lock_guard lock(mutex_);
    return wall_;
  }
  void advance(Duration by) {
    std::lock_guard lock(mutex_);
    now_ += by;
    wall_ += by;
  }

 private:
  mutable std::mutex mutex_;
  MonotonicTime now_{std::chrono::hours(1)};
  WallTime wall_{std::chrono::seconds(1'700'000'000)};
};

}  // namespace fsdfs
