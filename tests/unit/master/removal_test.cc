// Nodes that are drained, set readonly, removed, and come back.
#include <algorithm>

#include "control_fixture.h"
#include "master/control/node_warnings.h"
#include "master/control/sole_copies.h"
#include "master/namespace/inode_path.h"

namespace fsdfs::master {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;

class RemovalTest : public ControlFixture {
 protected:
  void set_admin(uint8_t number, AdminState state) {
    ASSERT_TRUE(write([&](WriteTransaction& transaction) -> Status {
                  FSDFS_ASSIGN(auto record, transaction.node(node(number).hello.node));
                  record->admin_state = state;
                  return transaction.put_node(*record);
                }).ok());
  }
  const NodeStatus* status(uint8_t number) {
    view_ = loop_->view();
    return view_->find(node(number).hello.node);
  }
  bool gone(uint8_t number) {
    auto record = view()->node(node(number).hello.node);
    return record.ok() && !record->has_value();
  }
  void leave(uint8_t number) {
    node(number).leave();
    ASSERT_TRUE(eventually([&] { return !status(number)->attending; }));
  }
  std::shared_ptr<RemovalWatch> begin_removal(uint8_t number) {
    auto watch = std::make_shared<RemovalWatch>();
    loop_->remove_node(node(number).hello.node, watch);
    return watch;
  }
  Status wait(const RemovalWatch& watch) {
    RemovalWatch::State state;
    EXPECT_TRUE(eventually([&] {
      state = watch.wait(state, std::chrono::milliseconds(1));
      return state.ended.has_value();
    }));
    return state.ended.value_or(Status());
  }
  Status remove(uint8_t number) { return wait(*begin_removal(number)); }
  void come_back(uint8_t number) {
    node(number).hello.incarnation.value++;
    node(number).join(*loop_);
    ASSERT_TRUE(eventually([&] { return node(number).settled; }));
  }
  std::vector<std::string> sole_paths(uint8_t number) {
    auto page = sole_copies(*view(), *loop_->view(), node(number).hello.node, {}, 1000);
    EXPECT_TRUE(page.ok()) << page.status().to_string();
    std::vector<std::string> paths;
    for (const SoleCopy& copy : page->found) paths.push_back(copy.path);
    return paths;
  }
  std::vector<EventKind> kinds() {
    std::vector<EventKind> kinds;
    for (const Event& event : loop_->event_log().after(0, 100'000).events) kinds.push_back(event.kind);
    return kinds;
  }

  std::shared_ptr<const SwarmView> view_;
};

TEST_F(RemovalTest, ADrainingNodeIsDrainedOnceItsFilesHaveTheirCopiesElsewhere) {
  join_all({1, 2});
  Inode f = put("/f", "some bytes", 2);
  ASSERT_EQ(rows(f, ReplicaState::kWhole), 2U);
  set_admin(1, AdminState::kDraining);
  ASSERT_TRUE(eventually([&] { return status(1)->record.admin_state == AdminState::kDraining; }));
  EXPECT_TRUE(eventually([&] { return is_drained(*status(1)); })) << "the others have all that they can have";
  join_all({3});
  ASSERT_TRUE(eventually([&] { return rows(f, ReplicaState::kWhole) == 3; }));
  EXPECT_TRUE(eventually([&] { return is_drained(*status(1)); }));
  EXPECT_TRUE(eventually([&] { return min_surplus() == 1; })) << "its own copy counts until it goes";
  EXPECT_TRUE(eventually([&] { return is_drained(*status(1)); }));
  EXPECT_THAT(node_warnings(*view_), Contains(HasSubstr("is drained")));
}

TEST_F(RemovalTest, ANodeWithTheOnlyCopyIsNotDrained) {
  join_all({1});
  put("/f", "some bytes", 1);
  set_admin(1, AdminState::kDraining);
  EXPECT_TRUE(eventually([&] { return status(1)->placed.drain_counted; }));
  EXPECT_FALSE(is_drained(*status(1)));
  EXPECT_THAT(view_->warnings, Contains(HasSubstr("is draining: 1 file left")));
  join_all({2});
  EXPECT_TRUE(eventually([&] { return is_drained(*status(1)); }));
}

TEST_F(RemovalTest, AdminStatesOutlastRejoinsAndRestarts) {
  join_all({1, 2});
  set_admin(1, AdminState::kReadonly);
  set_admin(2, AdminState::kDraining);
  leave(1);
  come_back(1);
  EXPECT_EQ(status(1)->record.admin_state, AdminState::kReadonly);
  restart();
  EXPECT_EQ(status(1)->record.admin_state, AdminState::kReadonly);
  EXPECT_EQ(status(2)->record.admin_state, AdminState::kDraining);
}

TEST_F(RemovalTest, ANodeThatAttendsIsNotRemoved) {
  join_all({1, 2});
  Status refused = remove(1);
  EXPECT_EQ(refused.code(), Code::kFailedPrecondition);
  EXPECT_THAT(refused.message(), HasSubstr("stop its fsdfsd first"));
  EXPECT_EQ(status(1)->record.admin_state, AdminState::kActive);
  FakeNode stranger(bell_, 99, 1);
  auto watch = std::make_shared<RemovalWatch>();
  loop_->remove_node(stranger.hello.node, watch);
  EXPECT_EQ(wait(*watch).code(), Code::kFailedPrecondition);
}

TEST_F(RemovalTest, WhatARemovedNodeHeldLeavesKAndTheRecords) {
  join_all({1, 2, 3});
  std::vector<Inode> files;
  for (int i = 0; i < 40; ++i) files.push_back(put("/f" + std::to_string(i), "bytes", 2));
  ASSERT_TRUE(eventually([&] { return min_surplus() >= 0; }));
  settle();
  leave(2);
  EXPECT_TRUE(remove(2).ok());
  EXPECT_TRUE(gone(2));
  EXPECT_TRUE(eventually([&] { return status(2) == nullptr; }));
  EXPECT_TRUE(eventually([&] { return min_surplus() >= 0; })) << "copied again at once";
  for (const Inode& file : files) {
    EXPECT_EQ(view()->replica({file.id, file.version}, node(2).hello.node)->has_value(), false);
  }
  EXPECT_THAT(kinds(), Contains(EventKind::kNodeRemoved));
}

TEST_F(RemovalTest, ThousandsOfRecordsGoInBatchesAndARestartGoesOn) {
  join_all({1, 2});
  NodeId id = node(2).hello.node;
  Inode f = put("/f", "bytes", 1);
  leave(2);
  // Rows alone will do: what they are of does not matter here.
  constexpr uint64_t kRows = 5000;
  ASSERT_TRUE(write([&](WriteTransaction& transaction) -> Status {
                for (uint64_t i = 0; i < kRows; ++i) {
                  FSDFS_TRY(transaction.put_replica({{InodeId{1'000'000 + i}, {Epoch{1}, i + 1}},
                                                     id,
                                                     ReplicaState::kDeleting,
                                                     1,
                                                     transaction.now()}));
                }
                return {};
              }).ok());
  auto watch = begin_removal(2);
  RemovalWatch::State state;
  ASSERT_TRUE(eventually([&] {
    state = watch->wait(state, std::chrono::milliseconds(1));
    return state.begun;
  }));
  restart();
  EXPECT_FALSE(loop_->view()->is_live(id)) << "it counts for nothing, whatever is left of it";
  EXPECT_TRUE(eventually([&] { return gone(2); }));
  EXPECT_TRUE(view()->replicas_on(id, {}, 10)->empty());
  EXPECT_TRUE(eventually([&] { return status(2) == nullptr; }));
  join_all({1});
  EXPECT_TRUE(eventually([&] { return min_surplus() >= 0; }));
  EXPECT_EQ(rows(f, ReplicaState::kWhole), 1U);
}

TEST_F(RemovalTest, ARemovedNodeComesBackAsANewOneAndIsReconciled) {
  join_all({1, 2, 3});
  Inode kept = put("/kept", "kept", 3);
  Inode deleted = put("/deleted", "deleted", 3);
  Inode changed = put("/changed", "old", 3);
  ASSERT_TRUE(eventually([&] { return min_surplus() == 0; }));
  settle();
  set_admin(2, AdminState::kReadonly);
  leave(2);
  ReplicaId unknown{InodeId{compose_with_epoch(Epoch{1}, 777'777)}, {Epoch{1}, 777'777}};
  node(2).hold(unknown, content_of("nobody knows"));
  ASSERT_TRUE(remove(2).ok());
  drop("/deleted");
  Inode newer = put("/changed", "new content", 2);
  ASSERT_EQ(newer.id, changed.id);
  node(2).hello.key.bytes[5] = 1;  // a replaced key: who is removed is no longer known by it
  come_back(2);
  EXPECT_EQ(status(2)->record.admin_state, AdminState::kActive) << "it joined anew";
  EXPECT_TRUE(eventually([&] { return row({kept.id, kept.version}, 2) == ReplicaState::kWhole; }));
  EXPECT_TRUE(eventually([&] { return !node(2).held.contains({deleted.id, deleted.version}); }));
  EXPECT_TRUE(eventually([&] { return !node(2).held.contains({changed.id, changed.version}); }));
  EXPECT_TRUE(node(2).held.contains(unknown)) << "kept aside";
  EXPECT_TRUE(eventually([&] { return status(2)->unknown_replicas == 1; }));
  size_t copies_of_kept = 0;
  for (const CopyMessage& copy : node(2).copies) copies_of_kept += copy.replica.inode == kept.id;
  EXPECT_LE(copies_of_kept, 1U) << "what it still holds is not copied to it again";
}

TEST_F(RemovalTest, ANodeMayNotAttendWhileItIsBeingRemoved) {
  join_all({1, 2});
  leave(2);
  set_admin(2, AdminState::kReadonly);
  NodeHello hello = node(2).hello;
  ++hello.incarnation.value;
  Status refused = write([&](WriteTransaction& transaction) -> Status {
    FSDFS_ASSIGN(auto record, transaction.node(hello.node));
    record->admin_state = AdminState::kRemoving;
    FSDFS_TRY(transaction.put_node(*record));
    return register_node(transaction, hello, store_->swarm()).status();
  });
  EXPECT_EQ(refused.code(), Code::kUnavailable) << "it is to try again, not to give up";
  EXPECT_THAT(refused.message(), HasSubstr("being removed"));
}

TEST_F(RemovalTest, APutWhoseChainLostARemovedMemberCommitsWithoutIt) {
  join_all({1, 2});
  Admission admission = admit(5, 2);
  ASSERT_EQ(admission.chain.size(), 2U);
  auto session = open_put("/f", admission, 5, 2);
  ASSERT_TRUE(session.ok());
  leave(2);
  ASSERT_TRUE(remove(2).ok());
  auto outcome = commit_put(*session, content_of("bytes"));
  ASSERT_TRUE(outcome.ok()) << outcome.status().to_string();
  EXPECT_EQ(outcome->synced_copies, 1U);
  EXPECT_EQ(view()->replicas(outcome->inode.id)->size(), 1U);
}

TEST_F(RemovalTest, APutWhoseChainIsAllRemovedIsAbortedCleanly) {
  join_all({1});
  Admission admission = admit(5, 1);
  auto session = open_put("/f", admission, 5, 1);
  ASSERT_TRUE(session.ok());
  leave(1);
  ASSERT_TRUE(remove(1).ok());
  EXPECT_EQ(commit_put(*session, content_of("bytes")).status().code(), Code::kUnavailable);
  EXPECT_TRUE(
      write([&](WriteTransaction& transaction) { return abort_session(transaction, session->id); }).ok());
  EXPECT_TRUE(view()->sessions()->empty());
}

TEST_F(RemovalTest, SoleCopiesAreThoseThatNoLiveNodeHasBeside) {
  join_all({1, 2});
  mkdir("/d/e");
  put("/d/e/both", "x", 2);
  settle();
  node(1).leave();
  ASSERT_TRUE(eventually([&] { return !status(1)->attending; }));
  EXPECT_TRUE(sole_paths(2).empty()) << "a silent node's copies count";
  EXPECT_TRUE(sole_paths(1).empty());
  pass(std::chrono::seconds(80));
  ASSERT_TRUE(eventually([&] { return status(1)->liveness == Liveness::kDead; }));
  put("/d/e/alone", "y", 1);
  put("/d/e/deleted", "z", 1);
  ASSERT_TRUE(write([](WriteTransaction& transaction) {
                return fsdfs::master::remove(transaction, {InodeId{}, "/d/e/deleted"}, RemoveKind::kAny,
                                             LastName::kTrash)
                    .status();
              }).ok());
  settle();
  EXPECT_THAT(sole_paths(2), ::testing::UnorderedElementsAre("/d/e/alone", "/d/e/both"))
      << "a copy on a dead node is no copy";
}

TEST_F(RemovalTest, SoleCopiesComePageByPage) {
  join_all({1});
  for (int i = 0; i < 10; ++i) put("/f" + std::to_string(i), "x", 1);
  ReplicaId after;
  size_t found = 0, pages = 0;
  bool end = false;
  while (!end && pages < 100) {
    auto page = sole_copies(*view(), *loop_->view(), node(1).hello.node, after, 3);
    ASSERT_TRUE(page.ok());
    EXPECT_LE(page->looked_at, 3U);
    found += page->found.size();
    after = page->last;
    end = page->end;
    ++pages;
  }
  EXPECT_EQ(found, 10U);
  EXPECT_EQ(pages, 4U);
}

TEST_F(RemovalTest, PathsOfInodes) {
  Inode directory = mkdir("/a/b");
  auto held = view();
  InodePaths over(*held);
  EXPECT_EQ(*over.path(kRootInode), "/");
  EXPECT_EQ(*over.path(directory.id), "/a/b");
  EXPECT_EQ(*over.path(InodeId{12345}), "");
}

TEST_F(RemovalTest, EventsTellWhatWasDone) {
  join_all({1, 2, 3});
  Inode f = put("/f", "x", 3);
  ASSERT_TRUE(eventually([&] { return rows(f, ReplicaState::kWhole) == 3; }));
  settle();
  drop("/f");
  ASSERT_TRUE(eventually([&] { return view()->replicas(f.id)->empty(); }));
  settle();
  set_admin(1, AdminState::kReadonly);
  leave(1);
  clock_.advance(std::chrono::seconds(16));
  report_all();
  EXPECT_TRUE(eventually([&] { return status(1)->liveness == Liveness::kSilent; }));
  auto all = kinds();
  EXPECT_EQ(all.front(), EventKind::kMasterStarted);
  auto count = [&](EventKind kind) { return std::count(all.begin(), all.end(), kind); };
  EXPECT_EQ(count(EventKind::kNodeJoined), 3);
  EXPECT_GE(count(EventKind::kCopyOrdered), 1);
  EXPECT_EQ(count(EventKind::kCopied), count(EventKind::kCopyOrdered));
  EXPECT_EQ(count(EventKind::kDeleted), 3);
  EXPECT_EQ(count(EventKind::kNodeAdmin), 1);
  EXPECT_EQ(count(EventKind::kNodeLeft), 1);
  EXPECT_GE(count(EventKind::kNodeSilent), 1);
}

TEST_F(RemovalTest, TheSchedulerIsAskedOnItsThread) {
  join_all({1, 2, 3});
  Inode f = put("/f", "x", 2);
  ASSERT_TRUE(eventually([&] { return min_surplus() >= 0; }));
  std::promise<Explanation> answer;
  ASSERT_TRUE(loop_->ask([&](const Scheduler& scheduler) { answer.set_value(scheduler.why(f.id)); }));
  Explanation why = answer.get_future().get();
  EXPECT_TRUE(why.known);
  EXPECT_EQ(why.target, 2);
  EXPECT_GE(why.copies, 2);
  loop_->stop();
  EXPECT_FALSE(loop_->ask([](const Scheduler&) {}));
}

}  // namespace
}  // namespace fsdfs::master
