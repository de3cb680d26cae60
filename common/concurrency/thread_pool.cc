#include "common/concurrency/thread_pool.h"

#include <pthread.h>
#include <unistd.h>

#include <utility>

namespace fsdfs {

ThreadPool::ThreadPool(std::string name, size_t threads, size_t queue_max, int niceness)
    : name_(std::move(name)), thread_count_(threads), niceness_(niceness), queue_(queue_max) {
  threads_.reserve(threads);
  for (size_t i = 0; i < threads; ++i) threads_.emplace_back([this] { work(); });
}

ThreadPool::~ThreadPool() {
  stop(OnStop::kDrop);
}

Status ThreadPool::try_submit(Task task) {
  return submitted(queue_.try_push(std::move(task)), Code::kResourceExhausted);
}

Status ThreadPool::submit_until(Task task, MonotonicTime deadline) {
  return submitted(queue_.push_until(std::move(task), deadline), Code::kDeadlineExceeded);
}

Status ThreadPool::submitted(PushResult result, Code full) const {
  switch (result) {
    case PushResult::kPushed:
      return Status();
    case PushResult::kFull:
      return {full, "the queue of " + name_ + " is full (" + std::to_string(queue_.capacity()) + " tasks)"};
    case PushResult::kClosed:
      break;
  }
  return unavailable(name_ + " was stopped");
}

void ThreadPool::stop(OnStop what) {
  std::lock_guard lock(stop_mutex_);
  if (what == OnStop::kDrop) {
    queue_.close_and_take();
  } else {
    queue_.close();
  }
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

void ThreadPool::work() noexcept {
  pthread_setname_np(pthread_self(), name_.substr(0, 15).c_str());
  if (niceness_ != 0) (void)!::nice(niceness_);  // Linux: of this thread alone
  while (auto task = queue_.pop()) (*task)();
}

}  // namespace fsdfs
