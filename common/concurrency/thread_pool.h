// ThreadPool: a fixed number of threads that run tasks from a bounded queue, oldest first. Thread-safe.
// A task must not throw (that ends the process), and must not stop or destroy its own pool.
#pragma once

#include <cstddef>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "common/clock.h"
#include "common/concurrency/bounded_queue.h"
#include "common/status.h"

namespace fsdfs {

class ThreadPool {
 public:
  using Task = std::function<void()>;
  enum class OnStop {
    kDrain,  // tasks in the queue still run
    kDrop,   // tasks in the queue are destroyed unrun; those that run already are waited for
  };

  // `name`: of the threads, as the system shows them (its first 15 bytes). `niceness`: as nice(2) counts it,
  // for work that is to make way for others; where the system refuses it the threads run as all do.
  ThreadPool(std::string name, size_t threads, size_t queue_max, int niceness = 0);
  ~ThreadPool();  // stop(kDrop)
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  // kResourceExhausted when the queue is full; kUnavailable when the pool was stopped.
  Status try_submit(Task task);
  // Waits for room: kDeadlineExceeded when there was none in time.
  Status submit_until(Task task, MonotonicTime deadline);

  // Takes no more tasks and returns when all threads have ended. Idempotent.
  void stop(OnStop what);

  size_t queued() const { return queue_.size(); }
  size_t threads() const { return thread_count_; }

 private:
  void work() noexcept;
  Status submitted(PushResult result, Code full) const;

  const std::string name_;
  const size_t thread_count_;
  const int niceness_;
  BoundedQueue<Task> queue_;
  std::mutex stop_mutex_;             // one stop() at a time
  std::vector<std::thread> threads_;  // guarded by stop_mutex_ after construction
};

}  // namespace fsdfs
