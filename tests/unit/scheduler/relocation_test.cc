#include <gtest/gtest.h>

#include "tests/unit/scheduler/fake_swarm.h"

namespace fsdfs::master {
namespace {

// t = 1 lacks nodes 3 and 4, where u = 3 may not give way; w = 2 has a copy too many, where t has one
// already.
struct Stuck {
  explicit Stuck(const SchedulerSettings& settings = bare({.fill = true}), uint64_t moved_size = 10)
      : swarm(settings) {
    swarm.add_node(1, 20);
    swarm.add_node(2, 20);
    swarm.add_node(3, moved_size);
    swarm.add_node(4, moved_size);
    swarm.add_file(1, 10, 3, {1, 2});
    swarm.add_file(2, 10, 1, {1, 2});
    swarm.add_file(3, moved_size, 2, {3, 4});
  }
  // Until nothing moves; how many copies were made to make way.
  int settle() {
    int moves = 0;
    for (int quiet = 0, turns = 0; quiet < 3 && turns < 200; ++turns) {
      swarm.turn();
      quiet = swarm.orders.empty() ? quiet + 1 : 0;
      for (const CopyOrder& order : swarm.copies_ordered()) moves += order.cause == CopyCause::kMakeWay;
      for (const DeleteOrder& order : swarm.deletes_ordered()) deletes.push_back(order);
    }
    EXPECT_TRUE(swarm.orders.empty()) << "no rest";
    return moves;
  }
  FakeSwarm swarm;
  std::vector<DeleteOrder> deletes;
};

TEST(Relocation, ACopyMovesOutOfTheWay) {
  Stuck stuck;
  EXPECT_EQ(stuck.settle(), 1);
  for (uint64_t file = 1; file <= 3; ++file) EXPECT_EQ(stuck.swarm.surplus(file), 0) << file;
  EXPECT_EQ(stuck.swarm.copies(1), 3);
}

TEST(Relocation, TheOrdersSayForWhom) {
  Stuck stuck;
  ASSERT_EQ(stuck.settle(), 1);
  ASSERT_EQ(stuck.deletes.size(), 2U);
  EXPECT_EQ(stuck.deletes[0].replica.inode, inode(2));
  EXPECT_EQ(stuck.deletes[0].for_inode, inode(1));
  EXPECT_EQ(stuck.deletes[0].by_way_of, inode(3));
  EXPECT_NE(describe(stuck.deletes[0]).find("gives way to " + to_string(inode(1)) + " by way of"),
            std::string::npos);
  EXPECT_EQ(stuck.deletes[1].replica.inode, inode(3));
  EXPECT_EQ(stuck.deletes[1].by_way_of, InodeId{});
}

TEST(Relocation, NothingMovesThatWouldNotMakeWay) {
  Stuck too_small(bare({.fill = true}), 9);
  EXPECT_EQ(too_small.settle(), 0);
  EXPECT_EQ(too_small.swarm.copies(2), 2);
}

TEST(Relocation, NothingMovesForAFileThatIsNoWorseOff) {
  Stuck stuck;
  stuck.swarm.change_file(3, [](FileInfo& info) { info.target = 3; });
  EXPECT_EQ(stuck.settle(), 0) << "file 3 takes the place itself";
  EXPECT_EQ(stuck.swarm.copies(3), 3);
  EXPECT_EQ(stuck.swarm.copies(1), 2);
}

TEST(Relocation, TheDonorStaysNoWorseOffThanTheMovedWas) {
  Stuck stuck;
  // -1.5 and 0.5: their gap is two, but file 2 would fall below what file 3 has now.
  stuck.swarm.change_file(1, [](FileInfo& info) { info.target = 3.5; });
  stuck.swarm.change_file(2, [](FileInfo& info) { info.target = 1.5; });
  EXPECT_EQ(stuck.settle(), 0);
  EXPECT_EQ(stuck.swarm.copies(1), 2);
}

TEST(Relocation, MinCopiesAreKept) {
  SchedulerSettings settings = bare({.fill = true});
  settings.min_copies = 2;
  Stuck stuck(settings);
  stuck.swarm.change_file(1, [](FileInfo& info) { info.target = 4; });
  stuck.swarm.change_file(2, [](FileInfo& info) { info.target = 2; });
  EXPECT_EQ(stuck.settle(), 0);
  EXPECT_EQ(stuck.swarm.copies(2), 2);
}

TEST(Relocation, AFailedCopyIsTriedAgainAfterAWhile) {
  Stuck stuck;
  stuck.swarm.disobedient = {1, 2};
  int failed = 0;
  for (int i = 0; i < 100; ++i) {
    stuck.swarm.turn();
    for (const CopyOrder& copy : stuck.swarm.copies_ordered()) {
      failed += copy.cause == CopyCause::kMakeWay;
      stuck.swarm.scheduler.copy_failed(copy.id, CopyFailure::kTarget, stuck.swarm.now);
    }
    for (const DeleteOrder& order : stuck.swarm.deletes_ordered()) {
      stuck.swarm.disks[order.node.bytes[1]].erase(order.replica);
      stuck.swarm.scheduler.replica_removed(order.replica.inode, order.replica.version, order.node);
    }
  }
  EXPECT_GE(failed, 1);
  EXPECT_EQ(stuck.swarm.surplus(1), -1);
  stuck.swarm.disobedient = {};
  for (int i = 0; i < 300; ++i) stuck.swarm.turn();
  EXPECT_EQ(stuck.swarm.surplus(1), 0);
}

}  // namespace
}  // namespace fsdfs::master
