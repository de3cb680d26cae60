// What reads do to decisions: spare copies and ties go by the weights that reads make.
#include <gtest/gtest.h>

#include "master/scheduler/read_weight.h"
#include "tests/unit/scheduler/fake_swarm.h"

namespace fsdfs::master {
namespace {

constexpr WallTime kSevenYears = kReadOrigin + std::chrono::years(7);

TEST(Reads, SpareCopiesGoToTheMostReadFiles) {
  FakeSwarm swarm(bare({.min_copies = 2, .fill = true}));
  // Room for 4 spare copies of the 10 files.
  for (int node = 1; node <= 2; ++node) swarm.add_node(node, 70);
  for (uint64_t file = 1; file <= 10; ++file) swarm.add_file(file, 10, 1, {static_cast<int>(file % 2) + 1});
  for (uint64_t file : {2, 3, 6, 9}) swarm.scheduler.reads_noted(inode(file), 10 * file, kSevenYears);
  ASSERT_TRUE(swarm.settle());
  for (uint64_t file = 1; file <= 10; ++file) {
    bool read = file == 2 || file == 3 || file == 6 || file == 9;
    EXPECT_EQ(swarm.copies(file), read ? 2 : 1) << file;
  }
}

TEST(Reads, TheNewlyPopularGetTheRoomThatComesFree) {
  FakeSwarm swarm(bare({.min_copies = 2, .fill = true}));
  for (int node = 1; node <= 2; ++node) swarm.add_node(node, 30);
  for (uint64_t file = 1; file <= 4; ++file) swarm.add_file(file, 10, 1, {static_cast<int>(file % 2) + 1});
  swarm.scheduler.reads_noted(inode(1), 100, kSevenYears);
  swarm.scheduler.reads_noted(inode(2), 100, kSevenYears);
  ASSERT_TRUE(swarm.settle());
  ASSERT_EQ(swarm.copies(1) + swarm.copies(2), 4);
  // A spare copy is no more than one better off: it may not give way, or the two would swap for ever.
  swarm.scheduler.reads_noted(inode(3), 100, kSevenYears + std::chrono::days(30));
  ASSERT_TRUE(swarm.settle());
  EXPECT_EQ(swarm.copies(3), 1);
  swarm.add_node(3, 10);
  ASSERT_TRUE(swarm.settle());
  EXPECT_EQ(swarm.copies(3), 2);
  EXPECT_EQ(swarm.copies(4), 1);
}

TEST(Reads, TheLeastReadGivesWayFirst) {
  FakeSwarm swarm(bare({.min_copies = 2, .fill = true}));
  for (int node = 1; node <= 3; ++node) swarm.add_node(node, 20);
  swarm.add_file(1, 10, 1, {1, 2, 3});
  swarm.add_file(2, 10, 1, {1, 2, 3});
  swarm.scheduler.reads_noted(inode(1), 5, kSevenYears);
  swarm.scheduler.reads_noted(inode(2), 4, kSevenYears);
  ASSERT_TRUE(swarm.put(3, 10, 2));
  EXPECT_EQ(swarm.copies(1) + swarm.copies(2), 4);
  ASSERT_TRUE(swarm.settle());
  EXPECT_GE(swarm.copies(1), swarm.copies(2));
}

TEST(Reads, AreKeptWhenTheFileChangesOtherwise) {
  FakeSwarm swarm(bare({.min_copies = 2, .fill = true}));
  swarm.add_node(1, 100);
  swarm.add_file(1, 10, 1, {1});
  float weight = swarm.scheduler.reads_noted(inode(1), 1000, kSevenYears);
  EXPECT_NEAR(reads_left(weight, kSevenYears), 1000, 2);
  swarm.change_file(1, [](FileInfo& info) { info.target = 2; });
  weight = swarm.scheduler.reads_noted(inode(1), 1000, kSevenYears);
  EXPECT_NEAR(reads_left(weight, kSevenYears), 2000, 4);
  swarm.change_file(1, [](FileInfo& info) { info.weight = kNeverRead; });
  EXPECT_NEAR(reads_left(swarm.scheduler.reads_noted(inode(1), 7, kSevenYears), kSevenYears), 7, 0.1);
}

TEST(Reads, OfUnknownAndDeletedFilesAreIgnored) {
  FakeSwarm swarm(bare({.min_copies = 2, .fill = true}));
  swarm.add_node(1, 100);
  swarm.add_file(1, 10, 1, {1});
  swarm.change_file(1, [](FileInfo& info) { info.trash = true; });
  EXPECT_EQ(swarm.scheduler.reads_noted(inode(1), 5, kSevenYears), kNeverRead);
  EXPECT_EQ(swarm.scheduler.reads_noted(inode(99), 5, kSevenYears), kNeverRead);
  swarm.change_file(1, [](FileInfo& info) { info.trash = false; });
  EXPECT_NEAR(reads_left(swarm.scheduler.reads_noted(inode(1), 5, kSevenYears), kSevenYears), 5, 0.1);
}

}  // namespace
}  // namespace fsdfs::master
