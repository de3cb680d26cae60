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

// Room gets free with every put that ends. Looking through all files each time would be all that a full swarm
// does.
TEST(Load, ParkedFilesAreLookedAtNowAndThenNotAtEveryByteThatGetsFree) {
  FakeSwarm swarm(bare());
  swarm.add_node(1, 100'000);
  swarm.add_node(2, 30);
  for (uint64_t file = 1; file <= 3000; ++file) swarm.add_file(file, 30, 2, {1});
  swarm.add_file(3001, 30, 1, {2});
  ASSERT_TRUE(swarm.settle());
  auto look = [&] {
    for (int turn = 0; turn < 1000; ++turn) {
      if (!swarm.scheduler.tick(swarm.now).more_work) return turn;
    }
    return 1000;
  };
  swarm.now += std::chrono::seconds(1);
  for (int i = 0; i < 10; ++i) {
    AdmitRequest request;
    request.session = SessionId{static_cast<uint64_t>(i) + 1};
    request.size = 1;
    request.copies = 1;
    ASSERT_EQ(swarm.scheduler.admit(request, swarm.now).outcome, Admission::Outcome::kGranted);
    swarm.scheduler.release(request.session);
    EXPECT_EQ(look(), 0) << i;
    EXPECT_FALSE(swarm.scheduler.health().settling);
  }
  swarm.change_node(2, [](NodeInfo& info) { info.quota = 60; });
  EXPECT_TRUE(swarm.scheduler.tick(swarm.now).orders.empty());
  EXPECT_EQ(swarm.scheduler.tick(swarm.now + std::chrono::milliseconds(3)).orders.size(), 1u);
}

}  // namespace
}  // namespace fsdfs::master
