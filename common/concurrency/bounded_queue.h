// BoundedQueue: first in, first out between any number of producers and consumers, with a bound (invariant
// 8). Thread-safe. After close() nothing more goes in; what is inside can still be taken out.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <utility>

#include "common/clock.h"

namespace fsdfs {

enum class PushResult { kPushed, kFull, kClosed };

template <typename T>
class BoundedQueue {
 public:
  explicit BoundedQueue(size_t capacity) : capacity_(capacity) {}
  BoundedQueue(const BoundedQueue&) = delete;
  BoundedQueue& operator=(const BoundedQueue&) = delete;

  // `item` is moved from only when pushed.
  PushResult try_push(T&& item) {
    std::unique_lock lock(mutex_);
    return push_locked(lock, std::move(item));
  }
  // Waits for room until the deadline (kFull).
  PushResult push_until(T&& item, MonotonicTime deadline) {
    std::unique_lock lock(mutex_);
    room_.wait_until(lock, deadline, [&] { return closed_ || items_.size() < capacity_; });
    return push_locked(lock, std::move(item));
  }

  // The oldest item; nullopt when the deadline passed, or when the queue is closed and empty.
  std::optional<T> pop_until(MonotonicTime deadline) {
    std::unique_lock lock(mutex_);
    filled_.wait_until(lock, deadline, [&] { return closed_ || !items_.empty(); });
    return pop_locked(lock);
  }
  // Waits as long as it takes; nullopt only when closed and empty.
  std::optional<T> pop() {
    std::unique_lock lock(mutex_);
    filled_.wait(lock, [&] { return closed_ || !items_.empty(); });
    return pop_locked(lock);
  }
  std::optional<T> try_pop() {
    std::unique_lock lock(mutex_);
    return pop_locked(lock);
  }

  // Wakes everybody. Idempotent.
  void close() {
    {
      std::lock_guard lock(mutex_);
      closed_ = true;
    }
    room_.notify_all();
    filled_.notify_all();
  }
  // Closes, and returns what was inside, oldest first.
  std::deque<T> close_and_take() {
    close();
    std::lock_guard lock(mutex_);
    return std::exchange(items_, {});
  }

  bool closed() const {
    std::lock_guard lock(mutex_);
    return closed_;
  }
  size_t size() const {
    std::lock_guard lock(mutex_);
    return items_.size();
  }
  size_t capacity() const { return capacity_; }

 private:
  PushResult push_locked(std::unique_lock<std::mutex>& lock, T&& item) {
    if (closed_) return PushResult::kClosed;
    if (items_.size() >= capacity_) return PushResult::kFull;
    items_.push_back(std::move(item));
    lock.unlock();
    filled_.notify_one();
    return PushResult::kPushed;
  }
  std::optional<T> pop_locked(std::unique_lock<std::mutex>& lock) {
    if (items_.empty()) return std::nullopt;
    std::optional<T> item(std::move(items_.front()));
    items_.pop_front();
    lock.unlock();
    room_.notify_one();
    return item;
  }

  const size_t capacity_;
  mutable std::mutex mutex_;
  std::condition_variable room_;    // an item left, or closed
  std::condition_variable filled_;  // an item came, or closed
  std::deque<T> items_;             // guarded by mutex_; at most capacity_
  bool closed_ = false;             // guarded by mutex_
};

}  // namespace fsdfs
