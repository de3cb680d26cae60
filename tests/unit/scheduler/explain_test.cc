#include <gtest/gtest.h>

#include "tests/unit/scheduler/fake_swarm.h"

namespace fsdfs::master {
namespace {

TEST(Why, TellsCopiesPlacesAndWhyNotElsewhere) {
  FakeSwarm swarm(bare());
  for (int node = 1; node <= 5; ++node) swarm.add_node(node, 100);
  swarm.change_node(2, [](NodeInfo& info) { info.admin = AdminState::kReadonly; });
  swarm.change_node(3, [](NodeInfo& info) { info.liveness = Liveness::kSilent; });
  swarm.change_node(4, [](NodeInfo& info) { info.quota = 5; });
  swarm.add_file(1, 10, 2.5, {1, 3});
  Explanation why = swarm.scheduler.why(inode(1));
  EXPECT_TRUE(why.known);
  EXPECT_DOUBLE_EQ(why.target, 2.5);
  EXPECT_EQ(why.copies, 2);
  EXPECT_DOUBLE_EQ(why.surplus, -0.5);
  EXPECT_EQ(why.places.size(), 2U);
  EXPECT_EQ(why.not_on.at(node_id(2)), "readonly");
  EXPECT_EQ(why.not_on.at(node_id(4)), "no room");
  EXPECT_EQ(why.not_on.at(node_id(5)), "has room");
  EXPECT_FALSE(why.not_on.contains(node_id(1)));
  EXPECT_NE(why.next.find("a copy to node " + to_string(node_id(5))), std::string::npos) << why.next;
}

struct Next {
  const char* name;
  std::function<void(FakeSwarm&)> make;
  const char* text;
};

class WhyNext : public ::testing::TestWithParam<Next> {};

TEST_P(WhyNext, SaysWhatHappensNext) {
  FakeSwarm swarm(bare());
  GetParam().make(swarm);
  std::string next = swarm.scheduler.why(inode(1)).next;
  EXPECT_NE(next.find(GetParam().text), std::string::npos) << next;
}

INSTANTIATE_TEST_SUITE_P(
    Cases, WhyNext,
    ::testing::Values(Next{"at_target",
                           [](FakeSwarm& swarm) {
                             swarm.add_node(1, 100);
                             swarm.add_file(1, 10, 1, {1});
                           },
                           "nothing: it has its copies"},
                      Next{"no_room",
                           [](FakeSwarm& swarm) {
                             swarm.add_node(1, 100);
                             swarm.add_node(2, 5);
                             swarm.add_file(1, 10, 2, {1});
                             ASSERT_TRUE(swarm.settle());
                           },
                           "waits for room"},
                      Next{"no_copy", [](FakeSwarm& swarm) { swarm.add_file(1, 10, 2, {}); }, "no live copy"},
                      Next{"no_source",
                           [](FakeSwarm& swarm) {
                             swarm.add_node(1, 100);
                             swarm.add_file(1, 10, 2, {1});
                             swarm.change_node(1, [](NodeInfo& node) { node.liveness = Liveness::kSilent; });
                           },
                           "no node that holds it is up"},
                      Next{"open",
                           [](FakeSwarm& swarm) {
                             swarm.add_node(1, 100);
                             swarm.add_file(1, 10, 2, {1});
                             swarm.change_file(1, [](FileInfo& file) { file.open = true; });
                           },
                           "open in a session"},
                      Next{"trash",
                           [](FakeSwarm& swarm) {
                             swarm.add_node(1, 100);
                             swarm.add_file(1, 10, 2, {1});
                             swarm.change_file(1, [](FileInfo& file) { file.trash = true; });
                           },
                           "in the trash"},
                      Next{"removed",
                           [](FakeSwarm& swarm) {
                             swarm.add_node(1, 100);
                             swarm.disobedient = {1};
                             swarm.add_file(1, 10, 2, {1});
                             swarm.remove_file(1);
                           },
                           "being deleted"},
                      Next{"eviction",
                           [](FakeSwarm& swarm) {
                             for (int node = 1; node <= 3; ++node) swarm.add_node(node, 10);
                             swarm.add_file(2, 10, 1, {2, 3});
                             swarm.scheduler.tick(swarm.now);
                             swarm.add_file(1, 10, 3, {1});
                           },
                           "give way"}),
    [](const ::testing::TestParamInfo<Next>& param) { return std::string(param.param.name); });

TEST(Describe, IsOneLineWithTheReason) {
  CopyOrder copy;
  copy.replica = {InodeId{12}, version(7)};
  copy.target = node_id(1);
  copy.cause = CopyCause::kEndangered;
  copy.surplus = -2;
  EXPECT_EQ(describe(copy), "copy 12@1.7 to " + to_string(node_id(1)) + ": one live copy (K-N = -2)");
  DeleteOrder removal;
  removal.replica = {InodeId{12}, version(7)};
  removal.node = node_id(2);
  removal.cause = DeleteCause::kRoomForFile;
  removal.for_inode = InodeId{13};
  removal.surplus = 1;
  removal.repeated = true;
  EXPECT_EQ(describe(removal),
            "delete 12@1.7 from " + to_string(node_id(2)) + ": gives way to 13 (K-N = 1), again");
  CancelOrder cancel;
  cancel.replica = {InodeId{12}, version(7)};
  cancel.target = node_id(3);
  cancel.cause = CancelCause::kTooSlow;
  EXPECT_EQ(describe(cancel), "cancel the copy of 12@1.7 to " + to_string(node_id(3)) + ": too slow");
}

TEST(Health, FollowsDeathAndReturnOfANode) {
  FakeSwarm swarm(bare());
  swarm.add_node(1, 1000);
  swarm.add_node(2, 1000);
  for (uint64_t file = 1; file <= 50; ++file) swarm.add_file(file, 10, 2, {1, 2});
  ASSERT_TRUE(swarm.settle());
  EXPECT_EQ(swarm.scheduler.health().min_surplus, 0);
  swarm.change_node(2, [](NodeInfo& info) { info.liveness = Liveness::kDead; });
  EXPECT_TRUE(swarm.scheduler.health().settling);
  swarm.turn();
  Health health = swarm.scheduler.health();
  EXPECT_FALSE(health.settling);
  EXPECT_EQ(health.min_surplus, -1);
  EXPECT_EQ(health.endangered, 50U);
  EXPECT_EQ(health.capped, 50U);
  EXPECT_EQ(health.nodes_dead, 1U);
  EXPECT_EQ(swarm.scheduler.node(node_id(1))->only_copies, 50U);
  swarm.change_node(2, [](NodeInfo& info) { info.liveness = Liveness::kUp; });
  swarm.turn();
  EXPECT_EQ(swarm.scheduler.health().min_surplus, 0);
  EXPECT_EQ(swarm.scheduler.health().endangered, 0U);
}

TEST(Nodes, TellTheirMaxSurplus) {
  FakeSwarm swarm(bare());
  swarm.add_node(1, 1000);
  swarm.add_node(2, 1000);
  swarm.add_file(1, 10, 1, {1, 2});
  swarm.add_file(2, 10, 3, {1});
  swarm.disobedient = {2};
  swarm.turn();
  EXPECT_TRUE(swarm.scheduler.node(node_id(1))->has_max_surplus);
  EXPECT_EQ(swarm.scheduler.node(node_id(1))->max_surplus, 1);
  EXPECT_EQ(swarm.scheduler.holders(inode(1)), (std::vector<NodeId>{node_id(1), node_id(2)}));
}

TEST(Holders, UpAndNotDrainingFirstDeadOnesNot) {
  FakeSwarm swarm(bare());
  for (int node = 1; node <= 4; ++node) swarm.add_node(node, 1000);
  swarm.add_file(1, 10, 4, {1, 2, 3, 4});
  swarm.change_node(1, [](NodeInfo& info) { info.admin = AdminState::kDraining; });
  swarm.change_node(2, [](NodeInfo& info) { info.liveness = Liveness::kSilent; });
  swarm.change_node(3, [](NodeInfo& info) { info.liveness = Liveness::kDead; });
  EXPECT_EQ(swarm.scheduler.holders(inode(1)), (std::vector<NodeId>{node_id(4), node_id(1), node_id(2)}));
}

}  // namespace
}  // namespace fsdfs::master
