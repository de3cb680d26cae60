// TransferMeter: what a node's transfers amount to, for the load figures. Thread-safe; in memory.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <mutex>
#include <vector>

#include "common/clock.h"

namespace fsdfs::node {

class TransferMeter {
 public:
  static constexpr size_t kSamplesMax = 1024;  // of latency, since they were last taken

  // Counts one more while it lives.
  class Presence {
   public:
    explicit Presence(std::atomic<uint32_t>& count) : count_(count) { count_.fetch_add(1); }
    ~Presence() { count_.fetch_sub(1); }
    Presence(const Presence&) = delete;
    Presence& operator=(const Presence&) = delete;

   private:
    std::atomic<uint32_t>& count_;
  };

  void received(uint64_t bytes) { bytes_in_.fetch_add(bytes, std::memory_order_relaxed); }
  void sent(uint64_t bytes) { bytes_out_.fetch_add(bytes, std::memory_order_relaxed); }
  uint64_t bytes_in() const { return bytes_in_.load(std::memory_order_relaxed); }
  uint64_t bytes_out() const { return bytes_out_.load(std::memory_order_relaxed); }

  std::atomic<uint32_t>& readers() { return readers_; }  // for Presence
  std::atomic<uint32_t>& copies() { return copies_; }

  // How long one client's read or write took here.
  void foreground(Duration latency) {
    foreground_count_.fetch_add(1, std::memory_order_relaxed);
    foreground_time_.fetch_add(static_cast<uint64_t>(latency.count()), std::memory_order_relaxed);
    std::lock_guard lock(mutex_);
    if (latencies_.size() < kSamplesMax) {
      latencies_.push_back(latency);
    } else {
      latencies_[next_++ % kSamplesMax] = latency;
    }
  }
  // Of all of them so far: for who wants the mean between two looks of its own.
  struct ForegroundTotals {
    uint64_t count = 0;
    uint64_t nanoseconds = 0;
  };
  ForegroundTotals foreground_totals() const {
    return {foreground_count_.load(std::memory_order_relaxed),
            foreground_time_.load(std::memory_order_relaxed)};
  }
  // The 95th percentile of those since the last call, in milliseconds; 0 when there were none.
  double take_foreground_ms() {
    std::vector<Duration> taken;
    {
      std::lock_guard lock(mutex_);
      taken.swap(latencies_);
      next_ = 0;
    }
    if (taken.empty()) return 0;
    auto at = taken.begin() + static_cast<std::ptrdiff_t>((taken.size() - 1) * 95 / 100);
    std::nth_element(taken.begin(), at, taken.end());
    return std::chrono::duration<double, std::milli>(*at).count();
  }

 private:
  std::atomic<uint64_t> bytes_in_{0};
  std::atomic<uint64_t> bytes_out_{0};
  std::atomic<uint64_t> foreground_count_{0};
  std::atomic<uint64_t> foreground_time_{0};  // nanoseconds
  std::atomic<uint32_t> readers_{0};
  std::atomic<uint32_t> copies_{0};
  std::mutex mutex_;
  std::vector<Duration> latencies_;  // guarded by mutex_
  size_t next_ = 0;                  // guarded by mutex_: the oldest, once there are kSamplesMax
};

}  // namespace fsdfs::node
