#include "master/scheduler/what_if.h"

#include <gtest/gtest.h>

#include <random>

#include "tests/unit/scheduler/fake_swarm.h"

namespace fsdfs::master {
namespace {

TEST(WhatIfLost, WithRoomEverythingIsMadeAgain) {
  FakeSwarm swarm(bare({.min_copies = 2}));
  for (int node = 1; node <= 4; ++node) swarm.add_node(node, 1000);
  swarm.add_file(1, 10, 2, {1, 2});
  swarm.add_file(2, 20, 2, {1, 3});
  swarm.add_file(3, 40, 3, {2, 3, 4});
  auto answer = swarm.scheduler.what_if_lost(node_id(1));
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->now.all, 0);
  EXPECT_EQ(answer->right_away.all, -1);
  EXPECT_EQ(answer->settled.all, 0);
  EXPECT_EQ(answer->files_lost, 0U);
  EXPECT_EQ(answer->files_left_one, 2U);
  EXPECT_EQ(answer->copies, 2U);
  EXPECT_EQ(answer->bytes, 30U);
  EXPECT_EQ(answer->room, 3000U - 10 - 20 - 3 * 40);
  EXPECT_TRUE(answer->fits);
  EXPECT_TRUE(answer->exact);
}

TEST(WhatIfLost, TheOnlyCopyIsGoneForGood) {
  FakeSwarm swarm(bare({.min_copies = 2}));
  for (int node = 1; node <= 3; ++node) swarm.add_node(node, 1000);
  swarm.add_file(1, 10, 1, {1});
  swarm.add_file(2, 10, 2, {2, 3});
  auto answer = swarm.scheduler.what_if_lost(node_id(1));
  EXPECT_EQ(answer->files_lost, 1U);
  EXPECT_EQ(answer->files_left_one, 0U);
  EXPECT_EQ(answer->right_away.all, -1);
  EXPECT_EQ(answer->settled.all, -1);
  EXPECT_EQ(answer->copies, 0U);
  EXPECT_TRUE(answer->fits);
  EXPECT_TRUE(answer->exact);
}

TEST(WhatIfLost, WithoutRoomItSaysSo) {
  FakeSwarm swarm(bare({.min_copies = 2}));
  for (int node = 1; node <= 3; ++node) swarm.add_node(node, 20);
  swarm.add_file(1, 10, 2, {1, 2});
  swarm.add_file(2, 10, 2, {2, 3});
  swarm.add_file(3, 10, 2, {1, 3});
  auto answer = swarm.scheduler.what_if_lost(node_id(1));
  EXPECT_EQ(answer->copies, 2U);
  EXPECT_EQ(answer->bytes, 20U);
  EXPECT_EQ(answer->room, 0U);
  EXPECT_FALSE(answer->fits);
  EXPECT_EQ(answer->settled.all, -1);
  EXPECT_TRUE(answer->exact) << "nothing can move";
}

TEST(WhatIfLost, AFileBiggerThanAnyNodeDoesNotFit) {
  FakeSwarm swarm(bare({.min_copies = 2}));
  swarm.add_node(1, 100);
  swarm.add_node(2, 100);
  for (int node = 3; node <= 9; ++node) swarm.add_node(node, 50);
  swarm.add_file(1, 90, 2, {1, 2});
  auto answer = swarm.scheduler.what_if_lost(node_id(1));
  EXPECT_FALSE(answer->fits);
  EXPECT_EQ(answer->bytes, 90U);
  EXPECT_GE(answer->room, 90U);
  EXPECT_FALSE(answer->exact);
}

TEST(WhatIfLost, FewerNodesThanCopiesWanted) {
  FakeSwarm swarm(bare({.min_copies = 2}));
  for (int node = 1; node <= 3; ++node) swarm.add_node(node, 1000);
  swarm.add_file(1, 10, 3, {1, 2, 3});
  swarm.add_file(2, 10, 1, {2});
  auto answer = swarm.scheduler.what_if_lost(node_id(1));
  EXPECT_EQ(answer->now.uncapped, 0);
  EXPECT_EQ(answer->right_away.all, -1);
  EXPECT_EQ(answer->right_away.uncapped, 0) << "three copies are more than two nodes can hold";
  EXPECT_EQ(answer->settled, answer->right_away);
  EXPECT_EQ(answer->copies, 0U);
  EXPECT_TRUE(answer->exact);
}

TEST(WhatIfLost, IdleRoomIsFilledToTheTop) {
  FakeSwarm swarm(bare({.min_copies = 2, .fill = true}));
  for (int node = 1; node <= 5; ++node) swarm.add_node(node, 1000);
  swarm.add_file(1, 10, 2, {1, 2});
  swarm.add_file(2, 10, 1, {2});
  ASSERT_TRUE(swarm.settle());
  auto answer = swarm.scheduler.what_if_lost(node_id(1));
  EXPECT_EQ(answer->now.all, 3);
  EXPECT_EQ(answer->settled.all, 2);
  EXPECT_EQ(answer->copies, 0U);
  EXPECT_TRUE(answer->exact);
}

TEST(WhatIfLost, HalfFullSwarmIsAnEstimate) {
  FakeSwarm swarm(bare({.min_copies = 2, .fill = true}));
  for (int node = 1; node <= 4; ++node) swarm.add_node(node, 45);
  std::set<int> pairs[] = {{1, 2}, {1, 3}, {1, 4}, {2, 3}, {2, 4}, {3, 4}};
  for (uint64_t file = 1; file <= 6; ++file) swarm.add_file(file, 10, 1, pairs[file - 1]);
  auto answer = swarm.scheduler.what_if_lost(node_id(1));
  EXPECT_EQ(answer->now.all, 1);
  EXPECT_EQ(answer->right_away.all, 0);
  EXPECT_EQ(answer->settled.all, 1) << "twelve slots for six files";
  EXPECT_FALSE(answer->exact);
}

TEST(WhatIfLost, SilentAndDrainingNodesMakeItAnEstimate) {
  for (bool draining : {false, true}) {
    FakeSwarm swarm(bare({.min_copies = 2}));
    for (int node = 1; node <= 4; ++node) swarm.add_node(node, 1000);
    swarm.add_file(1, 10, 2, {1, 2});
    swarm.change_node(2, [draining](NodeInfo& info) {
      if (draining) info.admin = AdminState::kDraining;
      if (!draining) info.liveness = Liveness::kSilent;
    });
    auto answer = swarm.scheduler.what_if_lost(node_id(1));
    EXPECT_FALSE(answer->exact);
    EXPECT_EQ(answer->right_away.all, -1);
    EXPECT_EQ(answer->copies, draining ? 2U : 1U) << "what is on a draining node has to be made anew";
  }
}

TEST(WhatIfLost, ADeadNodeIsLostAlready) {
  FakeSwarm swarm(bare({.min_copies = 2}));
  for (int node = 1; node <= 4; ++node) swarm.add_node(node, 1000);
  swarm.add_file(1, 10, 2, {1, 2});
  swarm.change_node(1, [](NodeInfo& info) { info.liveness = Liveness::kDead; });
  auto answer = swarm.scheduler.what_if_lost(node_id(1));
  EXPECT_EQ(answer->now.all, -1);
  EXPECT_EQ(answer->right_away.all, -1);
  EXPECT_EQ(answer->files_left_one, 0U);
  EXPECT_EQ(answer->settled.all, 0);
}

TEST(WhatIfLost, UnknownNodesAndEmptySwarms) {
  FakeSwarm swarm;
  EXPECT_FALSE(swarm.scheduler.what_if_lost(node_id(1)));
  swarm.add_node(1, 1000);
  auto answer = swarm.scheduler.what_if_lost(node_id(1));
  ASSERT_TRUE(answer);
  EXPECT_FALSE(answer->now.all || answer->right_away.all || answer->settled.all);
  EXPECT_TRUE(answer->fits);
}

TEST(WhatIfLost, TrashAndOpenFilesAreLeftOut) {
  FakeSwarm swarm(bare({.min_copies = 2}));
  for (int node = 1; node <= 3; ++node) swarm.add_node(node, 1000);
  swarm.add_file(1, 10, 2, {1});
  swarm.add_file(2, 10, 2, {1});
  swarm.add_file(3, 10, 1, {2});
  swarm.change_file(1, [](FileInfo& info) { info.trash = true; });
  swarm.change_file(2, [](FileInfo& info) { info.open = true; });
  auto answer = swarm.scheduler.what_if_lost(node_id(1));
  EXPECT_EQ(answer->right_away.all, 0);
  EXPECT_EQ(answer->files_lost, 0U);
}

TEST(WhatIfAdded, RoomForWhatIsMissing) {
  FakeSwarm swarm(bare({.min_copies = 2}));
  for (int node = 1; node <= 2; ++node) swarm.add_node(node, 20);
  for (uint64_t file = 1; file <= 4; ++file) swarm.add_file(file, 10, 2, {static_cast<int>(file % 2) + 1});
  ASSERT_TRUE(swarm.settle());
  WhatIf answer = swarm.scheduler.what_if_added(40);
  EXPECT_EQ(answer.now.all, -1);
  EXPECT_EQ(answer.right_away.all, -1);
  EXPECT_EQ(answer.settled.all, 0);
  EXPECT_EQ(answer.copies, 4U);
  EXPECT_EQ(answer.room, 40U);
  EXPECT_TRUE(answer.fits);
  EXPECT_FALSE(swarm.scheduler.what_if_added(39).fits);
  EXPECT_EQ(swarm.scheduler.what_if_added(39).settled.all, -1);
  EXPECT_EQ(swarm.scheduler.what_if_added(0).settled.all, -1);
}

TEST(WhatIfAdded, OneMoreNodeForCappedFiles) {
  FakeSwarm swarm(bare({.min_copies = 2}));
  for (int node = 1; node <= 2; ++node) swarm.add_node(node, 1000);
  swarm.add_file(1, 10, 3, {1, 2});
  WhatIf answer = swarm.scheduler.what_if_added(100);
  EXPECT_EQ(answer.now.uncapped, std::nullopt);
  EXPECT_EQ(answer.right_away.uncapped, -1);
  EXPECT_EQ(answer.settled.uncapped, 0);
  EXPECT_TRUE(answer.exact);
  EXPECT_TRUE(swarm.scheduler.what_if_added(UINT64_MAX).fits);
}

// Random swarms: what was foretold is held against what happens.
class WhatIfHappens : public ::testing::TestWithParam<uint32_t> {};

double lowest(const FakeSwarm& swarm, int without) {
  double least = 1e9;
  for (const auto& [number, info] : swarm.files) {
    std::set<int> holders = swarm.holders(number);
    least = std::min(least, static_cast<double>(holders.size() - holders.count(without)) - info.target);
  }
  return least;
}

TEST_P(WhatIfHappens, AsForetold) {
  std::mt19937 random(GetParam());
  auto below = [&random](uint32_t limit) { return static_cast<int>(random() % limit); };
  FakeSwarm swarm(bare({.min_copies = 2, .fill = below(2) == 0}));
  int nodes = 3 + below(6);
  uint64_t quota = 60 + static_cast<uint64_t>(below(300));
  for (int node = 1; node <= nodes; ++node) swarm.add_node(node, quota + static_cast<uint64_t>(below(60)));
  for (uint64_t file = 1; file <= 20; ++file) {
    (void)swarm.put(file, 1 + static_cast<uint64_t>(below(20)), 0.5 * (1 + below(6)));
  }
  ASSERT_TRUE(swarm.settle());
  auto answer = swarm.scheduler.what_if_lost(node_id(1));
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->now.all, lowest(swarm, 0));
  EXPECT_EQ(answer->right_away.all, lowest(swarm, 1));
  swarm.change_node(1, [](NodeInfo& info) { info.liveness = Liveness::kDead; });
  ASSERT_TRUE(swarm.settle());
  double came_to = lowest(swarm, 1);
  if (answer->exact) {
    EXPECT_EQ(answer->settled.all, came_to);
  } else {
    EXPECT_GE(*answer->settled.all, came_to) << "an estimate is rather too good than too bad";
  }
  if (!answer->fits) {
    EXPECT_LT(came_to, 0);
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, WhatIfHappens, ::testing::Range(1U, 60U));

}  // namespace
}  // namespace fsdfs::master
