#include <gtest/gtest.h>

#include "tests/unit/scheduler/fake_swarm.h"

namespace fsdfs::master {
namespace {

using Outcome = Admission::Outcome;

AdmitRequest request(uint64_t session, uint64_t size, double target = 3) {
  AdmitRequest r;
  r.session = SessionId{session};
  r.size = size;
  r.target = target;
  return r;
}

TEST(Admission, ChainOfSyncCopiesInDifferentZonesWithTheSpaceReserved) {
  FakeSwarm swarm(bare());
  swarm.add_node(1, 9000, "a");
  swarm.add_node(2, 8000, "a");
  swarm.add_node(3, 1000, "b");
  Admission answer = swarm.scheduler.admit(request(1, 100), swarm.now);
  ASSERT_EQ(answer.outcome, Outcome::kGranted);
  EXPECT_EQ(answer.chain, (std::vector<NodeId>{node_id(1), node_id(3)}));
  EXPECT_EQ(answer.wanted, 2);
  EXPECT_EQ(swarm.scheduler.node(node_id(1))->arriving, 100U);
  EXPECT_EQ(swarm.scheduler.node(node_id(3))->arriving, 100U);
  swarm.scheduler.release(SessionId{1});
  EXPECT_EQ(swarm.scheduler.node(node_id(1))->arriving, 0U);
}

TEST(Admission, TheSameSessionGetsTheSameAnswer) {
  FakeSwarm swarm(bare());
  for (int node = 1; node <= 4; ++node) swarm.add_node(node, 1000);
  Admission first = swarm.scheduler.admit(request(1, 100), swarm.now);
  Admission again = swarm.scheduler.admit(request(1, 100), swarm.now);
  EXPECT_EQ(first.chain, again.chain);
  uint64_t reserved = 0;
  for (const NodeView& node : swarm.scheduler.nodes()) reserved += node.arriving;
  EXPECT_EQ(reserved, 200U);
}

TEST(Admission, FewerMembersWhenFewerNodesHaveRoom) {
  FakeSwarm swarm(bare());
  swarm.add_node(1, 1000);
  swarm.add_node(2, 50);
  Admission answer = swarm.scheduler.admit(request(1, 100), swarm.now);
  ASSERT_EQ(answer.outcome, Outcome::kGranted);
  EXPECT_EQ(answer.chain, (std::vector<NodeId>{node_id(1)}));
  EXPECT_EQ(answer.wanted, 1);
}

TEST(Admission, RefusedBelowSyncCopiesMinAndNothingIsDeletedForIt) {
  SchedulerSettings settings = bare();
  settings.sync_copies_min = 2;
  FakeSwarm swarm(settings);
  swarm.add_node(1, 100);
  swarm.add_node(2, 100);
  swarm.add_node(3, 100);
  swarm.change_node(3, [](NodeInfo& info) { info.admin = AdminState::kReadonly; });
  swarm.add_file(1, 100, 1, {1, 3});  // could give way on node 1
  swarm.add_file(2, 100, 1, {2});     // may not
  Admission answer = swarm.scheduler.admit(request(1, 100), swarm.now);
  ASSERT_EQ(answer.outcome, Outcome::kRefused);
  EXPECT_EQ(answer.refusal.reason(), Reason::kNoSpace);
  EXPECT_NE(answer.refusal.message().find("no space"), std::string::npos);
  swarm.turn();
  EXPECT_TRUE(swarm.orders.empty());
  EXPECT_EQ(swarm.copies(1), 2);
}

TEST(Admission, WithoutAnyNodeItSaysSo) {
  FakeSwarm swarm(bare());
  Admission answer = swarm.scheduler.admit(request(1, 100), swarm.now);
  ASSERT_EQ(answer.outcome, Outcome::kRefused);
  EXPECT_EQ(answer.refusal.code(), Code::kUnavailable);
}

TEST(Admission, EvictsByInvariant2AndWaitsForTheSpace) {
  FakeSwarm swarm(bare());
  for (int node = 1; node <= 4; ++node) swarm.add_node(node, 10);
  swarm.add_file(1, 10, 2, {1, 2, 3, 4});
  Admission answer = swarm.scheduler.admit(request(1, 10, 2), swarm.now);
  EXPECT_EQ(answer.outcome, Outcome::kWait);
  EXPECT_EQ(answer.wanted, 2);
  swarm.turn();
  EXPECT_EQ(swarm.deletes_ordered().size(), 2U);
  for (const DeleteOrder& order : swarm.deletes_ordered()) {
    EXPECT_EQ(order.cause, DeleteCause::kRoomForSession);
    EXPECT_EQ(order.for_session, SessionId{1});
  }
  answer = swarm.scheduler.admit(request(1, 10, 2), swarm.now);
  EXPECT_EQ(answer.outcome, Outcome::kGranted);
  EXPECT_EQ(answer.chain.size(), 2U);
  EXPECT_EQ(swarm.copies(1), 2);
}

TEST(Admission, TheSecondMemberCountsTheFirst) {
  FakeSwarm swarm(bare());
  swarm.add_node(1, 10);
  swarm.add_node(2, 10);
  swarm.add_node(3, 10);
  swarm.add_file(1, 10, 3, {1, 2, 3});  // surplus 0
  // N = 2: the first member may take what has -2+2 = 0, the second only what has 1.
  Admission answer = swarm.scheduler.admit(request(1, 10, 2), swarm.now);
  EXPECT_EQ(answer.wanted, 1);
  swarm.turn();
  EXPECT_EQ(swarm.copies(1), 2);
}

TEST(Admission, ASilentNodeThatHasRoomIsWaitedForUntilItIsDead) {
  FakeSwarm swarm(bare());
  swarm.add_node(1, 1000);
  swarm.add_node(2, 1000);
  swarm.change_node(2, [](NodeInfo& info) { info.liveness = Liveness::kSilent; });
  Admission answer = swarm.scheduler.admit(request(1, 10), swarm.now);
  EXPECT_EQ(answer.outcome, Outcome::kWait);
  EXPECT_EQ(answer.wanted, 2);
  EXPECT_NE(answer.waiting_for.find(to_string(node_id(2))), std::string::npos);
  EXPECT_NE(answer.waiting_for.find("silent"), std::string::npos);
  swarm.change_node(2, [](NodeInfo& info) { info.liveness = Liveness::kDead; });
  answer = swarm.scheduler.admit(request(1, 10), swarm.now);
  EXPECT_EQ(answer.outcome, Outcome::kGranted);
  EXPECT_EQ(answer.chain.size(), 1U);
}

TEST(Admission, ASilentNodeWithoutRoomIsNotWaitedFor) {
  FakeSwarm swarm(bare());
  swarm.add_node(1, 1000);
  swarm.add_node(2, 100);
  swarm.add_file(1, 95, 1, {2});
  swarm.change_node(2, [](NodeInfo& info) { info.liveness = Liveness::kSilent; });
  EXPECT_EQ(swarm.scheduler.admit(request(1, 10), swarm.now).outcome, Outcome::kGranted);
}

TEST(Admission, ANodeThatHasNotReportedIsWaitedFor) {
  FakeSwarm swarm(bare());
  swarm.add_node(1, 1000);
  swarm.add_node(2, 1000);
  swarm.scheduler.node_restarted(node_id(2));
  Admission answer = swarm.scheduler.admit(request(1, 10), swarm.now);
  EXPECT_EQ(answer.outcome, Outcome::kWait);
  EXPECT_NE(answer.waiting_for.find("reported"), std::string::npos);
}

TEST(Admission, FailedMembersAreAvoidedAndReplaced) {
  FakeSwarm swarm(bare());
  for (int node = 1; node <= 3; ++node) swarm.add_node(node, 1000);
  Admission first = swarm.scheduler.admit(request(1, 10), swarm.now);
  ASSERT_EQ(first.chain.size(), 2U);
  AdmitRequest again = request(1, 10);
  again.avoid = {first.chain[1]};
  Admission second = swarm.scheduler.admit(again, swarm.now);
  ASSERT_EQ(second.outcome, Outcome::kGranted);
  EXPECT_EQ(second.chain[0], first.chain[0]);
  EXPECT_NE(second.chain[1], first.chain[1]);
  EXPECT_EQ(swarm.scheduler.node(first.chain[1])->arriving, 0U);
  EXPECT_EQ(swarm.scheduler.node(second.chain[1])->arriving, 10U);
}

TEST(Admission, AChangeInPlaceGoesToHolders) {
  FakeSwarm swarm(bare());
  for (int node = 1; node <= 5; ++node) swarm.add_node(node, 1000 * static_cast<uint64_t>(node));
  swarm.add_file(1, 10, 2, {1, 2});
  AdmitRequest r = request(1, 10);
  r.inode = inode(1);
  r.in_place = true;
  Admission answer = swarm.scheduler.admit(r, swarm.now);
  ASSERT_EQ(answer.outcome, Outcome::kGranted);
  EXPECT_EQ((std::set<NodeId>(answer.chain.begin(), answer.chain.end())),
            (std::set<NodeId>{node_id(1), node_id(2)}));
}

TEST(Admission, NeverEvictsTheFileItself) {
  FakeSwarm swarm(bare());
  swarm.add_node(1, 10);
  swarm.add_node(2, 10);
  swarm.add_file(1, 10, 1, {1, 2});
  AdmitRequest r = request(1, 10);
  r.inode = inode(1);
  EXPECT_EQ(swarm.scheduler.admit(r, swarm.now).outcome, Outcome::kRefused);
}

TEST(Admission, ReservedSpaceIsNotGivenTwice) {
  FakeSwarm swarm(bare());
  swarm.add_node(1, 100);
  EXPECT_EQ(swarm.scheduler.admit(request(1, 60), swarm.now).outcome, Outcome::kGranted);
  EXPECT_EQ(swarm.scheduler.admit(request(2, 60), swarm.now).outcome, Outcome::kRefused);
  swarm.scheduler.release(SessionId{1});
  EXPECT_EQ(swarm.scheduler.admit(request(2, 60), swarm.now).outcome, Outcome::kGranted);
}

TEST(Admission, WritesMayUseTheReserve) {
  SchedulerSettings settings = bare();
  settings.write_reserve = 0.5;
  FakeSwarm swarm(settings);
  swarm.add_node(1, 100);
  EXPECT_EQ(swarm.scheduler.admit(request(1, 100), swarm.now).outcome, Outcome::kGranted);
}

TEST(Admission, OneThatNobodyAsksAboutIsForgotten) {
  FakeSwarm swarm(bare());
  swarm.add_node(1, 1000);
  swarm.add_node(2, 1000);
  swarm.change_node(2, [](NodeInfo& info) { info.liveness = Liveness::kSilent; });
  EXPECT_EQ(swarm.scheduler.admit(request(1, 900), swarm.now).outcome, Outcome::kWait);
  swarm.change_node(2, [](NodeInfo& info) { info.liveness = Liveness::kDead; });
  EXPECT_EQ(swarm.scheduler.admit(request(2, 900), swarm.now).outcome, Outcome::kRefused);
  swarm.now += std::chrono::minutes(2);
  swarm.turn();
  EXPECT_EQ(swarm.scheduler.admit(request(2, 900), swarm.now).outcome, Outcome::kGranted);
}

TEST(Extend, ReservesMoreOnEveryMember) {
  FakeSwarm swarm(bare());
  for (int node = 1; node <= 2; ++node) swarm.add_node(node, 100);
  ASSERT_EQ(swarm.scheduler.admit(request(1, 10), swarm.now).outcome, Outcome::kGranted);
  EXPECT_EQ(swarm.scheduler.extend(SessionId{1}, 50, swarm.now).outcome, Outcome::kGranted);
  for (int node = 1; node <= 2; ++node) EXPECT_EQ(swarm.scheduler.node(node_id(node))->arriving, 60U);
  Admission refused = swarm.scheduler.extend(SessionId{1}, 50, swarm.now);
  EXPECT_EQ(refused.outcome, Outcome::kRefused);
  EXPECT_EQ(refused.refusal.reason(), Reason::kNoSpace);
  for (int node = 1; node <= 2; ++node) EXPECT_EQ(swarm.scheduler.node(node_id(node))->arriving, 60U);
  swarm.scheduler.release(SessionId{1});
  for (int node = 1; node <= 2; ++node) EXPECT_EQ(swarm.scheduler.node(node_id(node))->arriving, 0U);
}

TEST(Extend, EvictsAndWaits) {
  FakeSwarm swarm(bare());
  for (int node = 1; node <= 3; ++node) swarm.add_node(node, 20);
  swarm.add_file(1, 10, 1, {1, 2, 3});
  swarm.change_node(3, [](NodeInfo& info) { info.admin = AdminState::kReadonly; });
  ASSERT_EQ(swarm.scheduler.admit(request(1, 10), swarm.now).outcome, Outcome::kGranted);
  EXPECT_EQ(swarm.scheduler.extend(SessionId{1}, 5, swarm.now).outcome, Outcome::kWait);
  swarm.turn();
  EXPECT_EQ(swarm.scheduler.extend(SessionId{1}, 5, swarm.now).outcome, Outcome::kGranted);
  EXPECT_EQ(swarm.holders(1), (std::set<int>{3}));
  for (int node = 1; node <= 2; ++node) EXPECT_EQ(swarm.scheduler.node(node_id(node))->arriving, 15U);
}

TEST(Extend, OfAnUnknownSessionIsRefused) {
  Scheduler scheduler;
  EXPECT_EQ(scheduler.extend(SessionId{5}, 5, {}).refusal.reason(), Reason::kSessionLost);
}

AdmitRequest only_on(int node, uint64_t size) {
  AdmitRequest r = request(1, size);
  r.only = node_id(node);
  return r;
}

TEST(AdmissionOnOneNode, TheChainIsThatNodeAlone) {
  FakeSwarm swarm(bare());
  swarm.add_node(1, 9000);
  swarm.add_node(2, 100);
  swarm.add_node(3, 9000);
  Admission answer = swarm.scheduler.admit(only_on(2, 100), swarm.now);
  ASSERT_EQ(answer.outcome, Outcome::kGranted);
  EXPECT_EQ(answer.chain, std::vector<NodeId>{node_id(2)});
  EXPECT_EQ(swarm.scheduler.node(node_id(2))->arriving, 100U);
  EXPECT_EQ(swarm.scheduler.node(node_id(1))->arriving, 0U);
}

TEST(AdmissionOnOneNode, RefusedAtOnceWhereItCannotTakeIt) {
  FakeSwarm swarm(bare());
  swarm.add_node(1, 9000);
  swarm.add_node(2, 100);
  auto refusal = [&](const AdmitRequest& asked) {
    Admission answer = swarm.scheduler.admit(asked, swarm.now);
    EXPECT_EQ(answer.outcome, Outcome::kRefused);
    EXPECT_TRUE(answer.chain.empty());
    return answer.refusal;
  };
  EXPECT_EQ(refusal(only_on(2, 101)).reason(), Reason::kNoSpace);
  EXPECT_EQ(refusal(only_on(7, 1)).code(), Code::kFailedPrecondition);
  swarm.change_node(2, [](NodeInfo& info) { info.admin = AdminState::kReadonly; });
  EXPECT_NE(refusal(only_on(2, 1)).message().find("not active"), std::string::npos);
  swarm.change_node(2, [](NodeInfo& info) {
    info.admin = AdminState::kActive;
    info.liveness = Liveness::kSilent;
  });
  EXPECT_NE(refusal(only_on(2, 1)).message().find("not up"), std::string::npos);
  swarm.change_node(2, [](NodeInfo& info) {
    info.liveness = Liveness::kUp;
    info.at_floor = true;
  });
  EXPECT_EQ(refusal(only_on(2, 1)).reason(), Reason::kNoSpace);
  EXPECT_EQ(swarm.scheduler.node(node_id(1))->arriving, 0U);
}

TEST(AdmissionOnOneNode, SpareCopiesGiveWayThere) {
  FakeSwarm swarm(bare());
  for (int node = 1; node <= 3; ++node) swarm.add_node(node, 100);
  swarm.add_file(1, 100, 1, {1, 2, 3});
  Admission answer = swarm.scheduler.admit(only_on(2, 100), swarm.now);
  ASSERT_EQ(answer.outcome, Outcome::kWait) << answer.refusal.to_string();
  ASSERT_TRUE(swarm.settle());
  EXPECT_EQ(swarm.holders(1), (std::set<int>{1, 3}));
  answer = swarm.scheduler.admit(only_on(2, 100), swarm.now);
  ASSERT_EQ(answer.outcome, Outcome::kGranted);
  EXPECT_EQ(answer.chain, std::vector<NodeId>{node_id(2)});
}

}  // namespace
}  // namespace fsdfs::master
