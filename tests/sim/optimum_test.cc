#include "tests/sim/optimum.h"

#include <gtest/gtest.h>

namespace fsdfs::sim {
namespace {

TEST(Optimum, FillsWhatFits) {
  EXPECT_EQ(best_min_surplus({1, 1, 1, 1}, {{2, 1}}), 2);
  EXPECT_EQ(best_min_surplus({1, 1, 1, 1}, {{2, 1}, {2, 1}}), 0);
  EXPECT_EQ(best_min_surplus({1, 1, 1, 1}, {{2, 1}, {2, 1}, {2, 1}}), -1);
  EXPECT_EQ(best_min_surplus({1, 1, 1, 1}, {{2, 1}, {2, 1}, {2, 1}, {2, 1}, {2, 1}}), std::nullopt);
}

TEST(Optimum, CopiesOfAFileNeedDifferentNodes) {
  EXPECT_EQ(best_min_surplus({5}, {{3, 1}}), -2);
  EXPECT_EQ(best_min_surplus({5, 1}, {{2, 1}, {2, 1}}), -1);
}

TEST(Optimum, FloorsAreKept) {
  EXPECT_EQ(best_min_surplus({2, 2}, {{1, 2}, {3, 1}}), -1);
  EXPECT_EQ(best_min_surplus({1, 1}, {{1, 2}, {3, 1}}), std::nullopt);
}

}  // namespace
}  // namespace fsdfs::sim
