// Invariant 2, case by case; the order of victims; the trash; the write reserve; parking.
#include <gtest/gtest.h>

#include "tests/unit/scheduler/fake_swarm.h"

namespace fsdfs::master {
namespace {

struct Case {
  const char* name;
  double victim_target;
  int victim_copies;
  double needy_target;  // of a file with one copy
  int min_copies;
  bool gives_way;
};

class EvictionCase : public ::testing::TestWithParam<Case> {};

// A node full with the victim's copy, and a file that lacks it there.
TEST_P(EvictionCase, IsDecidedByTheGap) {
  const Case& c = GetParam();
  FakeSwarm swarm(bare({.min_copies = c.min_copies}));
  swarm.add_node(1, 10);
  swarm.add_node(100, 10);  // holds the needy file and has no room for more
  std::set<int> on = {1};
  for (int copy = 2; copy <= c.victim_copies; ++copy) {
    swarm.add_node(copy, 10);
    swarm.change_node(copy, [](NodeInfo& info) { info.admin = AdminState::kReadonly; });
    on.insert(copy);
  }
  swarm.add_file(1, 10, c.victim_target, on);
  swarm.add_file(2, 10, c.needy_target, {100});
  ASSERT_TRUE(swarm.settle());
  EXPECT_EQ(swarm.holders(2).contains(1), c.gives_way);
  EXPECT_EQ(swarm.copies(1), c.victim_copies - (c.gives_way ? 1 : 0));
}

INSTANTIATE_TEST_SUITE_P(
    Gap, EvictionCase,
    ::testing::Values(
        Case{"two_more", 1, 2, 2, 1, true}, Case{"one_more_is_not_enough", 2, 2, 2, 1, false},
        Case{"equal_surplus", 3, 2, 2, 1, false}, Case{"much_more", 1, 4, 3, 1, true},
        Case{"fraction_short", 1.1, 2, 2, 1, false}, Case{"fraction_enough", 1.1, 2, 2.1, 1, true},
        Case{"from_below_target", 3, 2, 5, 1, true}, Case{"never_the_last_copy", 1, 1, 9, 1, false},
        Case{"last_copy_of_no_target", 0, 1, 9, 1, false}, Case{"not_below_min_copies", 3, 2, 9, 2, false},
        Case{"down_to_min_copies", 3, 3, 9, 2, true},
        Case{"min_copies_is_for_two_and_more", 1, 2, 9, 2, true}),
    [](const ::testing::TestParamInfo<Case>& param) { return std::string(param.param.name); });

TEST(Eviction, CopiesInFlightCountForTheNeedy) {
  FakeSwarm swarm(bare());
  swarm.add_node(1, 10);
  swarm.add_node(2, 10);
  swarm.add_node(3, 30);
  swarm.add_node(4, 10);
  swarm.disobedient = {3};
  swarm.add_file(1, 10, 1, {1, 2});  // surplus 1
  swarm.add_file(2, 10, 2, {4});     // -1, and 0 once its copy to node 3 is ordered
  ASSERT_TRUE(swarm.settle());
  EXPECT_EQ(swarm.copies(1), 2);
  EXPECT_EQ(swarm.scheduler.health().copies_in_flight, 1U);
}

TEST(Eviction, SilentCopiesDoNotCountForTheVictim) {
  FakeSwarm swarm(bare({.min_copies = 2}));
  for (int node = 1; node <= 4; ++node) swarm.add_node(node, 10);
  swarm.add_file(1, 10, 2, {1, 2, 3});
  swarm.change_node(3, [](NodeInfo& info) { info.liveness = Liveness::kSilent; });
  swarm.add_file(2, 10, 4, {4});
  ASSERT_TRUE(swarm.settle());
  EXPECT_EQ(swarm.copies(1), 3) << "two on up nodes is min_copies";
  swarm.change_node(3, [](NodeInfo& info) { info.liveness = Liveness::kUp; });
  ASSERT_TRUE(swarm.settle());
  EXPECT_EQ(swarm.copies(1), 2);
}

TEST(Eviction, NothingIsTakenWhenItWouldNotBeEnough) {
  FakeSwarm swarm(bare());
  swarm.add_node(1, 20);
  swarm.add_node(2, 1000);
  swarm.change_node(2, [](NodeInfo& info) { info.admin = AdminState::kReadonly; });
  swarm.add_file(1, 5, 1, {1, 2});
  swarm.add_file(2, 15, 1, {1});
  swarm.add_file(3, 6, 9, {2});
  ASSERT_TRUE(swarm.settle());
  EXPECT_EQ(swarm.copies(1), 2) << "its five bytes do not make room for six";
  EXPECT_EQ(swarm.copies(3), 1);
}

TEST(Eviction, OnlyAsMuchAsNeededAndTheMostSpareFirst) {
  FakeSwarm swarm(bare());
  swarm.add_node(1, 30);
  for (int node = 2; node <= 5; ++node) {
    swarm.add_node(node, 1000);
    swarm.change_node(node, [](NodeInfo& info) { info.admin = AdminState::kReadonly; });
  }
  swarm.add_file(1, 10, 1, {1, 2});
  swarm.add_file(2, 10, 1, {1, 2, 3, 4});
  swarm.add_file(3, 10, 1, {1, 2, 3});
  swarm.add_file(4, 10, 5, {5});
  ASSERT_TRUE(swarm.settle());
  EXPECT_FALSE(swarm.holders(2).contains(1));
  EXPECT_TRUE(swarm.holders(1).contains(1));
  EXPECT_TRUE(swarm.holders(3).contains(1));
  EXPECT_TRUE(swarm.holders(4).contains(1));
}

TEST(Eviction, WhatTurnsOutNotToBeNeededStays) {
  FakeSwarm swarm(bare());
  swarm.add_node(1, 12);
  for (int node = 2; node <= 5; ++node) {
    swarm.add_node(node, 1000);
    swarm.change_node(node, [](NodeInfo& info) { info.admin = AdminState::kReadonly; });
  }
  swarm.add_file(1, 2, 1, {1, 2, 3, 4});  // the most spare, and too small
  swarm.add_file(2, 10, 1, {1, 2, 3});
  swarm.add_file(3, 10, 5, {5});
  ASSERT_TRUE(swarm.settle());
  EXPECT_TRUE(swarm.holders(3).contains(1));
  EXPECT_TRUE(swarm.holders(1).contains(1)) << "the ten bytes of the other are enough";
}

TEST(Eviction, LeastWantedFirstAmongEquals) {
  FakeSwarm swarm(bare());
  swarm.add_node(1, 20);
  for (int node = 2; node <= 5; ++node) {
    swarm.add_node(node, 1000);
    swarm.change_node(node, [](NodeInfo& info) { info.admin = AdminState::kReadonly; });
  }
  swarm.add_file(1, 10, 1, {1, 2, 3});
  swarm.add_file(2, 10, 1, {1, 2, 3});
  swarm.scheduler.weight_changed(inode(1), 5);
  swarm.scheduler.weight_changed(inode(2), 3);
  swarm.add_file(3, 10, 5, {5});
  ASSERT_TRUE(swarm.settle());
  EXPECT_TRUE(swarm.holders(1).contains(1));
  EXPECT_FALSE(swarm.holders(2).contains(1));
}

TEST(Eviction, OpenFilesAreLeftAlone) {
  FakeSwarm swarm(bare());
  for (int node = 1; node <= 4; ++node) swarm.add_node(node, 10);
  swarm.add_file(1, 10, 1, {1, 2, 3});
  swarm.change_file(1, [](FileInfo& info) { info.open = true; });
  swarm.add_file(2, 10, 4, {4});
  ASSERT_TRUE(swarm.settle());
  EXPECT_EQ(swarm.copies(1), 3);
  swarm.change_file(1, [](FileInfo& info) { info.open = false; });
  ASSERT_TRUE(swarm.settle());
  EXPECT_EQ(swarm.copies(1), 1);
}

TEST(Eviction, TheCopyStartsWhenTheSpaceIsFree) {
  FakeSwarm swarm(bare());
  for (int node = 1; node <= 4; ++node) swarm.add_node(node, 10);
  swarm.add_file(1, 10, 1, {1, 2, 3});
  swarm.disobedient = {1, 2, 3};
  swarm.add_file(2, 10, 2, {4});
  ASSERT_TRUE(swarm.settle());
  EXPECT_EQ(swarm.scheduler.health().copies_in_flight, 0U) << "the victim is still there";
  EXPECT_EQ(swarm.scheduler.why(inode(2)).arriving, 1);
  swarm.disobedient = {};
  swarm.now += std::chrono::seconds(31);  // the deletion is ordered again
  ASSERT_TRUE(swarm.settle());
  EXPECT_EQ(swarm.copies(2), 2);
}

TEST(Trash, SpareCopiesGoFirstOldestDeletionFirst) {
  FakeSwarm swarm(bare());
  swarm.add_node(1, 30);
  for (int node = 2; node <= 5; ++node) {
    swarm.add_node(node, 1000);
    swarm.change_node(node, [](NodeInfo& info) { info.admin = AdminState::kReadonly; });
  }
  swarm.add_file(1, 10, 1, {1, 2, 3, 4});  // surplus 3
  swarm.add_file(2, 10, 3, {1, 2});
  swarm.add_file(3, 10, 3, {1, 2});
  swarm.change_file(2, [](FileInfo& info) { info.trash = true, info.deleted_at_s = 2000; });
  swarm.change_file(3, [](FileInfo& info) { info.trash = true, info.deleted_at_s = 1000; });
  swarm.add_file(4, 10, 5, {5});
  ASSERT_TRUE(swarm.settle());
  EXPECT_EQ(swarm.copies(3), 1);
  EXPECT_EQ(swarm.copies(2), 2);
  EXPECT_EQ(swarm.copies(1), 4);
}

TEST(Trash, TheLastCopyGoesForAFileBelowItsTargetOnly) {
  FakeSwarm swarm(bare({.fill = true}));
  swarm.add_node(1, 10);
  swarm.add_node(2, 10);
  swarm.add_file(1, 10, 3, {1});
  swarm.change_file(1, [](FileInfo& info) { info.trash = true, info.deleted_at_s = 1; });
  swarm.add_file(2, 10, 1, {2});
  ASSERT_TRUE(swarm.settle());
  EXPECT_EQ(swarm.copies(1), 1) << "a spare copy is not worth it";
  swarm.change_file(2, [](FileInfo& info) { info.target = 2; });
  bool named = false;
  for (int i = 0; i < 10; ++i) {
    swarm.turn();
    for (const DeleteOrder& order : swarm.deletes_ordered()) {
      EXPECT_TRUE(order.of_trash);
      named = named || order.last_of_trash;
    }
  }
  EXPECT_TRUE(named);
  EXPECT_EQ(swarm.copies(1), 0);
  EXPECT_EQ(swarm.copies(2), 2);
}

TEST(Reserve, IsMadeWholeFromSpareCopiesWhenItFallsUnderHalf) {
  SchedulerSettings settings = bare({.fill = true});
  settings.write_reserve = 0.2;
  FakeSwarm swarm(settings);
  for (int node = 1; node <= 3; ++node) swarm.add_node(node, 100);
  for (uint64_t file = 1; file <= 8; ++file) swarm.add_file(file, 10, 1, {1, 2, 3});
  ASSERT_TRUE(swarm.settle());
  for (int node = 1; node <= 3; ++node) EXPECT_EQ(swarm.disks[node].size(), 8U) << "20 bytes are kept free";
  swarm.add_file(9, 9, 1, {1});
  ASSERT_TRUE(swarm.settle());
  EXPECT_EQ(swarm.disks[1].size(), 9U) << "11 free bytes are more than half";
  swarm.add_file(10, 2, 1, {1});
  ASSERT_TRUE(swarm.settle());
  uint64_t used = 0;
  for (const auto& [replica, size] : swarm.disks[1]) used += size;
  EXPECT_LE(used, 80U);
  EXPECT_GE(swarm.scheduler.health().min_surplus, 0);
}

TEST(Reserve, TakesNoCopyThatIsNotSpare) {
  SchedulerSettings settings = bare({.fill = true});
  settings.write_reserve = 0.5;
  FakeSwarm swarm(settings);
  swarm.add_node(1, 100);
  swarm.add_node(2, 100);
  for (uint64_t file = 1; file <= 9; ++file) swarm.add_file(file, 10, 2, {1, 2});
  ASSERT_TRUE(swarm.settle());
  for (uint64_t file = 1; file <= 9; ++file) EXPECT_EQ(swarm.copies(file), 2);
}

TEST(Reserve, CopiesToTargetMayUseIt) {
  SchedulerSettings settings = bare({.fill = true});
  settings.write_reserve = 0.5;
  FakeSwarm swarm(settings);
  swarm.add_node(1, 100);
  swarm.add_node(2, 100);
  for (uint64_t file = 1; file <= 9; ++file) swarm.add_file(file, 10, 2, {1});
  ASSERT_TRUE(swarm.settle());
  EXPECT_EQ(swarm.scheduler.health().min_surplus, 0);
}

TEST(Parking, AFileBiggerThanAnyRoomBlocksNobody) {
  FakeSwarm swarm(bare());
  for (int node = 1; node <= 3; ++node) swarm.add_node(node, 1000);
  swarm.add_file(1, 900, 3, {1});
  swarm.add_file(2, 200, 1, {2});
  swarm.add_file(3, 200, 1, {3});
  for (uint64_t file = 10; file < 20; ++file) swarm.add_file(file, 10, 3, {1});
  ASSERT_TRUE(swarm.settle());
  EXPECT_EQ(swarm.copies(1), 1);
  for (uint64_t file = 10; file < 20; ++file) EXPECT_EQ(swarm.copies(file), 3);
  Health health = swarm.scheduler.health();
  EXPECT_EQ(health.copies_parked, 1U);
  EXPECT_EQ(health.copies_queued, 0U);
}

class Waking : public ::testing::TestWithParam<const char*> {};

// A file of 50 bytes that fits nowhere; then one thing changes.
TEST_P(Waking, ByAnyChangeThatHelps) {
  std::string change = GetParam();
  FakeSwarm swarm(bare());
  swarm.add_node(1, 100);
  swarm.add_node(2, 100);
  swarm.add_node(3, 100);
  swarm.change_node(3, [](NodeInfo& info) { info.admin = AdminState::kReadonly; });
  swarm.add_file(1, 50, 2, {1});
  swarm.add_file(2, 60, 2, {2, 3});
  ASSERT_TRUE(swarm.settle());
  ASSERT_EQ(swarm.copies(1), 1);
  ASSERT_EQ(swarm.scheduler.health().copies_parked, 1U);
  ASSERT_EQ(swarm.scheduler.health().copies_queued, 0U);
  if (change == "quota") swarm.change_node(2, [](NodeInfo& info) { info.quota = 110; });
  if (change == "deletion") swarm.remove_file(2);
  if (change == "new_node") swarm.add_node(4, 50);
  if (change == "activated") swarm.change_node(3, [](NodeInfo& info) { info.quota = 200, info.admin = {}; });
  if (change == "lost_replica") {
    swarm.disks[2].clear();
    swarm.scheduler.replica_removed(inode(2), swarm.files[2].version, node_id(2));
    swarm.change_file(2, [](FileInfo& info) { info.target = 1; });
  }
  if (change == "lower_target_of_another") swarm.change_file(2, [](FileInfo& info) { info.target = 1; });
  if (change == "higher_target") swarm.change_file(1, [](FileInfo& info) { info.target = 3; });
  ASSERT_TRUE(swarm.settle());
  EXPECT_EQ(swarm.copies(1), 2);
}

INSTANTIATE_TEST_SUITE_P(Changes, Waking,
                         ::testing::Values("quota", "deletion", "new_node", "activated", "lost_replica",
                                           "lower_target_of_another", "higher_target"));

TEST(Lane, ABoostedFileDoesNotStarveEndangeredOnes) {
  SchedulerSettings settings = bare();
  settings.copies_out_per_node = 1;
  settings.copies_in_per_node = 1;
  FakeSwarm swarm(settings);
  for (int node = 1; node <= 20; ++node) swarm.add_node(node, 10'000);
  swarm.add_file(1, 10, 5000, {1, 2});
  for (uint64_t file = 2; file <= 6; ++file) swarm.add_file(file, 10, 2, {static_cast<int>(file)});
  swarm.turn();
  std::set<uint64_t> served;
  for (const CopyOrder& order : swarm.copies_ordered()) served.insert(order.replica.inode.value);
  for (uint64_t file = 2; file <= 6; ++file) {
    for (int i = 0; i < 10 && swarm.copies(file) < 2; ++i) swarm.turn();
    EXPECT_EQ(swarm.copies(file), 2) << file;
  }
  EXPECT_LT(swarm.copies(1), 20) << "they did not wait for the boosted file to be everywhere";
}

TEST(Order, LowestSurplusThenFewestCopiesThenMostWantedThenLowestInode) {
  SchedulerSettings settings = bare();
  settings.copies_in_per_node = 1;
  FakeSwarm swarm(settings);
  for (int node = 1; node <= 3; ++node) swarm.add_node(node, 10'000);
  swarm.add_node(4, 10'000);
  for (int node = 1; node <= 3; ++node) {
    swarm.change_node(node, [](NodeInfo& info) { info.admin = AdminState::kReadonly; });
  }
  swarm.add_file(5, 10, 3, {1, 2});     // -1
  swarm.add_file(6, 10, 3, {1, 2});     // -1, more wanted
  swarm.add_file(7, 10, 1.5, {1});      // -0.5
  swarm.add_file(8, 10, 2, {1, 2});     // 0: nothing to do
  swarm.add_file(9, 10, 4, {1, 2, 3});  // -1, more copies
  swarm.add_file(4, 10, 3, {1, 2});     // -1, lower inode
  swarm.scheduler.weight_changed(inode(6), 7);
  std::vector<uint64_t> order;
  for (int i = 0; i < 20; ++i) {
    swarm.turn();
    for (const CopyOrder& copy : swarm.copies_ordered()) order.push_back(copy.replica.inode.value & 0xFF);
  }
  EXPECT_EQ(order, (std::vector<uint64_t>{6, 4, 5, 9, 7}));
}

}  // namespace
}  // namespace fsdfs::master
