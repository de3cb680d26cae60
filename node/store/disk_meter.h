// DiskMeter: how long the data disk takes, for the load figures. Thread-safe; in memory.
#pragma once

#include <atomic>
#include <cstdint>

#include "common/clock.h"

namespace fsdfs::node {

class DiskMeter {
 public:
  struct Figures {
    uint64_t operations = 0;
    uint64_t nanoseconds = 0;
  };

  // Measures from its construction to its destruction.
  class Timer {
   public:
    Timer(DiskMeter& meter, const Clock& clock) : meter_(meter), clock_(clock), begin_(clock.now()) {}
    ~Timer() {
      auto taken = (clock_.now() - begin_).count();
      meter_.operations_.fetch_add(1, std::memory_order_relaxed);
      meter_.nanoseconds_.fetch_add(static_cast<uint64_t>(taken), std::memory_order_relaxed);
    }
    Timer(const Timer&) = delete;
    Timer& operator=(const Timer&) = delete;

   private:
    DiskMeter& meter_;
    const Clock& clock_;
    const MonotonicTime begin_;
  };

  Figures total() const {
    return {operations_.load(std::memory_order_relaxed), nanoseconds_.load(std::memory_order_relaxed)};
  }

 private:
  std::atomic<uint64_t> operations_{0};
  std::atomic<uint64_t> nanoseconds_{0};
};

}  // namespace fsdfs::node
