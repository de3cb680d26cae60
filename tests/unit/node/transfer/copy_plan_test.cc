#include "node/transfer/copy_plan.h"

#include <gtest/gtest.h>

#include <numeric>
#include <random>

namespace fsdfs::node {
namespace {

constexpr uint64_t kBlock = kBlockSize;

Description owned(uint64_t size, BlockSums sums) {
  Description description;
  description.content.size = size;
  description.sums = std::move(sums);
  return description;
}

TEST(CopyPlan, WithoutAnotherVersionAllIsPulledInSegments) {
  CopyPlan plan = plan_copy(5 * kBlock + 7, {1, 2, 3, 4, 5, 6}, 0, nullptr, 2 * kBlock);
  ASSERT_EQ(plan.segments.size(), 3U);
  EXPECT_EQ(plan.segments[2].ranges, (std::vector<ByteRange>{{4 * kBlock, kBlock + 7}}));
  EXPECT_EQ(plan.pulled_bytes, 5 * kBlock + 7);
  EXPECT_EQ(plan.own_bytes, 0U);
}

TEST(CopyPlan, OnlyWhatDiffersAtItsPlaceIsPulled) {
  Description own = owned(5 * kBlock, {1, 2, 9, 4, 5});
  CopyPlan plan = plan_copy(6 * kBlock, {1, 2, 3, 4, 5, 6}, 0, &own, 8 * kBlock);
  ASSERT_EQ(plan.segments.size(), 1U);
  EXPECT_EQ(plan.segments[0].ranges, (std::vector<ByteRange>{{2 * kBlock, kBlock}, {5 * kBlock, kBlock}}));
  EXPECT_EQ(plan.pieces, (std::vector<CopyPlan::Piece>{{{0, 2 * kBlock}, {}},
                                                       {{2 * kBlock, kBlock}, 0},
                                                       {{3 * kBlock, 2 * kBlock}, {}},
                                                       {{5 * kBlock, kBlock}, 0}}));
  EXPECT_EQ(plan.own_bytes, 4 * kBlock);
  EXPECT_EQ(plan.pulled_bytes, 2 * kBlock);
}

TEST(CopyPlan, ALastBlockOfAnotherLengthIsAnotherBlock) {
  Description own = owned(kBlock + 5, {1, 2});
  CopyPlan plan = plan_copy(kBlock + 6, {1, 2}, 0, &own, 8 * kBlock);
  EXPECT_EQ(plan.own_bytes, kBlock);
  EXPECT_EQ(plan.pulled_bytes, 6U);
  EXPECT_EQ(plan_copy(kBlock + 5, {1, 2}, 0, &own, 8 * kBlock).pulled_bytes, 0U);
}

TEST(CopyPlan, WhatIsHereIsLeftOut) {
  EXPECT_TRUE(plan_copy(2 * kBlock, {1, 2}, 2 * kBlock, nullptr, kBlock).pieces.empty());
  CopyPlan plan = plan_copy(3 * kBlock, {1, 2, 3}, 2 * kBlock, nullptr, kBlock);
  EXPECT_EQ(plan.pieces, (std::vector<CopyPlan::Piece>{{{2 * kBlock, kBlock}, 0}}));
  EXPECT_TRUE(plan_copy(0, {}, 0, nullptr, kBlock).pieces.empty());
}

TEST(CopyPlan, RangesOfASegmentAreLimited) {
  BlockSums sums(4 * Segment::kRangesMax);
  std::iota(sums.begin(), sums.end(), 1);
  BlockSums other = sums;
  for (size_t at = 0; at < other.size(); at += 2) other[at] = 0;  // every other block differs
  Description own = owned(sums.size() * kBlock, other);
  CopyPlan plan = plan_copy(sums.size() * kBlock, sums, 0, &own, 1ULL << 40);
  ASSERT_EQ(plan.segments.size(), 2U);
  for (const Segment& segment : plan.segments) EXPECT_EQ(segment.ranges.size(), Segment::kRangesMax);
}

// Whatever the edits: the pieces are the missing bytes, in order, once; own ones are equal there.
TEST(CopyPlan, AnyTwoVersions) {
  for (unsigned seed = 0; seed < 300; ++seed) {
    std::mt19937 random(seed);
    uint64_t size = random() % (40 * kBlock);
    uint64_t old_size = random() % (40 * kBlock);
    BlockSums sums(block_count(size)), old_sums(block_count(old_size));
    for (uint64_t& sum : sums) sum = random() % 3;
    for (uint64_t& sum : old_sums) sum = random() % 3;
    Description own = owned(old_size, old_sums);
    uint64_t received = random() % (sums.size() + 1) * kBlock;
    received = std::min(received, size);
    uint64_t segment_bytes = (1 + random() % 8) * kBlock;
    CopyPlan plan = plan_copy(size, sums, received, &own, segment_bytes);
    uint64_t at = received, pulled = 0;
    std::vector<uint64_t> of_segments(plan.segments.size());
    for (const auto& piece : plan.pieces) {
      ASSERT_EQ(piece.range.offset, at) << "seed " << seed;
      at += piece.range.length;
      if (piece.segment) {
        pulled += piece.range.length;
        of_segments[*piece.segment] += piece.range.length;
        continue;
      }
      for (uint64_t block = piece.range.offset / kBlock; block * kBlock < at; ++block) {
        ASSERT_EQ(sums[block], old_sums[block]) << "seed " << seed;
      }
    }
    ASSERT_EQ(at, size) << "seed " << seed;
    ASSERT_EQ(pulled, plan.pulled_bytes);
    ASSERT_EQ(plan.own_bytes + pulled, size - received);
    for (size_t i = 0; i < of_segments.size(); ++i) {
      ASSERT_EQ(of_segments[i], plan.segments[i].bytes) << "seed " << seed;
      ASSERT_LE(of_segments[i], segment_bytes) << "seed " << seed;
    }
  }
}

}  // namespace
}  // namespace fsdfs::node
