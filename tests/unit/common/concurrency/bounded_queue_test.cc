#include "common/concurrency/bounded_queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <numeric>
#include <thread>
#include <vector>

#include "tests/unit/common/concurrency/deadline.h"

namespace fsdfs {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;

TEST(BoundedQueue, FirstInFirstOutUpToItsBound) {
  BoundedQueue<int> queue(2);
  EXPECT_EQ(queue.try_push(1), PushResult::kPushed);
  EXPECT_EQ(queue.try_push(2), PushResult::kPushed);
  EXPECT_EQ(queue.try_push(3), PushResult::kFull);
  EXPECT_EQ(queue.push_until(3, in(1ms)), PushResult::kFull);
  EXPECT_EQ(queue.size(), 2u);
  EXPECT_EQ(queue.pop(), 1);
  EXPECT_EQ(queue.pop_until(in(1h)), 2);
  EXPECT_EQ(queue.try_pop(), std::nullopt);
  EXPECT_EQ(queue.pop_until(in(1ms)), std::nullopt);
  EXPECT_FALSE(queue.closed());
}

TEST(BoundedQueue, WhatIsNotPushedIsNotMovedFrom) {
  BoundedQueue<std::unique_ptr<int>> queue(1);
  EXPECT_EQ(queue.try_push(std::make_unique<int>(1)), PushResult::kPushed);
  auto second = std::make_unique<int>(2);
  EXPECT_EQ(queue.try_push(std::move(second)), PushResult::kFull);
  ASSERT_NE(second, nullptr);  // NOLINT(bugprone-use-after-move): the promise under test
}

TEST(BoundedQueue, CloseLetsWhatIsInsideOut) {
  BoundedQueue<int> queue(4);
  (void)queue.try_push(1);
  queue.close();
  EXPECT_EQ(queue.try_push(2), PushResult::kClosed);
  EXPECT_EQ(queue.pop(), 1);
  EXPECT_EQ(queue.pop(), std::nullopt);

  BoundedQueue<int> dropped(4);
  (void)dropped.try_push(1);
  (void)dropped.try_push(2);
  EXPECT_THAT(dropped.close_and_take(), ElementsAre(1, 2));
  EXPECT_EQ(dropped.pop(), std::nullopt);
}

TEST(BoundedQueue, CloseWakesThoseThatWait) {
  BoundedQueue<int> empty(1);
  BoundedQueue<int> full(1);
  (void)full.try_push(0);
  std::thread consumer([&] { EXPECT_EQ(empty.pop(), std::nullopt); });
  std::thread producer([&] { EXPECT_EQ(full.push_until(1, in(1h)), PushResult::kClosed); });
  empty.close();
  full.close();
  consumer.join();
  producer.join();
}

TEST(BoundedQueue, ManyProducersAndConsumersLoseNothing) {
  constexpr int kThreads = 4;
  constexpr int kItems = 2000;
  BoundedQueue<int> queue(7);
  std::atomic<int64_t> sum = 0;
  std::atomic<int> count = 0;
  std::vector<std::thread> consumers;
  for (int i = 0; i < kThreads; ++i) {
    consumers.emplace_back([&] {
      while (auto item = queue.pop()) {
        sum += *item;
        ++count;
      }
    });
  }
  std::vector<std::thread> producers;
  for (int i = 0; i < kThreads; ++i) {
    producers.emplace_back([&] {
      for (int item = 1; item <= kItems; ++item) {
        ASSERT_EQ(queue.push_until(int(item), in(1h)), PushResult::kPushed);
      }
    });
  }
  for (auto& thread : producers) thread.join();
  queue.close();
  for (auto& thread : consumers) thread.join();
  EXPECT_EQ(count, kThreads * kItems);
  EXPECT_EQ(sum, int64_t{kThreads} * kItems * (kItems + 1) / 2);
}

}  // namespace
}  // namespace fsdfs
