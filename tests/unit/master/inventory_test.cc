// A join: what a node holds against what is recorded, by ranges. Ranges are small here, so that a few files
// have many edges.
#include <algorithm>
#include <random>
#include <thread>

#include "control_fixture.h"
#include "master/control/inventory_check.h"

namespace fsdfs::master {
namespace {

// Holds the writer back after a commit, before anybody is told of it.
class CommitGate final : public CommitListener {
 public:
  void on_commit(const LogEntry&) override {
    std::unique_lock lock(mutex_);
    opened_.wait(lock, [this] { return !shut_; });
  }
  void shut() { set(true); }
  void open() { set(false); }

 private:
  void set(bool shut) {
    {
      std::lock_guard lock(mutex_);
      shut_ = shut;
    }
    opened_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable opened_;
  bool shut_ = false;
};

class InventoryTest : public ControlFixture {
 protected:
  InventoryTest() {
    node(1).range_size = 4;
    node(1).page_size = 3;
  }
  ~InventoryTest() override {
    gate_.open();
    stop_loop();
  }
  void restart_with_gate() {
    stop_loop();
    reopen();
    store_->add_listener(gate_);
    start_loop();
  }

  // Files that node 1 has and the records know of.
  void add_files(size_t count) {
    std::vector<HeldReplica> made(count);
    for (size_t at = 0; at < count; at += 500) {
      ASSERT_TRUE(write([&](WriteTransaction& transaction) -> Status {
                    for (size_t i = at; i < std::min<size_t>(count, at + 500); ++i) {
                      FSDFS_ASSIGN(made[i], record_file(transaction));
                    }
                    return {};
                  }).ok());
    }
    for (const HeldReplica& file : made) {
      node(1).held[file.replica] = file;
      files_.push_back(file);
    }
  }
  Result<HeldReplica> record_file(WriteTransaction& transaction) {
    Inode inode;
    inode.id = transaction.new_inode_id();
    inode.mode = 0644;
    inode.links = 1;
    inode.version = transaction.new_version();
    inode.content = content_of("the bytes of " + std::to_string(inode.id.value));
    inode.target = 1;
    FSDFS_TRY(transaction.add_inode(inode));
    FSDFS_TRY(transaction.add_entry(
        {kRootInode, std::to_string(inode.id.value), transaction.new_cookie(), inode.id}));
    ReplicaId id{inode.id, inode.version};
    FSDFS_TRY(
        transaction.put_replica({id, node_1_, ReplicaState::kWhole, inode.content.size, transaction.now()}));
    return HeldReplica{id, inode.content, ReplicaState::kWhole};
  }
  void drop_row(const ReplicaId& id) {
    ASSERT_TRUE(
        write([&](WriteTransaction& transaction) { return transaction.remove_replica(id, node_1_); }).ok());
  }

  void rejoin() {
    node(1).leave();
    join_all({1});
  }
  // Of node 1's last join.
  InventoryFigures figures() {
    std::promise<InventoryFigures> answer;
    auto future = answer.get_future();
    bool asked = loop_->ask_nodes(
        [&](const NodeDirectory& nodes) { answer.set_value(nodes.all().at(node_1_).inventory); });
    EXPECT_TRUE(asked);
    return asked ? future.get() : InventoryFigures();
  }
  size_t log_entries() { return view()->log_after(0, 1'000'000)->size(); }
  size_t row_count() { return view()->replicas_on(node_1_, {}, 1'000'000)->size(); }
  // What the records should say of a file, by what node 1 holds of it.
  std::optional<ReplicaState> right_row(const HeldReplica& file) {
    auto held = node(1).held.find(file.replica);
    if (held == node(1).held.end()) return std::nullopt;
    bool good = held->second.state == ReplicaState::kWhole && held->second.content == file.content;
    return good ? ReplicaState::kWhole : ReplicaState::kQuarantined;
  }
  void expect_right_rows(const std::string& what) {
    for (size_t i = 0; i < files_.size(); ++i) {
      EXPECT_EQ(row(files_[i].replica, 1), right_row(files_[i])) << what << ", file " << i;
    }
  }
  // Until the loop has come to everything that was said to it before.
  void pass_loop() {
    std::promise<void> passed;
    auto future = passed.get_future();
    ASSERT_TRUE(loop_->ask([&passed](const Scheduler&) { passed.set_value(); }));
    future.wait();
  }

