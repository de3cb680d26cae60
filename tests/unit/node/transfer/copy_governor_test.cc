#include "node/transfer/copy_governor.h"

#include <gtest/gtest.h>

namespace fsdfs::node {
namespace {

using namespace std::chrono_literals;

// Bytes that a copy gets in chunks of `chunk` while clients get `served` bytes in chunks of the same size,
// each second.
uint64_t copied_beside(uint64_t served, uint64_t chunk, int seconds) {
  ManualClock clock;
  CopyGovernor governor(clock);
  uint64_t copied = 0;
  for (int step = 0; step < seconds * 100; ++step) {
    for (uint64_t bytes = 0; bytes < served / 100; bytes += chunk) governor.served(chunk);
    while (governor.may_go_on() && copied < kGiB) {
      governor.copied(chunk);
      copied += chunk;
    }
    clock.advance(10ms);
  }
  return copied;
}

TEST(CopyGovernor, WithoutClientsNothingWaits) {
  EXPECT_GE(copied_beside(0, 512 * kKiB, 1), kGiB);
}

TEST(CopyGovernor, BesideClientsCopiesGetTheirShare) {
  uint64_t copied = copied_beside(100 * kMiB, 512 * kKiB, 10);
  EXPECT_GT(copied, 300 * kMiB);
  EXPECT_LT(copied, 400 * kMiB);
}

TEST(CopyGovernor, BesideOneSlowClientTheyGetTheFloor) {
  ManualClock clock;
  CopyGovernor governor(clock);
  uint64_t copied = 0;
  for (int step = 0; step < 1000; ++step) {
    if (step % 50 == 0) governor.served(1);
    while (governor.may_go_on()) {
      governor.copied(512 * kKiB);
      copied += 512 * kKiB;
    }
    clock.advance(10ms);
  }
  EXPECT_GT(copied, 10 * CopyGovernor::kFloor);
  EXPECT_LT(copied, 12 * CopyGovernor::kFloor);
}

TEST(CopyGovernor, SmallChunksCountByTheChunk) {
  EXPECT_LT(copied_beside(kMiB, 4 * kKiB, 10), 10 * kMiB);
}

TEST(CopyGovernor, WhenClientsHaveGoneNothingWaitsAnyMore) {
  ManualClock clock;
  CopyGovernor governor(clock);
  governor.served(kMiB);
  governor.copied(100 * kMiB);
  EXPECT_FALSE(governor.may_go_on());
  clock.advance(CopyGovernor::kIdle / 2);
  EXPECT_FALSE(governor.may_go_on());
  clock.advance(CopyGovernor::kIdle);
  EXPECT_TRUE(governor.may_go_on());
}

}  // namespace
}  // namespace fsdfs::node
