// StopSignal: how a thread is asked to end, and how it waits so that it hears of it at once. Thread-safe.
// Stopping is final. For a wait on a condition of one's own, use stop_aware_wait with token().
#pragma once

#include <condition_variable>
#include <mutex>
#include <stop_token>

#include "common/clock.h"

namespace fsdfs {

class StopSignal {
 public:
  void request_stop() { source_.request_stop(); }
  bool stopped() const { return source_.stop_requested(); }
  // For std::stop_callback, and for waits on other conditions.
  std::stop_token token() const { return source_.get_token(); }

  // Wait until stopped or the time is up; true when stopped. The times are of the steady clock.
  bool wait_until(MonotonicTime deadline) const {
    std::unique_lock lock(mutex_);
    condition_.wait_until(lock, source_.get_token(), deadline, [] { return false; });
    return stopped();
  }
  bool wait_for(Duration duration) const { return wait_until(std::chrono::steady_clock::now() + duration); }

 private:
  std::stop_source source_;
  mutable std::mutex mutex_;  // guards nothing but the wait
  mutable std::condition_variable_any condition_;
};

// Waits on `condition` (with `lock` held, as ever) until `predicate` holds, the token is stopped or the
// deadline has passed. True when the predicate holds.
template <typename Predicate>
bool stop_aware_wait(std::condition_variable_any& condition, std::unique_lock<std::mutex>& lock,
                     const std::stop_token& token, MonotonicTime deadline, Predicate predicate) {
  return condition.wait_until(lock, token, deadline, std::move(predicate));
}

}  // namespace fsdfs
