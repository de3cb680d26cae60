// The original fsdfs's scenarios, on the core alone.
#include <gtest/gtest.h>

#include "tests/unit/scheduler/fake_swarm.h"

namespace fsdfs::master {
namespace {

SchedulerSettings original(int min_copies) {
  SchedulerSettings settings;
  settings.write_reserve = 0;
  settings.min_copies = min_copies;
  return settings;
}

TEST(Scenario, BasicTwoNodesTwoFiles) {
  FakeSwarm swarm(original(2));
  swarm.add_node(1, 1000);
  swarm.add_node(2, 1000);
  ASSERT_TRUE(swarm.put(1, 26, 3));
  ASSERT_TRUE(swarm.put(2, 13, 3));
  ASSERT_TRUE(swarm.settle());
  EXPECT_EQ(swarm.holders(1), (std::set<int>{1, 2}));
  EXPECT_EQ(swarm.holders(2), (std::set<int>{1, 2}));
  Health health = swarm.scheduler.health();
  EXPECT_TRUE(health.has_surplus);
  EXPECT_EQ(health.min_surplus, -1);
  EXPECT_EQ(health.histogram, (std::map<int64_t, uint64_t>{{-1, 2}}));
  EXPECT_EQ(health.capped, 2U);
  EXPECT_FALSE(health.has_uncapped);
  swarm.remove_file(1);
  ASSERT_TRUE(swarm.settle());
  EXPECT_EQ(swarm.disks[1].size(), 1U);
  EXPECT_EQ(swarm.disks[2].size(), 1U);
}

TEST(Scenario, ConflictTakesSpareCopiesAndRefusesTheFifthFile) {
  FakeSwarm swarm(original(1));
  for (int node = 1; node <= 4; ++node) swarm.add_node(node, 10);
  for (uint64_t file = 1; file <= 4; ++file) {
    ASSERT_TRUE(swarm.put(file, 10, 2)) << file << ": " << swarm.last_admission.refusal.to_string();
    ASSERT_TRUE(swarm.settle());
    size_t copies = 0;
    for (uint64_t f = 1; f <= file; ++f) copies += swarm.holders(f).size();
    EXPECT_EQ(copies, 4U) << "the quotas stay full after file " << file;
    for (uint64_t f = 1; f <= file; ++f) EXPECT_GE(swarm.copies(f), static_cast<int>(4 / file));
  }
  auto before = swarm.disks;
  EXPECT_FALSE(swarm.put(5, 10, 2));
  EXPECT_EQ(swarm.last_admission.refusal.reason(), Reason::kNoSpace);
  ASSERT_TRUE(swarm.settle());
  EXPECT_EQ(swarm.disks, before);
}

TEST(Scenario, ConflictWithMinCopiesTwoRefusesTheThirdFile) {
  FakeSwarm swarm(original(2));
  for (int node = 1; node <= 4; ++node) swarm.add_node(node, 10);
  ASSERT_TRUE(swarm.put(1, 10, 2));
  ASSERT_TRUE(swarm.settle());
  ASSERT_TRUE(swarm.put(2, 10, 2));
  ASSERT_TRUE(swarm.settle());
  EXPECT_FALSE(swarm.put(3, 10, 2));
  ASSERT_TRUE(swarm.settle());
  EXPECT_EQ(swarm.copies(1), 2);
  EXPECT_EQ(swarm.copies(2), 2);
}

TEST(Scenario, BalancedCopiesStayPutAndANewNodeTakesTheNewFile) {
  FakeSwarm swarm(original(1));
  for (int node = 1; node <= 4; ++node) swarm.add_node(node, 10);
  for (uint64_t file = 1; file <= 2; ++file) {
    ASSERT_TRUE(swarm.put(file, 10, 2));
    ASSERT_TRUE(swarm.settle());
  }
  auto before = swarm.disks;
  ASSERT_TRUE(swarm.settle());
  EXPECT_EQ(swarm.disks, before);
  swarm.add_node(5, 10);
  ASSERT_TRUE(swarm.settle());
  EXPECT_EQ(swarm.disks[5].size(), 1U);
}

TEST(Scenario, SpaceOptimizationPacksExactly) {
  FakeSwarm swarm(original(1));
  swarm.add_node(1, 13);
  swarm.add_node(2, 100000);
  swarm.add_node(3, 12);
  swarm.add_node(4, 1);
  ASSERT_TRUE(swarm.put(1, 10, 3));
  ASSERT_TRUE(swarm.put(2, 2, 3));
  ASSERT_TRUE(swarm.put(3, 1, 3));
  ASSERT_TRUE(swarm.settle());
  EXPECT_EQ(swarm.holders(1), (std::set<int>{1, 2, 3}));
  EXPECT_EQ(swarm.holders(2), (std::set<int>{1, 2, 3}));
  EXPECT_EQ(swarm.holders(3), (std::set<int>{1, 2, 4}));
}

TEST(Scenario, ReplicationBalance) {
  FakeSwarm swarm(original(1));
  for (int node = 1; node <= 3; ++node) swarm.add_node(node, 100);
  for (uint64_t file = 1; file <= 10; ++file) {
    ASSERT_TRUE(swarm.put(file, 10, 3));
    ASSERT_TRUE(swarm.settle());
  }
  EXPECT_EQ(swarm.scheduler.health().histogram, (std::map<int64_t, uint64_t>{{0, 10}}));
  for (uint64_t file = 11; file <= 20; ++file) {
    ASSERT_TRUE(swarm.put(file, 10, 3)) << file;
    ASSERT_TRUE(swarm.settle());
  }
  EXPECT_EQ(swarm.scheduler.health().histogram, (std::map<int64_t, uint64_t>{{-2, 10}, {-1, 10}}));
  for (uint64_t file = 21; file <= 30; ++file) {
    ASSERT_TRUE(swarm.put(file, 10, 3)) << file;
    ASSERT_TRUE(swarm.settle());
  }
  EXPECT_FALSE(swarm.put(31, 10, 3));
  for (int node = 1; node <= 3; ++node) swarm.change_node(node, [](NodeInfo& info) { info.quota = 1000; });
  ASSERT_TRUE(swarm.settle());
  EXPECT_EQ(swarm.scheduler.health().min_surplus, 0);
}

TEST(Scenario, NodeDownIsReplacedAndReconciledWhenItComesBack) {
  FakeSwarm swarm(original(2));
  for (int node = 1; node <= 3; ++node) swarm.add_node(node, 1000);
  SchedulerSettings settings = original(2);
  settings.fill = false;
  ASSERT_TRUE(swarm.scheduler.set_settings(settings).ok());
  swarm.add_file(1, 10, 2, {1, 2});
  swarm.change_node(2, [](NodeInfo& info) { info.liveness = Liveness::kSilent; });
  ASSERT_TRUE(swarm.settle());
  EXPECT_EQ(swarm.copies(1), 2) << "a silent node costs nothing";
  swarm.change_node(2, [](NodeInfo& info) { info.liveness = Liveness::kDead; });
  ASSERT_TRUE(swarm.settle());
  EXPECT_EQ(swarm.holders(1), (std::set<int>{1, 2, 3}));
  swarm.remove_file(1);
  ASSERT_TRUE(swarm.settle());
  EXPECT_EQ(swarm.disks[2].size(), 1U) << "it is down";
  swarm.change_node(2, [](NodeInfo& info) { info.liveness = Liveness::kUp; });
  swarm.scheduler.node_reported(node_id(2));
  ASSERT_TRUE(swarm.settle());
  EXPECT_EQ(swarm.disks[2].size(), 0U);
}

TEST(Scenario, HundredNodesAllHoldBothFiles) {
  FakeSwarm swarm(original(2));
  for (int node = 1; node <= 100; ++node) swarm.add_node(node, 1000);
  ASSERT_TRUE(swarm.put(1, 26, 3));
  ASSERT_TRUE(swarm.put(2, 13, 3));
  ASSERT_TRUE(swarm.settle());
  EXPECT_EQ(swarm.copies(1), 100);
  EXPECT_EQ(swarm.copies(2), 100);
}

}  // namespace
}  // namespace fsdfs::master
