#include "node/transfer/segment_board.h"

#include <gtest/gtest.h>

namespace fsdfs::node {
namespace {

using Row = std::vector<size_t>;

MonotonicTime moment(int number) {
  return MonotonicTime() + std::chrono::seconds(number);
}

TEST(SegmentBoard, EachIsGivenToOneInOrderWithinTheWindow) {
  SegmentBoard board(5, 3);
  EXPECT_EQ(board.claim(0, false, moment(0)), Row{0});
  EXPECT_EQ(board.claim(1, false, moment(0)), Row{1});
  EXPECT_EQ(board.claim(0, false, moment(0)), Row{2});
  EXPECT_EQ(board.claim(1, false, moment(0)), Row{});  // the window is full
  EXPECT_TRUE(board.arrived(1));
  EXPECT_EQ(board.claim(1, false, moment(0)), Row{});
  EXPECT_TRUE(board.arrived(0));
  board.passed(0);
  EXPECT_EQ(board.claim(1, false, moment(0)), Row{3});
}

TEST(SegmentBoard, WhatASourceDidNotBringIsForOthers) {
  SegmentBoard board(2, 4);
  EXPECT_EQ(board.claim(0, false, moment(0)), Row{0});
  board.let_go(0);
  EXPECT_EQ(board.claim(1, false, moment(0)), Row{0});
}

TEST(SegmentBoard, TheFirstMissingOneGoesToAFasterSource) {
  SegmentBoard board(2, 4);
  EXPECT_EQ(board.claim(0, false, moment(0)), Row{0});
  EXPECT_EQ(board.claim(1, false, moment(0)), Row{1});
  EXPECT_TRUE(board.arrived(1));
  EXPECT_EQ(board.claim(1, false, moment(100)), Row{});  // its pace is not known yet
  board.fetched(1, std::chrono::seconds(5));
  EXPECT_EQ(board.claim(1, false, moment(10)), Row{});
  EXPECT_EQ(board.claim(0, false, moment(100)), Row{});  // never to the slow one itself
  EXPECT_EQ(board.claim(1, false, moment(11)), Row{0});
  board.fetched(2, std::chrono::seconds(1));
  EXPECT_EQ(board.claim(2, false, moment(100)), Row{});  // two are enough
  EXPECT_TRUE(board.arrived(0));
  EXPECT_FALSE(board.arrived(0));
  EXPECT_TRUE(board.all_here());
}

TEST(SegmentBoard, WhoIsAloneGetsARow) {
  SegmentBoard board(2 + SegmentBoard::kRowMax, 2);
  Row row = board.claim(0, true, moment(0));
  ASSERT_EQ(row.size(), SegmentBoard::kRowMax);
  EXPECT_EQ(row.front(), 0U);
  EXPECT_TRUE(board.in_window(1));
  EXPECT_FALSE(board.in_window(2));
  for (size_t segment : row) {
    EXPECT_TRUE(board.arrived(segment));
    board.passed(segment);
  }
  EXPECT_EQ(board.claim(0, true, moment(0)), (Row{SegmentBoard::kRowMax, SegmentBoard::kRowMax + 1}));
}

TEST(SegmentBoard, ARowEndsBeforeWhatIsHere) {
  SegmentBoard board(4, 4);
  EXPECT_EQ(board.claim(0, false, moment(0)), Row{0});
  EXPECT_EQ(board.claim(1, false, moment(0)), Row{1});
  EXPECT_EQ(board.claim(0, false, moment(0)), Row{2});
  EXPECT_TRUE(board.arrived(2));
  board.let_go(1);
  EXPECT_EQ(board.claim(0, true, moment(0)), Row{1});
  EXPECT_EQ(board.claim(0, true, moment(0)), Row{3});
}

}  // namespace
}  // namespace fsdfs::node
