#include "node/transfer/idle_watch.h"

#include <gtest/gtest.h>

#include <atomic>

#include "tests/unit/node/node_fixture.h"

namespace fsdfs::node {
namespace {

using std::chrono::milliseconds;

TEST(IdleWatchTest, WhatStandsStillIsTold) {
  SystemClock clock;
  IdleWatch watch(clock);
  std::atomic<int> fired{0};
  auto watched = watch.watch(milliseconds(20), [&] { ++fired; });
  EXPECT_TRUE(eventually([&] { return fired >= 2; }));  // and again
  EXPECT_GE(watched->idle(), milliseconds(40));         // counted from the last touch
}

TEST(IdleWatchTest, WhatMovesIsLeftAlone) {
  SystemClock clock;
  IdleWatch watch(clock);
  std::atomic<int> fired{0};
  std::atomic<int> other{0};
  auto moving = watch.watch(std::chrono::seconds(2), [&] { ++fired; });
  auto still = watch.watch(milliseconds(10), [&] { ++other; });
  EXPECT_TRUE(eventually([&] {
    moving->touch();
    return other >= 5;
  }));
  EXPECT_EQ(fired, 0);
}

TEST(IdleWatchTest, NothingIsToldAfterTheEnd) {
  SystemClock clock;
  IdleWatch watch(clock);
  for (int round = 0; round < 200; ++round) {
    auto alive = std::make_unique<std::atomic<bool>>(true);
    auto watched = watch.watch(milliseconds(1), [&alive] { EXPECT_TRUE(alive->load()); });
    if (round % 2 == 0) {
      EXPECT_TRUE(eventually([&] { return watched->idle() > milliseconds(1); }));
    }
    watched.reset();
    alive->store(false);
  }
}

TEST(IdleWatchTest, ItMayEndItselfWhenTold) {
  SystemClock clock;
  IdleWatch watch(clock);
  std::atomic<bool> ended{false};
  std::unique_ptr<IdleWatch::Watched> watched;
  std::mutex mutex;
  std::unique_lock lock(mutex);
  watched = watch.watch(milliseconds(1), [&] {
    std::lock_guard inner(mutex);
    watched.reset();
    ended = true;
  });
  lock.unlock();
  EXPECT_TRUE(eventually([&] { return ended.load(); }));
}

}  // namespace
}  // namespace fsdfs::node
