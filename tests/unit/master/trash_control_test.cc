// The trash and the control loop: what the scheduler, nodes and the clock make of deleted files.
#include "control_fixture.h"
#include "master/namespace/trash.h"

namespace fsdfs::master {
namespace {

class TrashControlTest : public ControlFixture {
 protected:
  void trash(const std::string& path) {
    Status status = write([&](WriteTransaction& transaction) {
      return remove(transaction, {InodeId{}, path}, RemoveKind::kAny, LastName::kTrash).status();
    });
    ASSERT_TRUE(status.ok()) << status.to_string();
  }
  Status restore(const std::string& path) {
    return write([&](WriteTransaction& transaction) {
      return restore_trash(transaction, path, std::nullopt, {}).status();
    });
  }
  bool in_trash(const Inode& inode) { return (*view()->trash(inode.id)).has_value(); }
  bool is_gone(const Inode& inode) { return !(*view()->inode(inode.id)).has_value(); }
  uint64_t trash_files() { return loop_->view()->health.trash_files; }
  size_t deletions() {
    size_t sum = 0;
    for (auto& [number, node] : nodes_) sum += node->deletions.size();
    return sum;
  }
  // Ten bytes with N = 1, by an admission that may wait for deletions.
  Inode put_when_there_is_room(const std::string& path) {
    Admission admission = admit(10, 1, std::chrono::seconds(10));
    EXPECT_EQ(admission.outcome, Admission::Outcome::kGranted) << admission.refusal.to_string();
    auto session = open_put(path, admission, 10, 1);
    EXPECT_TRUE(session.ok()) << session.status().to_string();
    if (!session.ok()) return {};
    Content content = content_of("abcdefghij");
    for (const NodeId& member : session->chain) {
      node(member.bytes[0]).add_change({session->replica, content, ReplicaState::kWhole});
    }
    auto outcome = commit_put(*session, content);
    EXPECT_TRUE(outcome.ok()) << outcome.status().to_string();
    return outcome.ok() ? outcome->inode : Inode{};
  }
  void use_one_copy() {
    settings_.scheduler.min_copies = 1;
    settings_.scheduler.sync_copies = 1;
    restart();
  }
};

TEST_F(TrashControlTest, ADeletedFileLeavesHealthAndKeepsItsCopies) {
  join_all({1, 2});
  Inode f = put("/f", "x", 5);
  ASSERT_TRUE(eventually([&] { return min_surplus() == -3; }));
  trash("/f");
  EXPECT_TRUE(eventually([&] { return trash_files() == 1 && !loop_->view()->health.has_surplus; }));
  settle();
  EXPECT_EQ(deletions(), 0u);
  EXPECT_EQ(rows(f, ReplicaState::kWhole), 2u);
  ASSERT_TRUE(restore("/f").ok());
  EXPECT_TRUE(eventually([&] { return trash_files() == 0 && min_surplus() == -3; }));
}

TEST_F(TrashControlTest, ItIsNotCopiedAnyMoreAndIsOnceRestored) {
  join_all({1, 2});
  Inode f = put("/f", "x", 3);
  settle();
  trash("/f");
  join_all({3});
  settle();
  EXPECT_TRUE(node(3).copies.empty());
  ASSERT_TRUE(restore("/f").ok());
  EXPECT_TRUE(eventually([&] { return rows(f, ReplicaState::kWhole) == 3; }));
}

TEST_F(TrashControlTest, AfterARestartTheTrashIsKnownAgain) {
  join_all({1, 2, 3});
  Inode f = put("/f", "x", 3);
  ASSERT_TRUE(eventually([&] { return rows(f, ReplicaState::kWhole) == 3; }));
  trash("/f");
  restart();
  EXPECT_EQ(trash_files(), 1u);
  EXPECT_FALSE(loop_->view()->health.has_surplus);
  join_all({1, 2, 3});
  settle();
  EXPECT_EQ(deletions(), 0u);
  ASSERT_TRUE(restore("/f").ok());
  EXPECT_TRUE(eventually([&] { return min_surplus() == 0; }));
}

TEST_F(TrashControlTest, ItsSpaceIsTakenForALiveFileOldestFirst) {
  use_one_copy();
  node(1, 20);
  join_all({1});
  Inode older = put("/older", "0123456789", 1);
  Inode newer = put("/newer", "0123456789", 1);
  trash("/older");
  clock_.advance(std::chrono::seconds(5));
  trash("/newer");
  settle();
  EXPECT_TRUE(in_trash(older)) << "nobody needs the room";
  Inode live = put_when_there_is_room("/live");
  EXPECT_TRUE(eventually([&] { return is_gone(older); })) << "the last copy takes it from the trash";
  EXPECT_FALSE(in_trash(older));
  EXPECT_TRUE(in_trash(newer));
  EXPECT_EQ(rows(live, ReplicaState::kWhole), 1u);
  EXPECT_TRUE(eventually([&] { return view()->replicas(older.id)->empty(); }));
  EXPECT_TRUE(*view()->is_tombstone({older.id, older.version}));
  EXPECT_EQ(restore("/older").code(), Code::kNotFound);
  EXPECT_TRUE(restore("/newer").ok());
}

TEST_F(TrashControlTest, SpareCopiesOfTheTrashGoBeforeLiveOnesAndLeaveItRestorable) {
  use_one_copy();
  for (uint8_t i = 1; i <= 2; ++i) node(i, 10);
  join_all({1, 2});
  Inode f = put("/f", "0123456789", 1);
  ASSERT_TRUE(eventually([&] { return rows(f, ReplicaState::kWhole) == 2; }));
  trash("/f");
  put_when_there_is_room("/live");
  EXPECT_TRUE(in_trash(f));
  EXPECT_EQ(rows(f, ReplicaState::kWhole), 1u);
  ASSERT_TRUE(restore("/f").ok());
  EXPECT_TRUE(eventually([&] { return min_surplus() == 0; }));
}

TEST_F(TrashControlTest, AFullTrashNeverRefusesAPut) {
  use_one_copy();
  for (uint8_t i = 1; i <= 2; ++i) node(i, 30);
  join_all({1, 2});
  for (int i = 0; i < 30; ++i) {
    std::string path = "/f" + std::to_string(i);
    put_when_there_is_room(path);
    trash(path);
  }
  EXPECT_TRUE(eventually([&] { return (*view()->trash_below("", {}, 100)).size() <= 6; }));
  for (auto& [number, node] : nodes_) EXPECT_LE(node->used(), 30u) << "invariant 7";
}

TEST_F(TrashControlTest, TheRetentionEndsInTheBackground) {
  settings_.trash_retention = std::chrono::seconds(60);
  restart();
  join_all({1, 2});
  Inode f = put("/f", "x", 2);
  trash("/f");
  pass(std::chrono::seconds(30));
  Inode g = put("/g", "x", 2);
  trash("/g");
  pass(std::chrono::seconds(28));
  EXPECT_TRUE(in_trash(f));
  pass(std::chrono::seconds(4));
  EXPECT_TRUE(eventually([&] { return is_gone(f); }));
  EXPECT_TRUE(eventually([&] { return view()->replicas(f.id)->empty(); }));
  EXPECT_EQ(node(1).held.count({f.id, f.version}), 0u);
  EXPECT_TRUE(in_trash(g));
  EXPECT_EQ(node(1).held.count({g.id, g.version}), 1u);
}

TEST_F(TrashControlTest, ARetentionOfNothingEmptiesWhatIsThere) {
  join_all({1, 2});
  Inode f = put("/f", "x", 2);
  trash("/f");
  settings_.trash_retention = Duration::zero();
  restart();
  join_all({1, 2});
  EXPECT_TRUE(eventually([&] {
    clock_.advance(std::chrono::milliseconds(100));
    return is_gone(f) && view()->replicas(f.id)->empty();
  }));
}

TEST_F(TrashControlTest, ANodeThatWasAwayKeepsWhatIsInTheTrash) {
  join_all({1, 2});
  Inode f = put("/f", "x", 2);
  settle();
  node(2).leave();
  trash("/f");
  node(2).hello.incarnation = Incarnation{2};
  node(2).join(*loop_);
  ASSERT_TRUE(eventually([&] { return node(2).settled; }));
  settle();
  EXPECT_EQ(deletions(), 0u);
  EXPECT_EQ(rows(f, ReplicaState::kWhole), 2u);
}

TEST_F(TrashControlTest, ANodeThatWasAwayIsToldOfThePurge) {
  join_all({1, 2});
  Inode f = put("/f", "x", 2);
  trash("/f");
  settle();
  node(2).leave();
  ASSERT_TRUE(write([&](WriteTransaction& transaction) {
                return purge_trash(transaction, TrashChoice(f.id)).status();
              }).ok());
  ASSERT_TRUE(eventually([&] { return rows(f, ReplicaState::kDeleting) == 1; }));
  EXPECT_EQ(node(2).held.size(), 1u);
  node(2).hello.incarnation = Incarnation{2};
  node(2).join(*loop_);
  EXPECT_TRUE(eventually([&] { return view()->replicas(f.id)->empty() && node(2).held.empty(); }));
}

TEST_F(TrashControlTest, ACopyThatArrivesForADeletedFileCounts) {
  join_all({1, 2, 3});
  for (auto& [number, node] : nodes_) node->obeys_copies = false;
  Inode f = put("/f", "x", 3);
  ASSERT_TRUE(eventually([&] { return loop_->view()->health.copies_in_flight == 1; }));
  trash("/f");
  uint8_t target = 0;
  for (auto& [number, node] : nodes_) {
    if (!node->copies.empty()) target = number;
  }
  ASSERT_NE(target, 0);
  // It was faster than the order's cancellation.
  node(target).add_change({{f.id, f.version}, f.content, ReplicaState::kWhole});
  EXPECT_TRUE(eventually([&] { return rows(f, ReplicaState::kWhole) == 3; }));
  EXPECT_EQ(deletions(), 0u);
  ASSERT_TRUE(restore("/f").ok());
  EXPECT_TRUE(eventually([&] { return min_surplus() == 0; }));
}

TEST_F(TrashControlTest, ALateCopyOfAPurgedFileIsDeletedByItsTombstone) {
  join_all({1, 2, 3});
  Inode f = put("/f", "x", 2);
  trash("/f");
  ASSERT_TRUE(write([&](WriteTransaction& transaction) {
                return purge_trash(transaction, TrashChoice("/f")).status();
              }).ok());
  ASSERT_TRUE(eventually([&] { return view()->replicas(f.id)->empty(); }));
  node(3).add_change({{f.id, f.version}, f.content, ReplicaState::kWhole});
  EXPECT_TRUE(eventually([&] { return view()->replicas(f.id)->empty() && node(3).held.empty(); }));
}

// --- the last look at the records ---

class DeletionOfTrash : public TrashControlTest {
 protected:
  Result<DeletionVerdict> make_durable(const DeleteOrder& order) {
    return make<DeletionVerdict>(
        [&](WriteTransaction& transaction) { return make_deletion_durable(transaction, order); });
  }
  DeleteOrder order_of(const Inode& inode, uint8_t number, bool last) {
    DeleteOrder order;
    order.replica = {inode.id, inode.version};
    order.node = node(number).hello.node;
    order.cause = DeleteCause::kRoomForFile;
    order.of_trash = true;
    order.last_of_trash = last;
    return order;
  }
};

TEST_F(DeletionOfTrash, IsVoidOnceTheFileIsRestored) {
  join_all({1, 2});
  Inode f = put("/f", "x", 2);
  stop_loop();
  reopen();
  EXPECT_EQ(*make_durable(order_of(f, 1, false)), DeletionVerdict::kRefused);
  EXPECT_EQ(*make_durable(order_of(f, 1, true)), DeletionVerdict::kRefused);
  EXPECT_EQ(rows(f, ReplicaState::kWhole), 2u);
}

TEST_F(DeletionOfTrash, TheLastCopyGoesOnlyAsSuch) {
  join_all({1, 2});
  Inode f = put("/f", "x", 2);
  trash("/f");
  stop_loop();
  reopen();
  EXPECT_EQ(*make_durable(order_of(f, 1, true)), DeletionVerdict::kDurable);
  EXPECT_TRUE(in_trash(f)) << "another copy is recorded, on a node that may come back";
  EXPECT_EQ(*make_durable(order_of(f, 2, false)), DeletionVerdict::kRefused);
  EXPECT_EQ(*make_durable(order_of(f, 2, true)), DeletionVerdict::kDurable);
  EXPECT_TRUE(is_gone(f));
  EXPECT_FALSE(in_trash(f));
  EXPECT_EQ(rows(f, ReplicaState::kDeleting), 2u);
  EXPECT_TRUE(*view()->is_tombstone({f.id, f.version}));
}

}  // namespace
}  // namespace fsdfs::master
