// What the load of nodes may decide, and what it may not.
#include <gtest/gtest.h>

#include "tests/unit/scheduler/fake_swarm.h"

namespace fsdfs::master {
namespace {

void make_busy(FakeSwarm& swarm, int node) {
  swarm.change_node(node, [](NodeInfo& info) { info.load.cpu = 1; });
}

TEST(Load, AMissingCopyGoesToABusyNodeRatherThanNowhere) {
  FakeSwarm swarm;
  for (int node = 1; node <= 3; ++node) swarm.add_node(node, 1000);
  swarm.add_file(1, 10, 3, {1, 2});
  for (int node = 1; node <= 3; ++node) make_busy(swarm, node);
  ASSERT_TRUE(swarm.settle());
  EXPECT_EQ(swarm.copies(1), 3);
}

TEST(Load, AQuietNodeIsTakenBeforeABusyOne) {
  SchedulerSettings settings;
  settings.fill = false;
  FakeSwarm swarm(settings);
  swarm.add_node(1, 1000);
  swarm.add_node(2, 1000);
  swarm.add_node(3, 500);
  make_busy(swarm, 2);
  swarm.add_file(1, 10, 2, {1});
  ASSERT_TRUE(swarm.settle());
  EXPECT_EQ(swarm.holders(1), (std::set<int>{1, 3}));
}

// A server may be busy with other things for ever; what backs off for clients is the pace.
TEST(Load, IdleQuotaOfABusyNodeIsFilledAsWell) {
  FakeSwarm swarm;
  swarm.add_node(1, 1000);
  swarm.add_node(2, 1000);
  make_busy(swarm, 2);
  swarm.add_file(1, 10, 1, {1});
  ASSERT_TRUE(swarm.settle());
  EXPECT_EQ(swarm.copies(1), 2);
}

}  // namespace
}  // namespace fsdfs::master
