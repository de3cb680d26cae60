// Where copies go and where they come from: zone, host, free share, load; sources; old versions as a base.
#include <gtest/gtest.h>

#include "tests/unit/scheduler/fake_swarm.h"

namespace fsdfs::master {
namespace {

TEST(Placement, AnotherZoneComesBeforeMoreRoom) {
  FakeSwarm swarm(no_fill());
  swarm.add_node(1, 1000, "a");
  swarm.add_node(2, 9000, "a");
  swarm.add_node(3, 1000, "b");
  swarm.add_file(1, 10, 2, {1});
  ASSERT_TRUE(swarm.settle());
  EXPECT_EQ(swarm.holders(1), (std::set<int>{1, 3}));
}

TEST(Placement, ThreeCopiesInThreeZones) {
  FakeSwarm swarm(no_fill());
  for (int node = 1; node <= 9; ++node) swarm.add_node(node, 1000, "zone" + std::to_string(node % 3));
  for (uint64_t file = 1; file <= 20; ++file) swarm.add_file(file, 10, 3, {1 + static_cast<int>(file % 9)});
  ASSERT_TRUE(swarm.settle());
  for (uint64_t file = 1; file <= 20; ++file) {
    std::set<int> zones;
    for (int node : swarm.holders(file)) zones.insert(node % 3);
    EXPECT_EQ(zones.size(), 3U) << file;
  }
}

TEST(Placement, AnotherHostComesBeforeMoreRoom) {
  FakeSwarm swarm(no_fill());
  swarm.add_node(1, 1000, "a", "host1");
  swarm.add_node(2, 9000, "a", "host1");
  swarm.add_node(3, 1000, "a", "host2");
  swarm.add_file(1, 10, 2, {1});
  ASSERT_TRUE(swarm.settle());
  EXPECT_EQ(swarm.holders(1), (std::set<int>{1, 3}));
}

TEST(Placement, ASecondCopyInAZoneIsBetterThanNone) {
  FakeSwarm swarm(no_fill());
  swarm.add_node(1, 1000, "a", "host1");
  swarm.add_node(2, 1000, "a", "host1");
  swarm.add_file(1, 10, 2, {1});
  ASSERT_TRUE(swarm.settle());
  EXPECT_EQ(swarm.copies(1), 2);
}

TEST(Placement, TheEmptierNodeIsTaken) {
  FakeSwarm swarm(no_fill());
  swarm.add_node(1, 1000);
  swarm.add_node(2, 1000);
  swarm.add_node(3, 1000);
  swarm.add_file(1, 500, 1, {2});
  swarm.add_file(2, 10, 2, {1});
  ASSERT_TRUE(swarm.settle());
  EXPECT_EQ(swarm.holders(2), (std::set<int>{1, 3}));
}

TEST(Placement, AQuietNodeIsTakenBeforeABusyOne) {
  FakeSwarm swarm(no_fill());
  for (int node = 1; node <= 3; ++node) swarm.add_node(node, 1000);
  swarm.change_node(2, [](NodeInfo& info) { info.load.disk = 0.8; });
  swarm.add_file(1, 10, 2, {1});
  ASSERT_TRUE(swarm.settle());
  EXPECT_EQ(swarm.holders(1), (std::set<int>{1, 3}));
}

TEST(Placement, FilesSpreadEvenlyOverEqualNodes) {
  FakeSwarm swarm(no_fill());
  for (int node = 1; node <= 10; ++node) swarm.add_node(node, 10'000);
  for (uint64_t file = 1; file <= 100; ++file) swarm.add_file(file, 10, 3, {1});
  ASSERT_TRUE(swarm.settle());
  for (int node = 2; node <= 10; ++node) {
    EXPECT_GE(swarm.disks[node].size(), 21U) << node;
    EXPECT_LE(swarm.disks[node].size(), 24U) << node;
  }
}

TEST(Placement, ReadonlyDrainingSilentAndFullNodesTakeNothing) {
  FakeSwarm swarm(no_fill());
  for (int node = 1; node <= 6; ++node) swarm.add_node(node, 1000);
  swarm.change_node(2, [](NodeInfo& info) { info.admin = AdminState::kReadonly; });
  swarm.change_node(3, [](NodeInfo& info) { info.admin = AdminState::kDraining; });
  swarm.change_node(4, [](NodeInfo& info) { info.liveness = Liveness::kSilent; });
  swarm.change_node(5, [](NodeInfo& info) { info.at_floor = true; });
  swarm.add_file(1, 10, 6, {1});
  ASSERT_TRUE(swarm.settle());
  EXPECT_EQ(swarm.holders(1), (std::set<int>{1, 6}));
}

TEST(Placement, ANodeThatHasNotReportedTakesNothing) {
  FakeSwarm swarm(no_fill());
  swarm.add_node(1, 1000);
  swarm.add_node(2, 1000);
  swarm.scheduler.node_restarted(node_id(2));
  swarm.add_file(1, 10, 2, {1});
  ASSERT_TRUE(swarm.settle());
  EXPECT_EQ(swarm.copies(1), 1);
  swarm.scheduler.node_reported(node_id(2));
  ASSERT_TRUE(swarm.settle());
  EXPECT_EQ(swarm.copies(1), 2);
}

TEST(Placement, DrainingNodesAreTheSourceOfLastResort) {
  FakeSwarm swarm(no_fill());
  for (int node = 1; node <= 4; ++node) swarm.add_node(node, 1000);
  swarm.change_node(1, [](NodeInfo& info) { info.admin = AdminState::kDraining; });
  swarm.add_file(1, 10, 3, {1, 2});
  swarm.turn();
  ASSERT_EQ(swarm.copies_ordered().size(), 2U);
  EXPECT_EQ(swarm.copies_ordered()[0].sources.front(), node_id(2));
  EXPECT_EQ(swarm.copies_ordered()[0].sources.back(), node_id(1));
  swarm.add_file(2, 10, 2, {1});
  swarm.turn();
  ASSERT_FALSE(swarm.copies_ordered().empty());
  EXPECT_EQ(swarm.copies_ordered()[0].sources, (std::vector<NodeId>{node_id(1)}));
}

TEST(Placement, ADrainingNodesCopiesAreMadeElsewhereAndStayUntilItGoes) {
  FakeSwarm swarm(no_fill());
  for (int node = 1; node <= 4; ++node) swarm.add_node(node, 1000);
  for (uint64_t file = 1; file <= 10; ++file) swarm.add_file(file, 10, 2, {1, 2});
  swarm.change_node(1, [](NodeInfo& info) { info.admin = AdminState::kDraining; });
  swarm.turn();
  EXPECT_EQ(swarm.scheduler.node(node_id(1))->drain_left, 10U);
  ASSERT_TRUE(swarm.settle());
  for (uint64_t file = 1; file <= 10; ++file) EXPECT_EQ(swarm.copies(file), 3) << file;
  EXPECT_EQ(swarm.scheduler.node(node_id(1))->drain_left, 0U);
  swarm.scheduler.node_removed(node_id(1));
  ASSERT_TRUE(swarm.settle());
  EXPECT_EQ(swarm.scheduler.health().min_surplus, 0);
}

TEST(Placement, TheHolderOfAnOldVersionCatchesUpFirst) {
  FakeSwarm swarm(no_fill());
  for (int node = 1; node <= 5; ++node) swarm.add_node(node, 1000);
  swarm.add_file(1, 10, 3, {1, 2, 3});
  // A change in place by a chain of 1 and 2.
  swarm.new_version(1, 12, {1, 2});
  ASSERT_TRUE(swarm.settle());
  EXPECT_EQ(swarm.holders(1), (std::set<int>{1, 2, 3}));
  EXPECT_EQ(swarm.disks[3].size(), 1U) << "its old version is gone";
}

TEST(Placement, NoMoreCopiesAtOnceThanTheLimits) {
  SchedulerSettings settings = no_fill();
  settings.copies_in_per_node = 5;
  settings.copies_out_per_node = 100;
  FakeSwarm swarm(settings);
  swarm.add_node(1, 100'000);
  swarm.add_node(2, 100'000);
  swarm.disobedient = {2};
  for (uint64_t file = 1; file <= 20; ++file) swarm.add_file(file, 10, 1.5, {1});
  for (int i = 0; i < 5; ++i) swarm.turn();
  // One place is kept for endangered files.
  EXPECT_EQ(swarm.scheduler.node(node_id(2))->copies_in, 4);
  swarm.add_file(21, 10, 2, {1});
  swarm.turn();
  ASSERT_EQ(swarm.copies_ordered().size(), 1U);
  EXPECT_EQ(swarm.copies_ordered()[0].replica.inode, inode(21));
  EXPECT_EQ(swarm.scheduler.node(node_id(2))->copies_in, 5);
}

TEST(Placement, ASourceGivesNoMoreAtOnceThanItsLimit) {
  SchedulerSettings settings = no_fill();
  settings.copies_out_per_node = 3;
  FakeSwarm swarm(settings);
  for (int node = 1; node <= 4; ++node) swarm.add_node(node, 100'000);
  swarm.disobedient = {2, 3, 4};
  for (uint64_t file = 1; file <= 20; ++file) swarm.add_file(file, 10, 2, {1});
  for (int i = 0; i < 5; ++i) swarm.turn();
  EXPECT_EQ(swarm.scheduler.node(node_id(1))->copies_out, 3);
  EXPECT_EQ(swarm.scheduler.health().copies_in_flight, 3U);
}

TEST(Placement, BytesPerSecondAreKeptOverTime) {
  SchedulerSettings settings = no_fill();
  settings.swarm_bytes_per_second = 1000;
  FakeSwarm swarm(settings);
  swarm.add_node(1, 1'000'000);
  swarm.add_node(2, 1'000'000);
  for (uint64_t file = 1; file <= 200; ++file) swarm.add_file(file, 100, 2, {1});
  size_t ordered = 0;
  for (int i = 0; i < 100; ++i) {  // ten seconds
    swarm.turn();
    ordered += swarm.copies_ordered().size();
  }
  EXPECT_GE(ordered, 100U);
  EXPECT_LE(ordered, 115U);
}

TEST(Placement, BytesPerSecondOfEachNodeAreKeptOverTimeAndMayBeSetAnew) {
  SchedulerSettings settings = no_fill();
  settings.node_bytes_per_second = 500;
  FakeSwarm swarm(settings);
  for (int node = 1; node <= 3; ++node) swarm.add_node(node, 1'000'000);
  for (uint64_t file = 1; file <= 1000; ++file) swarm.add_file(file, 100, 3, {1});
  auto bytes_in = [&swarm](int seconds) {
    std::map<NodeId, uint64_t> bytes;
    for (int i = 0; i < 10 * seconds; ++i) {
      swarm.turn();
      for (const CopyOrder& order : swarm.copies_ordered()) bytes[order.target] += order.size;
    }
    return bytes;
  };
  for (const auto& [node, bytes] : bytes_in(10)) {
    EXPECT_GE(bytes, 5000U) << to_string(node);
    EXPECT_LE(bytes, 5700U) << to_string(node);
  }
  settings.node_bytes_per_second = 2000;
  ASSERT_TRUE(swarm.scheduler.set_settings(settings).ok());
  for (const auto& [node, bytes] : bytes_in(10)) {
    EXPECT_GE(bytes, 19'000U) << to_string(node);
    EXPECT_LE(bytes, 22'500U) << to_string(node);
  }
  settings.node_bytes_per_second = 0;
  ASSERT_TRUE(swarm.scheduler.set_settings(settings).ok());
  ASSERT_TRUE(swarm.settle());
  EXPECT_EQ(swarm.scheduler.health().min_surplus, 0);
}

TEST(Placement, AFileBiggerThanASecondsWorthGetsThrough) {
  SchedulerSettings settings = no_fill();
  settings.node_bytes_per_second = 10;
  FakeSwarm swarm(settings);
  swarm.add_node(1, 1'000'000);
  swarm.add_node(2, 1'000'000);
  swarm.add_file(1, 100'000, 2, {1});
  ASSERT_TRUE(swarm.settle());
  EXPECT_EQ(swarm.copies(1), 2);
}

TEST(Placement, SlowForegroundHalvesTheLimitAndItComesBack) {
  SchedulerSettings settings = no_fill();
  settings.copies_in_per_node = 16;
  FakeSwarm swarm(settings);
  swarm.add_node(1, 1'000'000);
  swarm.add_node(2, 1'000'000);
  swarm.disobedient = {2};
  for (int i = 0; i < 3; ++i) {
    swarm.change_node(2, [](NodeInfo& info) { info.load.foreground_slow = true; });
  }
  for (uint64_t file = 1; file <= 50; ++file) swarm.add_file(file, 10, 1.5, {1});
  swarm.turn();
  EXPECT_EQ(swarm.scheduler.node(node_id(2))->copies_in, 2)
      << "a sixteenth part of 16 is 2 after three reports";
  for (int i = 0; i < 16; ++i) {
    swarm.change_node(2, [](NodeInfo& info) { info.load.foreground_slow = false; });
    swarm.turn();
  }
  EXPECT_EQ(swarm.scheduler.node(node_id(2))->copies_in, 15);
}

}  // namespace
}  // namespace fsdfs::master
