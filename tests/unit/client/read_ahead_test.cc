#include "client/read_ahead.h"

#include <gtest/gtest.h>

#include <random>

#include "common/checksum.h"

namespace fsdfs::client {
namespace {

constexpr uint64_t kKi = 1024;
constexpr uint64_t kMi = 1024 * kKi;

TEST(BlockRange, IsTheWholeBlocksAroundTheBytesCutAtTheEnd) {
  EXPECT_EQ(block_range(0, 1, 10), (BlockRange{0, 10}));
  EXPECT_EQ(block_range(70000, 10, 1'000'000), (BlockRange{65536, 131072}));
  EXPECT_EQ(block_range(65536, 65536, 1'000'000), (BlockRange{65536, 131072}));
  EXPECT_EQ(block_range(65535, 2, 1'000'000), (BlockRange{0, 131072}));
  EXPECT_EQ(block_range(999'999, 100, 1'000'000), (BlockRange{983040, 1'000'000}));
  EXPECT_EQ(block_range(2'000'000, 5, 1'000'000).length(), block_range(1'000'000, 0, 1'000'000).length());
}

TEST(ReadAhead, FetchesASmallFileAsOneRangeWhereverTheReadIs) {
  ReadAhead ahead(300 * kKi);
  auto plan = ahead.on_read(100 * kKi, 10);
  EXPECT_TRUE(plan.in_run);
  ASSERT_EQ(plan.fetch.size(), 1u);
  EXPECT_EQ(plan.fetch[0], (BlockRange{0, 300 * kKi}));
}

TEST(ReadAhead, FetchesLittleForAFirstReadAndNothingAheadOfIt) {
  ReadAhead ahead(100 * kMi);
  auto plan = ahead.on_read(0, 4 * kKi);
  EXPECT_TRUE(plan.in_run);
  ASSERT_EQ(plan.fetch.size(), 1u);
  EXPECT_EQ(plan.fetch[0], (BlockRange{0, 256 * kKi}));
}

TEST(ReadAhead, GivesARandomReadItsOwnBlocksOnly) {
  ReadAhead ahead(100 * kMi);
  auto plan = ahead.on_read(50 * kMi + 5, 10);
  EXPECT_FALSE(plan.in_run);
  ASSERT_EQ(plan.fetch.size(), 1u);
  EXPECT_EQ(plan.fetch[0], (BlockRange{50 * kMi, 50 * kMi + 64 * kKi}));
}

TEST(ReadAhead, TakesASecondReadWhereTheFirstEndedForARun) {
  ReadAhead ahead(100 * kMi);
  EXPECT_FALSE(ahead.on_read(50 * kMi, 128 * kKi).in_run);
  EXPECT_TRUE(ahead.on_read(50 * kMi + 128 * kKi, 128 * kKi).in_run);
}

TEST(ReadAhead, LeavesTheRunAloneWhenOtherReadsComeBetween) {
  ReadAhead ahead(100 * kMi);
  ASSERT_TRUE(ahead.on_read(0, 128 * kKi).in_run);
  EXPECT_FALSE(ahead.on_read(70 * kMi, 128 * kKi).in_run);
  EXPECT_TRUE(ahead.on_read(128 * kKi, 128 * kKi).in_run);
}

TEST(ReadAhead, TakesReadsOfARunThatCameInTheWrongOrder) {
  ReadAhead ahead(100 * kMi);
  ASSERT_TRUE(ahead.on_read(0, 128 * kKi).in_run);
  EXPECT_TRUE(ahead.on_read(256 * kKi, 128 * kKi).in_run);
  EXPECT_TRUE(ahead.on_read(128 * kKi, 128 * kKi).in_run);
}

// Whatever the sizes of the reads: a run's ranges have no gaps and no overlaps, the range of each read is
// there in time, and what waits ahead of the reader is bounded.
TEST(ReadAhead, RunsHaveNoGapsAndABoundedWindow) {
  auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  for (int round = 0; round < 50; ++round) {
    uint64_t size = std::uniform_int_distribution<uint64_t>(1, 64 * kMi)(random);
    ReadAhead ahead(size);
    uint64_t window = 0;
    uint64_t longest = 0;
    for (uint64_t offset = 0; offset < size;) {
      uint64_t length =
          std::min<uint64_t>(size - offset, std::uniform_int_distribution<uint64_t>(1, 2 * kMi)(random));
      auto plan = ahead.on_read(offset, length);
      ASSERT_TRUE(plan.in_run);
      for (const BlockRange& range : plan.fetch) {
        ASSERT_EQ(range.begin, window);
        ASSERT_GT(range.end, range.begin);
        ASSERT_TRUE(range.end % kBlockSize == 0 || range.end == size);
        window = range.end;
        longest = std::max(longest, range.length());
      }
      offset += length;
      ASSERT_GE(window, offset);
      ASSERT_LE(window - offset, 2 * ReadAhead::kRangeMax);
      bool begins = offset == length;
      ASSERT_TRUE(begins ||
                  plan.drop_before + ReadAhead::kDisorder <= std::max(offset, ReadAhead::kDisorder));
    }
    ASSERT_EQ(window, size);
    ASSERT_LE(longest, ReadAhead::kRangeMax);
  }
}

TEST(ReadAhead, GrowsItsRangesToTheLargest) {
  ReadAhead ahead(100 * kMi);
  uint64_t longest = 0;
  for (uint64_t offset = 0; offset < 50 * kMi; offset += 128 * kKi) {
    for (const BlockRange& range : ahead.on_read(offset, 128 * kKi).fetch) {
      longest = std::max(longest, range.length());
    }
  }
  EXPECT_EQ(longest, ReadAhead::kRangeMax);
}

}  // namespace
}  // namespace fsdfs::client
