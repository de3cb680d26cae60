// Facts: what is refused, what is repeated, what comes late; deletions under invariants 3 and 4; failures.
#include <gtest/gtest.h>

#include <cmath>

#include "tests/unit/scheduler/fake_swarm.h"

namespace fsdfs::master {
namespace {

FileInfo file_info(uint64_t number) {
  FileInfo info;
  info.inode = inode(number);
  info.version = version(1);
  info.size = 10;
  return info;
}

TEST(Facts, NonsenseIsRefusedAndChangesNothing) {
  Scheduler scheduler;
  auto refused = [&](const std::function<void(FileInfo&)>& change) {
    FileInfo info = file_info(1);
    change(info);
    return scheduler.file_changed(info).code() == Code::kInvalidArgument;
  };
  EXPECT_TRUE(refused([](FileInfo& info) { info.inode = InodeId{}; }));
  EXPECT_TRUE(refused([](FileInfo& info) { info.version = Version{}; }));
  EXPECT_TRUE(refused([](FileInfo& info) { info.version.epoch.value = kVersionEpochMax + 1; }));
  EXPECT_TRUE(refused([](FileInfo& info) { info.size = kFileSizeMax + 1; }));
  EXPECT_TRUE(refused([](FileInfo& info) { info.target = -1; }));
  EXPECT_TRUE(refused([](FileInfo& info) { info.target = 1e9; }));
  EXPECT_TRUE(refused([](FileInfo& info) { info.target = std::nan(""); }));
  EXPECT_TRUE(refused([](FileInfo& info) { info.weight = std::nanf(""); }));
  EXPECT_EQ(scheduler.health().files, 0U);
  EXPECT_EQ(scheduler.node_changed({}).code(), Code::kInvalidArgument);
}

TEST(Facts, SettingsThatMakeNoSenseAreRefusedByName) {
  Scheduler scheduler;
  auto message = [&](const std::function<void(SchedulerSettings&)>& change) {
    SchedulerSettings settings;
    change(settings);
    return scheduler.set_settings(settings).message();
  };
  EXPECT_EQ(message([](SchedulerSettings&) {}), "");
  EXPECT_NE(message([](SchedulerSettings& s) { s.sync_copies = 0; }).find("sync_copies"), std::string::npos);
  EXPECT_NE(message([](SchedulerSettings& s) { s.sync_copies_min = 3; }).find("sync_copies_min"),
            std::string::npos);
  EXPECT_NE(message([](SchedulerSettings& s) { s.min_copies = 0; }).find("min_copies"), std::string::npos);
  EXPECT_NE(message([](SchedulerSettings& s) { s.write_reserve = 2; }).find("write_reserve"),
            std::string::npos);
  EXPECT_NE(message([](SchedulerSettings& s) { s.write_reserve = std::nan(""); }).find("write_reserve"),
            std::string::npos);
  EXPECT_NE(message([](SchedulerSettings& s) { s.copies_in_per_node = 0; }).find("copies_in"),
            std::string::npos);
}

TEST(Facts, UnknownAndNewerReplicasAreRefused) {
  FakeSwarm swarm(no_fill());
  swarm.add_node(1, 1000);
  swarm.add_file(1, 10, 2, {});
  Scheduler& scheduler = swarm.scheduler;
  EXPECT_EQ(scheduler.replica_added(inode(9), version(1), 10, node_id(1)).code(), Code::kNotFound);
  EXPECT_EQ(scheduler.replica_added(inode(1), version(99), 10, node_id(1)).reason(), Reason::kStaleVersion);
  EXPECT_EQ(scheduler.replica_added(inode(1), swarm.files[1].version, 10, node_id(9)).code(),
            Code::kNotFound);
  EXPECT_EQ(scheduler.node(node_id(1))->used, 0U);
}

TEST(Facts, AnOlderVersionOfAFileIsRefused) {
  FakeSwarm swarm(no_fill());
  swarm.add_file(1, 10, 2, {});
  FileInfo info = swarm.files[1];
  info.version.counter += 5;
  EXPECT_TRUE(swarm.scheduler.file_changed(info).ok());
  EXPECT_EQ(swarm.scheduler.file_changed(swarm.files[1]).reason(), Reason::kStaleVersion);
  info.size = 11;
  EXPECT_EQ(swarm.scheduler.file_changed(info).code(), Code::kInvalidArgument)
      << "a new size, the same version";
}

TEST(Facts, RepeatedOnesChangeNothing) {
  FakeSwarm swarm(no_fill());
  swarm.add_node(1, 1000);
  swarm.add_file(1, 10, 2, {1});
  const FileInfo& info = swarm.files[1];
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(swarm.scheduler.file_changed(info).ok());
    EXPECT_TRUE(swarm.scheduler.replica_added(info.inode, info.version, 10, node_id(1)).ok());
    swarm.scheduler.node_reported(node_id(1));
  }
  EXPECT_EQ(swarm.scheduler.node(node_id(1))->used, 10U);
  EXPECT_EQ(swarm.scheduler.node(node_id(1))->files, 1U);
  EXPECT_EQ(swarm.scheduler.health().files, 1U);
  for (int i = 0; i < 3; ++i) swarm.scheduler.replica_removed(info.inode, info.version, node_id(1));
  EXPECT_EQ(swarm.scheduler.node(node_id(1))->used, 0U);
}

TEST(Facts, UnknownIdsAreIgnoredWhereNothingIsAnswered) {
  Scheduler scheduler;
  MonotonicTime now{};
  scheduler.node_restarted(node_id(1));
  scheduler.node_reported(node_id(1));
  scheduler.node_removed(node_id(1));
  scheduler.weight_changed(inode(1), 1);
  scheduler.file_removed(inode(1));
  scheduler.replica_removed(inode(1), version(1), node_id(1));
  scheduler.copy_finished(OrderId{7});
  scheduler.copy_failed(OrderId{7}, CopyFailure::kTarget, now);
  scheduler.delete_failed(inode(1), version(1), node_id(1));
  scheduler.release(SessionId{7});
  EXPECT_TRUE(scheduler.tick(now).orders.empty());
  EXPECT_FALSE(scheduler.why(inode(1)).known);
  EXPECT_TRUE(scheduler.holders(inode(1)).empty());
  EXPECT_FALSE(scheduler.node(node_id(1)).has_value());
}

// ---- invariant 4 ----

// As after a master's start: records are replayed, nobody has reported.
struct Restarted {
  explicit Restarted(Scheduler& s) : scheduler(s) {
    for (int node = 1; node <= 3; ++node) tell(node, Liveness::kSilent);
    FileInfo info = file_info(1);
    EXPECT_TRUE(scheduler.file_changed(info).ok());
    for (int node = 1; node <= 3; ++node) {
      EXPECT_TRUE(scheduler.replica_added(info.inode, info.version, 10, node_id(node)).ok());
    }
  }
  void tell(int node, Liveness liveness) {
    NodeInfo info;
    info.id = node_id(node);
    info.quota = 1000;
    info.liveness = liveness;
    EXPECT_TRUE(scheduler.node_changed(info).ok());
  }
  size_t deletes() {
    size_t count = 0;
    now += std::chrono::seconds(1);
    for (const Order& order : scheduler.tick(now).orders) count += std::holds_alternative<DeleteOrder>(order);
    return count;
  }
  Scheduler& scheduler;
  MonotonicTime now{};
};

TEST(Invariant4, NothingIsDeletedBeforeEveryHolderReportedOrDied) {
  Scheduler scheduler;
  Restarted swarm(scheduler);
  scheduler.file_removed(inode(1));
  EXPECT_EQ(swarm.deletes(), 0U);
  for (int node = 1; node <= 2; ++node) {
    swarm.tell(node, Liveness::kUp);
    scheduler.node_reported(node_id(node));
    EXPECT_EQ(swarm.deletes(), 0U) << "the last holder is silent";
  }
  swarm.tell(3, Liveness::kUp);
  EXPECT_EQ(swarm.deletes(), 0U) << "up is not reported";
  scheduler.node_reported(node_id(3));
  EXPECT_EQ(swarm.deletes(), 3U);
}

TEST(Invariant4, ADeadHolderIsNotWaitedFor) {
  Scheduler scheduler;
  Restarted swarm(scheduler);
  scheduler.file_removed(inode(1));
  for (int node = 1; node <= 2; ++node) {
    swarm.tell(node, Liveness::kUp);
    scheduler.node_reported(node_id(node));
  }
  swarm.tell(3, Liveness::kDead);
  EXPECT_EQ(swarm.deletes(), 2U);
  // It comes back late: what was to be deleted is deleted there too.
  scheduler.node_restarted(node_id(3));
  swarm.tell(3, Liveness::kUp);
  EXPECT_EQ(swarm.deletes(), 0U);
  scheduler.node_reported(node_id(3));
  EXPECT_EQ(swarm.deletes(), 1U);
}

TEST(Invariant4, RecoveryWaitsForEveryNodeNotOnlyTheHolders) {
  Scheduler scheduler;
  scheduler.set_recovering(true);
  Restarted swarm(scheduler);
  swarm.tell(4, Liveness::kSilent);
  scheduler.file_removed(inode(1));
  for (int node = 1; node <= 3; ++node) {
    swarm.tell(node, Liveness::kUp);
    scheduler.node_reported(node_id(node));
  }
  EXPECT_EQ(swarm.deletes(), 0U);
  swarm.tell(4, Liveness::kDead);
  EXPECT_EQ(swarm.deletes(), 3U);
}

TEST(Invariant4, TombstonesOfForgottenFilesAreOrderedAgain) {
  Scheduler scheduler;
  Restarted swarm(scheduler);
  EXPECT_TRUE(scheduler.replica_deleting(inode(50), version(3), 10, node_id(1)).ok());
  swarm.tell(1, Liveness::kUp);
  EXPECT_EQ(swarm.deletes(), 0U);
  scheduler.node_reported(node_id(1));
  swarm.now += std::chrono::seconds(1);
  std::vector<Order> orders = scheduler.tick(swarm.now).orders;
  ASSERT_EQ(orders.size(), 1U);
  const auto& order = std::get<DeleteOrder>(orders[0]);
  EXPECT_EQ(order.replica, (ReplicaId{inode(50), version(3)}));
  EXPECT_TRUE(order.repeated);
  scheduler.replica_removed(inode(50), version(3), node_id(1));
  EXPECT_EQ(scheduler.node(node_id(1))->used, 10U) << "only the live file's replica is left";
}

// ---- invariant 3, repetition, failure ----

TEST(Deletions, AnUnconfirmedOneIsOrderedAgain) {
  FakeSwarm swarm(no_fill());
  swarm.add_node(1, 1000);
  swarm.add_file(1, 10, 1, {1});
  swarm.disobedient = {1};
  swarm.remove_file(1);
  swarm.turn();
  ASSERT_EQ(swarm.deletes_ordered().size(), 1U);
  EXPECT_FALSE(swarm.deletes_ordered()[0].repeated);
  swarm.turn();
  EXPECT_TRUE(swarm.deletes_ordered().empty());
  swarm.now += std::chrono::seconds(31);
  swarm.disobedient = {};
  swarm.turn();
  ASSERT_EQ(swarm.deletes_ordered().size(), 1U);
  EXPECT_TRUE(swarm.deletes_ordered()[0].repeated);
  swarm.now += std::chrono::seconds(31);
  swarm.turn();
  EXPECT_TRUE(swarm.orders.empty());
}

TEST(Deletions, ARestartedNodeIsToldAgainAtOnceWhenItReports) {
  FakeSwarm swarm(no_fill());
  swarm.add_node(1, 1000);
  swarm.add_file(1, 10, 1, {1});
  swarm.disobedient = {1};
  swarm.remove_file(1);
  swarm.turn();
  swarm.disobedient = {};
  swarm.scheduler.node_restarted(node_id(1));
  swarm.turn();
  EXPECT_TRUE(swarm.deletes_ordered().empty());
  swarm.scheduler.node_reported(node_id(1));
  swarm.turn();
  EXPECT_EQ(swarm.deletes_ordered().size(), 1U);
  EXPECT_TRUE(swarm.disks[1].empty());
}

TEST(Deletions, NoMoreAtOnceThanTheLimit) {
  SchedulerSettings settings = no_fill();
  settings.deletes_per_node = 10;
  FakeSwarm swarm(settings);
  swarm.add_node(1, 100'000);
  for (uint64_t file = 1; file <= 50; ++file) swarm.add_file(file, 10, 1, {1});
  swarm.disobedient = {1};
  for (uint64_t file = 1; file <= 50; ++file) swarm.remove_file(file);
  swarm.turn();
  EXPECT_EQ(swarm.deletes_ordered().size(), 10U);
  swarm.disobedient = {};
  swarm.now += std::chrono::seconds(31);
  ASSERT_TRUE(swarm.settle());
  EXPECT_TRUE(swarm.disks[1].empty());
}

TEST(Deletions, AFailedEvictionLetsTheCopyCountAgain) {
  SchedulerSettings settings = no_fill();
  settings.write_reserve = 0;
  settings.min_copies = 1;
  FakeSwarm swarm(settings);
  for (int node = 1; node <= 4; ++node) swarm.add_node(node, 10);
  swarm.add_file(1, 10, 1, {1, 2, 3});
  swarm.disobedient = {1, 2, 3};
  swarm.add_file(2, 10, 2, {4});
  swarm.turn();
  ASSERT_EQ(swarm.deletes_ordered().size(), 1U);
  DeleteOrder order = swarm.deletes_ordered()[0];
  EXPECT_EQ(swarm.scheduler.why(inode(1)).copies, 2);
  swarm.scheduler.delete_failed(order.replica.inode, order.replica.version, order.node);
  EXPECT_EQ(swarm.scheduler.why(inode(1)).copies, 3);
  EXPECT_EQ(swarm.scheduler.node(order.node)->doomed, 0U);
}

TEST(Deletions, OldVersionsStayUntilTheCurrentOneIsWholeTwice) {
  FakeSwarm swarm(no_fill());
  for (int node = 1; node <= 3; ++node) swarm.add_node(node, 1000);
  swarm.add_file(1, 10, 3, {1, 2, 3});
  swarm.disobedient = {2, 3};
  swarm.new_version(1, 12, {1});
  swarm.turn();
  swarm.turn();
  EXPECT_EQ(swarm.disks[2].size() + swarm.disks[3].size(), 2U)
      << "one whole copy of the new version is too few";
  for (const DeleteOrder& order : swarm.deletes_ordered()) FAIL() << describe(order);
  swarm.disobedient = {};
  swarm.now += std::chrono::minutes(5);
  for (int i = 0; i < 50; ++i) swarm.turn();  // the lost copies are given up, and tried anew after a while
  EXPECT_EQ(swarm.holders(1), (std::set<int>{1, 2, 3}));
  for (int node = 1; node <= 3; ++node) EXPECT_EQ(swarm.disks[node].size(), 1U);
}

TEST(Deletions, OldVersionsStayWhileTheFileIsOpen) {
  FakeSwarm swarm(no_fill());
  for (int node = 1; node <= 3; ++node) swarm.add_node(node, 1000);
  swarm.add_file(1, 10, 2, {1, 2, 3});
  swarm.change_file(1, [](FileInfo& info) { info.open = true; });
  swarm.new_version(1, 12, {1, 2});
  ASSERT_TRUE(swarm.settle());
  EXPECT_EQ(swarm.disks[3].size(), 1U);
  swarm.change_file(1, [](FileInfo& info) { info.open = false; });
  ASSERT_TRUE(swarm.settle());
  EXPECT_EQ(swarm.disks[3].size(), 0U);
}

// ---- copies that go wrong ----

TEST(Copies, AFailedOneIsTriedElsewhereFirst) {
  FakeSwarm swarm(no_fill());
  for (int node = 1; node <= 3; ++node) swarm.add_node(node, 1000);
  swarm.disobedient = {2, 3};
  swarm.add_file(1, 10, 2, {1});
  swarm.turn();
  ASSERT_EQ(swarm.copies_ordered().size(), 1U);
  CopyOrder first = swarm.copies_ordered()[0];
  swarm.scheduler.copy_failed(first.id, CopyFailure::kTarget, swarm.now);
  swarm.turn();
  ASSERT_EQ(swarm.copies_ordered().size(), 1U);
  EXPECT_NE(swarm.copies_ordered()[0].target, first.target);
}

TEST(Copies, BackOffDoublesAndEnds) {
  SchedulerSettings settings = no_fill();
  settings.copy_retry_min = std::chrono::seconds(1);
  settings.copy_retry_max = std::chrono::seconds(4);
  FakeSwarm swarm(settings);
  swarm.add_node(1, 1000);
  swarm.add_node(2, 1000);
  swarm.disobedient = {2};
  swarm.add_file(1, 10, 2, {1});
  std::vector<int> waits;
  for (int waited = 0; waits.size() < 5; ++waited) {
    swarm.turn();
    if (swarm.copies_ordered().empty()) continue;
    swarm.scheduler.copy_failed(swarm.copies_ordered()[0].id, CopyFailure::kTarget, swarm.now);
    waits.push_back(waited);
    waited = 0;
  }
  EXPECT_EQ(waits, (std::vector<int>{0, 10, 20, 40, 40})) << "in turns of 100 ms";
}

TEST(Copies, ATooSlowOneIsCancelledAndItsSpaceKeptUntilTheAnswer) {
  SchedulerSettings settings = no_fill();
  settings.copy_timeout = std::chrono::seconds(10);
  FakeSwarm swarm(settings);
  swarm.add_node(1, 1000);
  swarm.add_node(2, 15);
  swarm.disobedient = {2};
  swarm.add_file(1, 10, 2, {1});
  swarm.turn();
  ASSERT_EQ(swarm.copies_ordered().size(), 1U);
  swarm.now += std::chrono::seconds(11);
  swarm.orders = swarm.scheduler.tick(swarm.now).orders;
  ASSERT_EQ(swarm.orders.size(), 1U);
  const auto& cancel = std::get<CancelOrder>(swarm.orders[0]);
  EXPECT_EQ(cancel.cause, CancelCause::kTooSlow);
  EXPECT_EQ(swarm.scheduler.node(node_id(2))->arriving, 10U);
  swarm.scheduler.copy_failed(cancel.id, CopyFailure::kCancelled, swarm.now);
  EXPECT_EQ(swarm.scheduler.node(node_id(2))->arriving, 0U);
}

TEST(Copies, AreCancelledWhenTheFileIsRemovedOrChanged) {
  FakeSwarm swarm(no_fill());
  swarm.add_node(1, 1000);
  swarm.add_node(2, 1000);
  swarm.disobedient = {2};
  swarm.add_file(1, 10, 2, {1});
  swarm.add_file(2, 10, 2, {1});
  swarm.turn();
  ASSERT_EQ(swarm.copies_ordered().size(), 2U);
  swarm.remove_file(1);
  swarm.new_version(2, 11, {1});
  swarm.orders = swarm.scheduler.tick(swarm.now).orders;
  size_t cancels = 0;
  for (const Order& order : swarm.orders) cancels += std::holds_alternative<CancelOrder>(order);
  EXPECT_EQ(cancels, 2U);
}

TEST(Copies, TheReplicaThatComesAfterTheFileWentIsDeleted) {
  FakeSwarm swarm(no_fill());
  swarm.add_node(1, 1000);
  swarm.add_node(2, 1000);
  swarm.disobedient = {1, 2};
  swarm.add_file(1, 10, 2, {1});
  swarm.turn();
  ASSERT_EQ(swarm.copies_ordered().size(), 1U);
  CopyOrder order = swarm.copies_ordered()[0];
  swarm.remove_file(1);
  swarm.turn();
  swarm.disks[2][order.replica] = 10;
  EXPECT_TRUE(swarm.scheduler.replica_added(order.replica.inode, order.replica.version, 10, node_id(2)).ok());
  swarm.scheduler.copy_finished(order.id);
  swarm.disobedient = {};
  swarm.now += std::chrono::seconds(31);
  ASSERT_TRUE(swarm.settle());
  EXPECT_TRUE(swarm.disks[2].empty());
  EXPECT_EQ(swarm.scheduler.node(node_id(2))->used, 0U);
}

TEST(Copies, AreShedWhenTheQuotaShrinksUnderThem) {
  FakeSwarm swarm(no_fill());
  swarm.add_node(1, 1000);
  swarm.add_node(2, 100);
  swarm.disobedient = {2};
  for (uint64_t file = 1; file <= 5; ++file) swarm.add_file(file, 10, 2, {1});
  swarm.turn();
  ASSERT_EQ(swarm.scheduler.node(node_id(2))->arriving, 50U);
  swarm.change_node(2, [](NodeInfo& info) { info.quota = 25; });
  swarm.orders = swarm.scheduler.tick(swarm.now).orders;
  size_t cancels = 0;
  for (const Order& order : swarm.orders) {
    const auto* cancel = std::get_if<CancelOrder>(&order);
    if (cancel == nullptr) continue;
    ++cancels;
    EXPECT_EQ(cancel->cause, CancelCause::kNoRoom);
  }
  EXPECT_EQ(cancels, 3U);
}

TEST(Nodes, ARemovedOneLeavesNothingBehindAndItsPlaceIsUsedAgain) {
  FakeSwarm swarm(no_fill());
  for (int node = 1; node <= 3; ++node) swarm.add_node(node, 1000);
  for (uint64_t file = 1; file <= 10; ++file) swarm.add_file(file, 10, 2, {1, 2});
  swarm.scheduler.node_removed(node_id(2));
  swarm.disks.erase(2);
  swarm.add_node(7, 1000);
  ASSERT_TRUE(swarm.settle());
  for (uint64_t file = 1; file <= 10; ++file) EXPECT_EQ(swarm.scheduler.why(inode(file)).copies, 2);
  EXPECT_FALSE(swarm.scheduler.node(node_id(2)).has_value());
  EXPECT_EQ(swarm.scheduler.nodes().size(), 3U);
}

}  // namespace
}  // namespace fsdfs::master
