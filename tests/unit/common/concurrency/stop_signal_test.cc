#include "common/concurrency/stop_signal.h"

#include <gtest/gtest.h>

#include <thread>

namespace fsdfs {
namespace {

using namespace std::chrono_literals;

TEST(StopSignal, AWaitEndsWithItsTime) {
  StopSignal signal;
  EXPECT_FALSE(signal.wait_for(1ms));
  EXPECT_FALSE(signal.wait_for(-1s));
  EXPECT_FALSE(signal.stopped());
}

TEST(StopSignal, AStopEndsEveryWait) {
  StopSignal signal;
  std::thread first([&] { EXPECT_TRUE(signal.wait_for(1h)); });
  std::thread second([&] { EXPECT_TRUE(signal.wait_until(std::chrono::steady_clock::now() + 1h)); });
  signal.request_stop();
  first.join();
  second.join();
  EXPECT_TRUE(signal.stopped());
  EXPECT_TRUE(signal.wait_for(1h));
}

TEST(StopSignal, AWaitOnAConditionHearsOfTheStopToo) {
  StopSignal signal;
  std::mutex mutex;
  std::condition_variable_any condition;
  bool ready = false;
  auto deadline = std::chrono::steady_clock::now() + 1h;
  std::thread stopped([&] {
    std::unique_lock lock(mutex);
    EXPECT_FALSE(stop_aware_wait(condition, lock, signal.token(), deadline, [] { return false; }));
  });
  std::thread woken([&] {
    std::unique_lock lock(mutex);
    EXPECT_TRUE(stop_aware_wait(condition, lock, std::stop_token(), deadline, [&] { return ready; }));
  });
  {
    std::lock_guard lock(mutex);
    ready = true;
  }
  condition.notify_all();
  signal.request_stop();
  stopped.join();
  woken.join();
}

}  // namespace
}  // namespace fsdfs
