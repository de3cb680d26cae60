// When a draining node may be said to be drained: not before a whole sweep has looked at it as draining.
#include <gtest/gtest.h>

#include "tests/unit/scheduler/fake_swarm.h"

namespace fsdfs::master {
namespace {

TEST(Drain, IsCountedByASweepThatBeganAfterIt) {
  SchedulerSettings settings;
  settings.write_reserve = 0;
  settings.fill = false;
  settings.files_swept_per_tick = 1;
  FakeSwarm swarm(settings);
  for (int node : {1, 2}) swarm.add_node(node, 100);
  swarm.add_node(3, 1);  // room for nothing
  for (uint64_t file : {1, 2, 3}) swarm.add_file(file, 10, 2, {1, 2});
  for (int i = 0; i < 20; ++i) swarm.turn();
  // A sweep begins, and the node drains when it has looked at one file.
  swarm.change_node(2, [](NodeInfo& info) { info.admin = AdminState::kReadonly; });
  swarm.turn();
  swarm.change_node(1, [](NodeInfo& info) { info.admin = AdminState::kDraining; });
  auto view = [&swarm] { return *swarm.scheduler.node(node_id(1)); };
  EXPECT_FALSE(view().drain_counted);
  EXPECT_EQ(view().drain_left, 3U) << "all its files, until somebody has looked";
  int turns = 0;
  while (!view().drain_counted && ++turns < 100) {
    EXPECT_EQ(view().drain_left, 3U);
    swarm.turn();
  }
  EXPECT_GT(turns, 3) << "the sweep under way does not count";
  EXPECT_EQ(view().drain_left, 3U) << "there is no room elsewhere";
  swarm.change_node(1, [](NodeInfo& info) { info.admin = AdminState::kActive; });
  EXPECT_FALSE(view().drain_counted);
  swarm.change_node(3, [](NodeInfo& info) { info.quota = 100; });
  swarm.change_node(1, [](NodeInfo& info) { info.admin = AdminState::kDraining; });
  turns = 0;
  while ((!view().drain_counted || view().drain_left != 0) && ++turns < 1000) swarm.turn();
  EXPECT_TRUE(view().drain_counted);
  EXPECT_EQ(view().drain_left, 0U);
  for (uint64_t file : {1, 2, 3}) EXPECT_TRUE(swarm.holders(file).contains(3));
}

}  // namespace
}  // namespace fsdfs::master
