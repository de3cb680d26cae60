// Strand: runs tasks one after another, in the order they were posted, on the threads of a pool, without
// holding a thread while there is nothing to do. So one stream's events never run at once, and a hundred
// streams need a few threads. Thread-safe. Shared: a task that runs keeps its strand.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <mutex>

#include "common/concurrency/thread_pool.h"

namespace fsdfs::node {

class Strand : public std::enable_shared_from_this<Strand> {
 public:
  explicit Strand(ThreadPool& pool) : pool_(pool) {}

  // Where the pool takes no more (it was stopped, or its queue is full), the task runs in the calling thread:
  // an event of a stream must never be lost.
  void post(std::function<void()> task) {
    auto self = shared_from_this();  // the task may end whatever holds this
    {
      std::lock_guard lock(mutex_);
      tasks_.push_back(std::move(task));
      if (running_) return;
      running_ = true;
    }
    if (!pool_.try_submit([self] { self->run(); }).ok()) run();
  }

 private:
  void run() {
    while (true) {
      std::function<void()> task;
      {
        std::lock_guard lock(mutex_);
        if (tasks_.empty()) {
          running_ = false;
          return;
        }
        task = std::move(tasks_.front());
        tasks_.pop_front();
      }
      task();
    }
  }

  ThreadPool& pool_;
  std::mutex mutex_;
  std::deque<std::function<void()>> tasks_;  // guarded by mutex_
  bool running_ = false;                     // guarded by mutex_: a thread is in run(), or will be
};

}  // namespace fsdfs::node
