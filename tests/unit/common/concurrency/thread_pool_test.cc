#include "common/concurrency/thread_pool.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pthread.h>

#include <atomic>
#include <future>

#include "tests/unit/common/concurrency/deadline.h"

namespace fsdfs {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

// A pool of one thread that is busy until `release` is called, so that what is submitted stays in the queue.
class BusyPool {
 public:
  explicit BusyPool(size_t queue_max) : pool("a-test-pool-with-a-long-name", 1, queue_max) {
    EXPECT_TRUE(pool.try_submit([this] {
                      running_.set_value();
                      released_.get_future().wait();
                    })
                    .ok());
    running_.get_future().wait();
  }
  void release() { released_.set_value(); }

 private:
  std::promise<void> running_;
  std::promise<void> released_;

 public:
  ThreadPool pool;
};

TEST(ThreadPool, RunsTasksOnItsThreads) {
  ThreadPool pool("a-test-pool-with-a-long-name", 3, 100);
  EXPECT_EQ(pool.threads(), 3u);
  std::promise<std::string> name;
  ASSERT_TRUE(pool.try_submit([&] {
                    char text[16];
                    pthread_getname_np(pthread_self(), text, sizeof text);
                    name.set_value(text);
                  })
                  .ok());
  EXPECT_EQ(name.get_future().get(), "a-test-pool-wit");
}

TEST(ThreadPool, AFullQueueIsSaid) {
  BusyPool busy(1);
  ASSERT_TRUE(busy.pool.try_submit([] {}).ok());
  Status status = busy.pool.try_submit([] {});
  EXPECT_EQ(status.code(), Code::kResourceExhausted);
  EXPECT_THAT(status.message(), HasSubstr("a-test-pool"));
  EXPECT_EQ(busy.pool.submit_until([] {}, in(1ms)).code(), Code::kDeadlineExceeded);
  EXPECT_EQ(busy.pool.queued(), 1u);
  busy.release();
  EXPECT_TRUE(busy.pool.submit_until([] {}, in(1h)).ok());
}

TEST(ThreadPool, DrainRunsWhatIsQueued) {
  BusyPool busy(100);
  std::atomic<int> ran = 0;
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(busy.pool.try_submit([&] { ++ran; }).ok());
  busy.release();
  busy.pool.stop(ThreadPool::OnStop::kDrain);
  EXPECT_EQ(ran, 50);
  EXPECT_EQ(busy.pool.try_submit([] {}).code(), Code::kUnavailable);
  busy.pool.stop(ThreadPool::OnStop::kDrain);
}

TEST(ThreadPool, DropDestroysWhatIsQueued) {
  BusyPool busy(100);
  std::atomic<int> ran = 0;
  auto held = std::make_shared<int>(0);
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(busy.pool.try_submit([&ran, held] { ++ran; }).ok());
  std::thread stopper([&] { busy.pool.stop(ThreadPool::OnStop::kDrop); });
  while (held.use_count() > 1)
    std::this_thread::yield();  // the queue is dropped before the running task ends
  busy.release();
  stopper.join();
  EXPECT_EQ(ran, 0);
}

TEST(ThreadPool, TasksMaySubmitTasks) {
  std::promise<void> done;
  ThreadPool pool("nested", 2, 10);
  ASSERT_TRUE(pool.try_submit([&] { ASSERT_TRUE(pool.try_submit([&] { done.set_value(); }).ok()); }).ok());
  EXPECT_EQ(done.get_future().wait_for(1min), std::future_status::ready);
}

}  // namespace
}  // namespace fsdfs