  const NodeId node_1_ = node(1).hello.node;
  CommitGate gate_;
  std::vector<HeldReplica> files_;  // as they should be, in the order of ids
};

TEST_F(InventoryTest, WhereNothingDiffersNothingTravelsAndNothingIsWritten) {
  join_all({1});
  add_files(101);
  settle();
  size_t log = log_entries();
  rejoin();
  InventoryFigures took = figures();
  EXPECT_EQ(took.replicas, 101u);
  EXPECT_EQ(took.ranges, 26u);
  EXPECT_EQ(took.ranges_differing, 0u);
  EXPECT_EQ(took.travelled, 0u);
  EXPECT_TRUE(node(1).asked.empty());
  EXPECT_EQ(log_entries(), log);
  EXPECT_EQ(row_count(), 101u);
  expect_right_rows("nothing differs");
  EXPECT_TRUE(logger_.contains("101 replicas in 26 ranges, of which 0 differed; 0 replicas were named"));
  EXPECT_TRUE(eventually([&] { return loop_->view()->find(node_1_)->placed.files == 101; }));
}

TEST_F(InventoryTest, AnEmptyNodeHasOneRangeThatAgrees) {
  join_all({1});
  InventoryFigures took = figures();
  EXPECT_EQ(took.replicas, 0u);
  EXPECT_EQ(took.ranges, 1u);
  EXPECT_EQ(took.ranges_differing, 0u);
}

TEST_F(InventoryTest, OneDifferenceAtAnyPlaceOfARangeTravelsWithItsRangeAlone) {
  struct Case {
    std::string what;
    std::function<void(HeldReplica&)> differ;
  };
  const Case cases[] = {
      {"is not held", [&](HeldReplica& file) { node(1).held.erase(file.replica); }},
      {"has no row", [&](HeldReplica& file) { drop_row(file.replica); }},
      {"is bad", [&](HeldReplica& file) { file.state = ReplicaState::kQuarantined; }},
      {"has another size", [&](HeldReplica& file) { ++file.content.size; }},
      {"has another content", [&](HeldReplica& file) { ++file.content.digest.bytes[15]; }},
  };
  join_all({1});
  add_files(12);
  for (const Case& c : cases) {
    for (size_t i = 0; i < files_.size(); ++i) {
      const std::string what = c.what + ", file " + std::to_string(i);
      settle(2);
      node(1).leave();
      HeldReplica& file = node(1).held.at(files_[i].replica);
      c.differ(file);
      join_all({1});
      InventoryFigures took = figures();
      EXPECT_EQ(took.replicas, node(1).held.size()) << what;
      EXPECT_EQ(took.ranges_differing, 1u) << what;
      EXPECT_LE(took.travelled, 4u) << what;
      EXPECT_GE(took.travelled, 3u) << what;
      expect_right_rows(what);
      EXPECT_EQ(row_count(), node(1).held.size()) << what;
      node(1).held[files_[i].replica] = files_[i];
      rejoin();
      expect_right_rows("set right again: " + what);
    }
  }
  EXPECT_TRUE(node(1).deletions.empty());
}

TEST_F(InventoryTest, ANodeOfWhichThereAreNoRecordsNamesAll) {
  join_all({1});
  add_files(10);
  for (const HeldReplica& file : files_) drop_row(file.replica);
  rejoin();
  InventoryFigures took = figures();
  EXPECT_EQ(took.ranges_differing, 3u);
  EXPECT_EQ(took.travelled, 10u);
  EXPECT_EQ(node(1).asked.size(), 2u) << "neighbours of one message are one span";
  expect_right_rows("nothing was recorded");
}

TEST_F(InventoryTest, AWipedNodeLosesAllItsRows) {
  join_all({1});
  add_files(9000);  // more than one look at the rows
  settle();
  node(1).leave();
  node(1).held.clear();
  join_all({1});
  EXPECT_EQ(row_count(), 0u);
  EXPECT_EQ(figures().travelled, 0u);
  EXPECT_EQ(node(1).asked.size(), 2u) << "the rest is asked for again";
  EXPECT_TRUE(eventually([&] { return loop_->view()->health.unavailable == 9000; }));
}

TEST_F(InventoryTest, ABreakBeforeThePagesChangesNothing) {
  join_all({1});
  add_files(10);
  settle();
  node(1).leave();
  HeldReplica lost = files_[5];
  node(1).held.erase(lost.replica);
  node(1).names_what_is_asked = false;
  node(1).join(*loop_);
  ASSERT_TRUE(eventually([&] { return !node(1).asked.empty(); }));
  settle();
  EXPECT_FALSE(node(1).settled);
  EXPECT_TRUE(eventually([&] { return !loop_->view()->settled; })) << "nothing of it is deleted before that";
  node(1).leave();
  settle();
  EXPECT_EQ(row(lost.replica, 1), ReplicaState::kWhole);
  node(1).held[lost.replica] = lost;  // as with a disk that is there again
  node(1).names_what_is_asked = true;
  join_all({1});
  EXPECT_EQ(figures().ranges_differing, 0u);
  EXPECT_EQ(row_count(), 10u);
}

TEST_F(InventoryTest, PagesOfASupersededIncarnationAreNotHeard) {
  join_all({1});
  add_files(10);
  settle();
  node(1).leave();
  FakeNode& old = node(1);
  HeldReplica lost = files_[0];
  old.held.erase(lost.replica);
  old.names_what_is_asked = false;
  old.join(*loop_);
  ASSERT_TRUE(eventually([&] { return !old.asked.empty(); }));
  FakeNode newer(bell_, 1, 1'000'000);
  newer.hello.incarnation = Incarnation{2};
  newer.held = old.held;
  newer.held[lost.replica] = lost;
  newer.join(*loop_);
  ASSERT_TRUE(eventually([&] {
    newer.work();
    return newer.settled;
  }));
  EXPECT_TRUE(old.link->closed().has_value());
  old.send_pages(old.asked[0]);
  settle();
  EXPECT_EQ(row(lost.replica, 1), ReplicaState::kWhole);
  EXPECT_FALSE(newer.link->closed().has_value());
}

TEST_F(InventoryTest, UnknownReplicasMakeTheirRangeTravelEachTime) {
  join_all({1});
  add_files(10);
  ReplicaId stranger{InodeId{files_[5].replica.inode.value}, {Epoch{900}, 1}};
  node(1).leave();
  node(1).hold(stranger, content_of("whose?"));
  for (int joins = 0; joins < 2; ++joins) {
    join_all({1});
    InventoryFigures took = figures();
    EXPECT_EQ(took.ranges_differing, 1u);
    EXPECT_EQ(took.travelled, 4u);
    EXPECT_TRUE(eventually([&] { return loop_->view()->find(node_1_)->unknown_replicas == 1; }));
    EXPECT_EQ(row(stranger, 1), std::nullopt);
    EXPECT_EQ(row_count(), 10u);
    node(1).leave();
  }
  EXPECT_TRUE(node(1).deletions.empty());
}

// Of an old version the records do not know the content: whether it agrees cannot be told by a digest.
TEST_F(InventoryTest, OldVersionsTravelAndStay) {
  join_all({1});
  add_files(3);
  node(1).obeys_deletions = false;
  ASSERT_TRUE(write([&](WriteTransaction& transaction) {
                return transaction.put_replica({files_[1].replica, node_1_, ReplicaState::kStale,
                                                files_[1].content.size, transaction.now()});
              }).ok());
  node(1).leave();
  join_all({1});
  EXPECT_EQ(figures().ranges_differing, 1u);
  EXPECT_EQ(figures().travelled, 3u);
  EXPECT_EQ(row_count(), 3u);
}

TEST_F(InventoryTest, WhatACommitMadeDuringTheJoinIsNotMissing) {
  restart_with_gate();
  join_all({1});
  add_files(5);
  node(1).leave();
  node(1).names_what_is_asked = false;
  node(1).join(*loop_, false);
  ASSERT_TRUE(eventually([&] { return node(1).welcomed; }));
  // The node's list was made before that replica came; the commit can be read, and the loop has not heard of
  // it, when the rows are looked at.
  gate_.shut();
  std::thread commit([&] {
    EXPECT_TRUE(write([&](WriteTransaction& transaction) { return record_file(transaction).status(); }).ok());
  });
  ASSERT_TRUE(eventually([&] { return row_count() == 6; }));
  node(1).send_inventory();
  ASSERT_TRUE(eventually([&] { return node(1).asked.size() == 1; }));
  node(1).send_pages(node(1).asked[0]);
  pass_loop();
  gate_.open();
  commit.join();
  ASSERT_TRUE(eventually([&] { return node(1).settled; }));
  EXPECT_EQ(row_count(), 6u);
}

// The node looked, then the replica came, with a row that stood already.
TEST_F(InventoryTest, WhatIsReportedBehindItsPageIsNotMissing) {
  join_all({1});
  add_files(5);
  node(1).leave();
  HeldReplica late = files_[2];
  node(1).held.erase(late.replica);
  node(1).names_what_is_asked = false;
  node(1).join(*loop_);
  ASSERT_TRUE(eventually([&] { return !node(1).asked.empty(); }));
  node(1).send_pages(node(1).asked[0]);
  node(1).add_change(late);
  node(1).report();
  ASSERT_TRUE(eventually([&] { return node(1).settled && node(1).acknowledged == 1; }));
  settle();
  EXPECT_EQ(row(late.replica, 1), ReplicaState::kWhole);
}

TEST_F(InventoryTest, AGapEndsTheAttendance) {
  join_all({1});
  node(1).leave();
  node(1).join(*loop_, false);
  ASSERT_TRUE(eventually([&] { return node(1).welcomed; }));
  node(1).send_ranges({{InodeId{7}, {}}, {{kReplicaIdMax, 0, RangeDigest().finish()}}});
  ASSERT_TRUE(eventually([&] { return node(1).link->closed().has_value(); }));
  EXPECT_EQ(node(1).link->closed()->code(), Code::kInvalidArgument);
}

TEST_F(InventoryTest, APageThatWasNotAskedForEndsTheAttendance) {
  join_all({1});
  add_files(5);
  node(1).send_pages({{}, kReplicaIdMax});
  ASSERT_TRUE(eventually([&] { return node(1).link->closed().has_value(); }));
  EXPECT_EQ(row_count(), 5u);
}

TEST_F(InventoryTest, RandomHoldingsAreReconciled) {
  const uint32_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::minstd_rand random(seed);
  join_all({1});
  add_files(150);
  for (int round = 0; round < 25; ++round) {
    settle(2);
    node(1).leave();
    node(1).range_size = 1 + random() % 20;
    node(1).page_size = 1 + random() % 20;
    for (auto changes = random() % 8; changes != 0; --changes) {
      const HeldReplica& file = files_[random() % files_.size()];
      switch (random() % 5) {
        case 0:
          node(1).held.erase(file.replica);
          break;
        case 1:
          drop_row(file.replica);
          break;
        case 2:
          node(1).held[file.replica] = file;
          node(1).held[file.replica].state = ReplicaState::kQuarantined;
          break;
        default:
          node(1).held[file.replica] = file;
      }
    }
    join_all({1});
    InventoryFigures took = figures();
    EXPECT_EQ(took.replicas, node(1).held.size());
    EXPECT_LE(took.travelled, took.ranges_differing * node(1).range_size);
    expect_right_rows("round " + std::to_string(round));
    EXPECT_EQ(row_count(), node(1).held.size());
  }
}

// A part of the page where there are more rows than may be looked at.
TEST_F(InventoryTest, APageIsLookedAtAsFarAsTheRowsGo) {
  join_all({1});
  add_files(10);
  InventoryPage page{{files_[0].replica, kReplicaIdMax}, {files_[2], files_[8]}};
  auto verdict = check_page(*view(), node_1_, page, 4);
  ASSERT_TRUE(verdict.ok());
  EXPECT_EQ(verdict->upto, files_[4].replica);
  EXPECT_TRUE(verdict->differing.empty());
  EXPECT_EQ(verdict->missing, (std::vector{files_[1].replica, files_[3].replica, files_[4].replica}));
  page.span.after = verdict->upto;
  page.held = {files_[8]};
  page.held[0].state = ReplicaState::kQuarantined;
  verdict = check_page(*view(), node_1_, page, 100);
  EXPECT_EQ(verdict->upto, kReplicaIdMax);
  EXPECT_EQ(verdict->differing.size(), 1u);
  EXPECT_EQ(verdict->missing.size(), 4u);
}

}  // namespace
}  // namespace fsdfs::master
